/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/hetzner/judge.h"

#include <stdio.h>
#include <string.h>

/* What err->detail is set to, whatever the status was. */
enum { BUSY = 423, TAKEN = 409 };

#define BACK_OFF_MS    3000
#define MAINTENANCE_MS 120000

/* MUTE: the provider's own words may hold part of the token. */
static const struct rule {
    const char *code;
    int to;
    bool mute;
    int retry_ms, detail;
    const char *remedy;
} rules[] = {
    {"unauthorized", FLEET_EAUTH, true, 0, 0,
     "the token is refused: check HCLOUD_TOKEN"},
    {"token_readonly", FLEET_EAUTH, false, 0, 0,
     "make a token with Read & Write for HCLOUD_TOKEN"},
    {"forbidden", FLEET_EAUTH, false, 0, 0, "this token may not do that"},
    {"rate_limit_exceeded", FLEET_ERATELIMITED, true, BACK_OFF_MS, 0,
     "the project has spent its requests, which all its tokens share"},
    {"maintenance", FLEET_ETRANSIENT, false, MAINTENANCE_MS, 0, NULL},
    {"resource_limit_exceeded", FLEET_EQUOTA, false, 0, 0,
     "ask for a higher limit in the console, or delete what is not needed"},
    {"not_found", FLEET_ENOTFOUND, false, 0, 0, NULL},
    {"method_not_allowed", FLEET_EINVALID, false, 0, 0, NULL},
    {"json_error", FLEET_EINVALID, false, 0, 0, NULL},
    {"invalid_input", FLEET_EINVALID, false, 0, 0, NULL},
    {"service_error", FLEET_EINVALID, false, 0, 0, NULL},
    {"unsupported_error", FLEET_EUNSUPPORTED, false, 0, 0, NULL},
    {"uniqueness_error", FLEET_ECONFLICT, false, 0, TAKEN, NULL},
    {"conflict", FLEET_ETRANSIENT, false, 0, 0, NULL},
    {"deprecated_api_endpoint", FLEET_EUNSUPPORTED, false, 0, 0,
     "this fleet is too old for the API"},
    {"resource_unavailable", FLEET_ECAPACITY, false, 0, 0, NULL},
    {"placement_error", FLEET_ECAPACITY, false, 0, 0, NULL},
    {"locked", FLEET_ECONFLICT, false, 0, BUSY, NULL},
    {"protected", FLEET_ELOCKED, false, 0, 0, "`fleet unlock` lifts that"},
    {"resource_locked", FLEET_ELOCKED, false, 0, 0,
     "only Hetzner's support can lift that"},
    {"server_not_stopped", FLEET_ECONFLICT, false, 0, 0, NULL},
    {"server_error", FLEET_ETRANSIENT, false, 0, 0, NULL},
    {"unknown_error", FLEET_ETRANSIENT, false, 0, 0, NULL},
    {"robot_unavailable", FLEET_ETRANSIENT, false, 0, 0, NULL},
    {"bad_gateway", FLEET_ETRANSIENT, false, 0, 0, NULL},
    {"unavailable", FLEET_ETRANSIENT, false, 0, 0, NULL},
    {"timeout", FLEET_ETRANSIENT, false, 0, 0, NULL},
};

static const struct rule *rule_for(const char *code)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (strcmp(rules[i].code, code) == 0)
            return &rules[i];
    }
    return NULL;
}

static void put(char *text, size_t size, const char *before, const char *value)
{
    size_t len = strlen(text);

    if (value && *value)
        snprintf(text + len, size - len, "%s%.80s", before, value);
}

/* " (server_limit)", " (name: is too long)": which limit, which field. */
static void tell_details(const json_t *error, char text[200])
{
    const json_t *details = api_object(error, "details");
    const json_t *limits = json_object_get(details, "limits");
    const json_t *fields = json_object_get(details, "fields");
    const json_t *entry =
        json_array_get(json_array_size(limits) ? limits : fields, 0);
    const json_t *messages = json_object_get(entry, "messages");

    text[0] = '\0';
    put(text, 200, " (", api_text(entry, "name"));
    if (!text[0])
        return;
    put(text, 200, ": ", json_string_value(json_array_get(messages, 0)));
    put(text, 200, "", ")");
}

