/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/vast/judge.h"

#include "providers/api/api.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GAP_MS     2000 /* where an answer tells no gap: most endpoints' */
#define CREATE_MS  5000
#define LONGEST_MS 60000

/* What is being asked for decides what 404 and 410 mean. */
enum asked { ANYTHING, INSTANCE, CREATE };

/* An answer taken apart. */
struct said {
    int status;
    json_t *body;     /* NULL: no JSON object */
    const char *code; /* "no_such_ask"; "" when it has none */
    char words[240];  /* for people, one line */
    const char *text; /* the body as it came */
    bool html;
};

/* Validation errors are a list of objects. */
static const char *detail_of(const json_t *body)
{
    const json_t *detail = json_object_get(body, "detail");
    const char *text = json_string_value(detail);

    return text ? text : api_text(json_array_get(detail, 0), "msg");
}

static const char *words_of(const json_t *body)
{
    const char *text = api_text(body, "msg");

    if (!text)
        text = api_text(body, "message");
    return text ? text : detail_of(body);
}

static bool is_html(const struct fleet_answer *answer, const char *text)
{
    const char *type = fleet_answer_header(answer, "Content-Type");

    text += strspn(text, " \t\r\n");
    return api_contains(type, "text/html") || *text == '<';
}

static void listen(const struct fleet_answer *answer, struct said *said)
{
    const char *code, *words;
    json_t *body = api_body(answer);

    *said = (struct said){.status = fleet_answer_status(answer),
                          .code = "",
                          .text = fleet_answer_body(answer, NULL)};
    if (!json_is_object(body)) {
        json_decref(body);
        said->html = is_html(answer, said->text);
        return;
    }
    said->body = body;
    code = api_text(body, "error");
    words = words_of(body);
    said->code = code ? code : "";
    snprintf(said->words, sizeof(said->words), "%.40s%s%.160s", said->code,
             *said->code && words ? ": " : "", words ? words : "");
}

/* In what the body says, whatever its form. */
static bool mentions(const struct said *said, const char *part)
{
    return api_contains(said->words, part) ||
           (!said->body && !said->html && api_contains(said->text, part));
}

static bool has_code(const struct said *said, const char *const *codes)
{
    for (; *codes; codes++) {
        if (strcmp(said->code, *codes) == 0)
            return true;
    }
    return false;
}

/* ---- the tests, in the order in which they count ---- */

static bool wants_second_factor(const struct said *said)
{
    return said->status == 401 && mentions(said, "two factor");
}

static bool is_bad_key(const struct said *said)
{
    return strcmp(said->code, "auth_error") == 0 ||
           mentions(said, "invalid user key") ||
           (said->status == 401 && !wants_second_factor(said));
}

static bool is_throttled(const struct said *said)
{
    return said->status == 429 || (said->status == 403 && said->html) ||
           strcmp(said->code, "rate_limit_exceeded") == 0 ||
           mentions(said, "requests too frequent");
}

static bool has_no_credit(const struct said *said)
{
    static const char *const codes[] = {
        "insufficient_credit", "missing_billing", "insufficient_balance",
        "spend_rate_limit", NULL};

    return has_code(said, codes) || said->status == 402 ||
           mentions(said, "lack credit") ||
           mentions(said, "insufficient credit");
}

/* "image ... not available in registry" is another thing. */
static bool is_offer_gone(const struct said *said, enum asked asked)
{
    if (mentions(said, "no_such_ask") || mentions(said, "no ask by id") ||
        (said->status == 403 && mentions(said, "not your own")))
        return true;
    if (asked != CREATE)
        return false;
    return said->status == 410 ||
           (said->status == 404 && strcmp(said->code, "invalid_args") == 0 &&
            mentions(said, "is not available")) ||
           (mentions(said, "offer") &&
            (mentions(said, "unavailable") || mentions(said, "not_found") ||
             mentions(said, "no longer rentable") ||
             mentions(said, "already been rented") ||
             mentions(said, "already rented")));
}

static bool is_instance_gone(const struct said *said, enum asked asked)
{
    static const char *const codes[] = {"no_such_instance",
                                        "instances_not_found", NULL};

    return has_code(said, codes) || (asked == INSTANCE && said->status == 404 &&
                                     said->body && !*said->code);
}

/* ---- answers that ask for patience ---- */

/* "threshold=4.5" or "retry_after": 5, both in seconds; 0: neither. */
static int64_t hint_ms(const struct said *said)
{
    const char *at = strcasestr(said->text, "threshold=");
    double hint = 0;
    char *end;

    if (said->body && api_number(said->body, "retry_after", &hint) && hint > 0)
        return hint < LONGEST_MS / 1000 ? (int64_t)(hint * 1000) : LONGEST_MS;
    if (!at || !isdigit((unsigned char)at[10]))
        return 0;
    hint = (double)strtol(at + 10, &end, 10) * 1000;
    if (*end == '.' && isdigit((unsigned char)end[1]))
        hint += (end[1] - '0' + 1) * 100;
    return hint < LONGEST_MS ? (int64_t)hint : LONGEST_MS;
}

static int fail_throttled(const struct said *said, enum asked asked,
                          struct fleet_error *err)
{
    int64_t hint = hint_ms(said);