/* A type can be refused for an account although the API says it is there; the
 * next candidate may do. */
static bool is_placement(const char *code, const char *message)
{
    return strcmp(code, "invalid_input") == 0 &&
           api_contains(message, "unsupported location for server type");
}

/* Of an unknown path, so of no server. */
static bool is_wrong_path(const char *code, const char *message)
{
    return strcmp(code, "not_found") == 0 &&
           api_contains(message, "api route not found");
}

static int apply(const struct rule *rule, const json_t *error,
                 struct fleet_error *err)
{
    const char *message = api_text(error, "message");
    char details[200];
    int to = is_placement(rule->code, message) ? FLEET_ECAPACITY : rule->to;

    if (is_wrong_path(rule->code, message))
        return fleet_fail(err, FLEET_EINTERNAL,
                          "there is no such path; check HCLOUD_ENDPOINT");
    tell_details(error, details);
    if (rule->mute || !message || !*message)
        fleet_fail(err, to, "%s (%s)", rule->remedy ? rule->remedy : "refused",
                   rule->code);
    else
        fleet_fail(err, to, "%.200s%s (%s)%s%s", message, details, rule->code,
                   rule->remedy ? ": " : "", rule->remedy ? rule->remedy : "");
    if (err) {
        err->retry_ms = rule->retry_ms;
        err->detail = rule->detail;
    }
    return to;
}

static int fail_bare_404(struct fleet_error *err)
{
    return fleet_fail(err, FLEET_EINTERNAL,
                      "answered 404 in words that are not the API's; check "
                      "HCLOUD_ENDPOINT");
}

/* A code that nobody has told us of: the status decides. 0: there is none. */
static int by_status(int status, const char *code, const char *message,
                     struct fleet_error *err)
{
    static const struct {
        int status, to;
    } known[] = {
        {401, FLEET_EAUTH},        {403, FLEET_EAUTH},
        {404, FLEET_ENOTFOUND},    {409, FLEET_ECONFLICT},
        {410, FLEET_EUNSUPPORTED}, {412, FLEET_EINVALID},
        {423, FLEET_ELOCKED},      {429, FLEET_ERATELIMITED},
    };
    int to = status >= 500 ? FLEET_ETRANSIENT : FLEET_EINVALID;

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i].status == status)
            to = known[i].to;
    }
    if (status == 401 || status == 429 || !message)
        message = "refused";
    if (status == 0) /* of an action, not of an answer */
        return fleet_fail(err, FLEET_ETRANSIENT, "%.200s (%.60s)", message,
                          code);
    return fleet_fail(err, to, "%.200s (%.60s, HTTP %d)", message, code,
                      status);
}

int judge_error(int status, const json_t *error, struct fleet_error *err)
{
    const char *code = api_text(error, "code");
    const struct rule *rule = code ? rule_for(code) : NULL;

    if (rule)
        return apply(rule, error, err);
    return by_status(status, code && *code ? code : "no code",
                     api_text(error, "message"), err);
}

int judge_answer(const struct fleet_answer *answer, struct fleet_error *err)
{
    int status = fleet_answer_status(answer);
    AUTO_JSON json_t *body = NULL;
    const json_t *error;

    if (status >= 200 && status < 300)
        return FLEET_OK;
    body = api_body(answer);
    error = api_object(body, "error");
    if (api_text(error, "code"))
        return judge_error(status, error, err);
    return status == 404 ? fail_bare_404(err) : fleet_answer_judge(answer, err);
}

bool judge_is_busy(const struct fleet_error *err)
{
    return err->code == FLEET_ECONFLICT && err->detail == BUSY;
}

bool judge_is_taken(const struct fleet_error *err)
{
    return err->code == FLEET_ECONFLICT && err->detail == TAKEN;
}