    fleet_fail(err, FLEET_ERATELIMITED,
               said->status == 429 ? "too many requests (HTTP %d)"
                                   : "requests are being throttled (HTTP %d)",
               said->status);
    if (hint == 0)
        hint = asked == CREATE ? CREATE_MS : GAP_MS;
    err->retry_ms = (int32_t)hint;
    return err->code;
}

/* ---- the rest ---- */

static int fail_with(const struct said *said, int code, const char *what,
                     struct fleet_error *err)
{
    return fleet_fail(err, code, "%s (HTTP %d%s%s)", what, said->status,
                      *said->words ? ", " : "", said->words);
}

static int judge_bad_key(const struct said *said, struct fleet_error *err)
{
    if (is_bad_key(said))
        return fail_with(said, FLEET_EAUTH,
                         "the key is refused; check VAST_API_KEY", err);
    return FLEET_OK;
}

/* What has a name of its own; FLEET_OK: none of it. */
static int judge_named(const struct said *said, enum asked asked,
                       struct fleet_error *err)
{
    if (judge_bad_key(said, err) < 0)
        return FLEET_EAUTH;
    if (is_throttled(said))
        return fail_throttled(said, asked, err);
    if (has_no_credit(said))
        return fail_with(said, FLEET_EQUOTA,
                         "no credit, or the account's limit of spending", err);
    if (strcmp(said->code, "deprecated_endpoint") == 0)
        return fail_with(said, FLEET_EUNSUPPORTED,
                         "this interface has been retired", err);
    if (is_offer_gone(said, asked))
        return fail_with(said, FLEET_ECAPACITY, "the offer is gone", err);
    if (is_instance_gone(said, asked))
        return fail_with(said, FLEET_ENOTFOUND, "there is no such instance",
                         err);
    if (strcmp(said->code, "resources_unavailable") == 0)
        return fail_with(said, FLEET_ECAPACITY,
                         "its GPU is taken by somebody else", err);
    if (strcmp(said->code, "invalid_id") == 0)
        return fail_with(said, FLEET_ECONFLICT, "it does not run", err);
    return FLEET_OK;
}

static int judge_status(const struct said *said, struct fleet_error *err)
{
    if (said->status == 403 || wants_second_factor(said))
        return fail_with(said, FLEET_EAUTH,
                         "this key may not do that; it needs instance_read, "
                         "instance_write and user_read",
                         err);
    if (said->status >= 500)
        return fleet_fail(err, FLEET_ETRANSIENT,
                          "trouble at the provider (HTTP %d)", said->status);
    if (said->status == 404 || said->status == 405)
        return fail_with(said, FLEET_EINTERNAL,
                         "there is no such interface; check VAST_API_URL", err);
    return fail_with(said, FLEET_EINVALID, "refused", err);
}

static bool is_good(const struct said *said)
{
    return said->status >= 200 && said->status < 300 &&
           !json_is_false(json_object_get(said->body, "success"));
}

static int judge(const struct fleet_answer *answer, enum asked asked,
                 struct fleet_error *err)
{
    struct said said;
    int rc = FLEET_OK;

    listen(answer, &said);
    if (!is_good(&said)) {
        rc = judge_named(&said, asked, err);
        if (rc == FLEET_OK)
            rc = judge_status(&said, err);
    }
    json_decref(said.body);
    return rc;
}

int vast_judge(const struct fleet_answer *answer, struct fleet_error *err)
{
    return judge(answer, ANYTHING, err);
}

int vast_judge_instance(const struct fleet_answer *answer,
                        struct fleet_error *err)
{
    return judge(answer, INSTANCE, err);
}

/* A refusal that can be believed: it names an error, in JSON. */
static bool proves_nothing_made(const struct said *said)
{
    if (said->status == 429)
        return true;
    return said->status < 500 && *said->words &&
           (said->status >= 400 ||
            json_is_false(json_object_get(said->body, "success")));
}

static int judge_create(const struct said *said, struct fleet_error *err)
{
    int64_t id;
    int rc;

    if (api_int(said->body, "new_contract", &id))
        return FLEET_OK;
    if (!proves_nothing_made(said))
        return fleet_fail(err, FLEET_EAMBIGUOUS,
                          "an answer that does not tell whether something was "
                          "rented (HTTP %d)",
                          said->status);
    rc = judge_named(said, CREATE, err);
    if (rc < 0)
        return rc;
    return said->status == 403
               ? judge_status(said, err)
               : fail_with(said, FLEET_EINVALID, "refused", err);
}

int vast_judge_create(const struct fleet_answer *answer,
                      struct fleet_error *err)
{
    struct said said;
    int rc;

    listen(answer, &said);
    rc = judge_create(&said, err);
    json_decref(said.body);
    return rc;
}

int vast_judge_attach(const struct fleet_answer *answer,
                      struct fleet_error *err)
{
    struct said said;
    bool there;

    listen(answer, &said);
    there = mentions(&said, "key") && mentions(&said, "already") &&
            !mentions(&said, "destroyed");
    json_decref(said.body);
    return there ? FLEET_OK : judge(answer, INSTANCE, err);
}
