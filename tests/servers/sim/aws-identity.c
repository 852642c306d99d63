/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/servers/sim/aws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Who one is, and keys that end: STS, the instance metadata service (version 2
 * only), and the endpoint for containers. */

static const char role_head[] = "arn:aws:iam::" AWS_ACCOUNT ":role/";

/* --- keys that end ------------------------------------------------------- */

struct keys {
    char id[21], secret[41], token[201], ends[SIM_STAMP_SIZE];
};

static void make_keys(struct sim *sim, const char *arn, int64_t seconds,
                      struct keys *keys)
{
    int64_t ends_ms = sim_clock_ms() + seconds * 1000;
    char word[17];

    sim_random_word(word, sizeof word - 1);
    for (char *c = word; *c; c++)
        *c = (char)(*c >= 'a' ? *c - 'a' + 'A' : *c);
    snprintf(keys->id, sizeof keys->id, "ASIA%s", word);
    sim_random_word(keys->secret, 40);
    sim_random_word(keys->token, 200);
    memcpy(keys->token, "FwoG/+//", 8); /* has to be encoded */
    memcpy(keys->token + 198, "==", 2);
    sim_stamp(keys->ends, ends_ms, true);
    sim_put(aws_of(sim)->sessions, keys->id,
            json_pack("{s:s, s:s, s:I, s:s}", "secret", keys->secret, "token",
                      keys->token, "ends_ms", (json_int_t)ends_ms, "arn", arn));
}

static int64_t lifetime(const struct sim *sim)
{
    return sim_number(sim_values(sim), "credentials_s", 3600);
}

/* --- STS ----------------------------------------------------------------- */

static void get_caller_identity(struct sim_call *call)
{
    const struct aws *aws = aws_of(call->sim);

    aws_answer(call, json_pack("{s:s, s:s, s:s}", "UserId", "AIDAFLEETSIM",
                               "Account", AWS_ACCOUNT, "Arn", aws->arn));
}

/* NULL: there is no such role. */
static const json_t *find_role(const struct sim *sim, const char *arn)
{
    const json_t *roles = json_object_get(sim_values(sim), "roles");
    const char *name = arn + sizeof role_head - 1;
    static json_t *plain;

    if (!plain)
        plain = json_object();
    if (strncmp(arn, role_head, sizeof role_head - 1) != 0)
        return NULL;
    if (roles)
        return json_object_get(roles, name);
    return strcmp(name, "fleet-worker") == 0 ||
                   strcmp(name, "fleet-master") == 0
               ? plain
               : NULL;
}

static void answer_keys(struct sim_call *call, const char *role,
                        int64_t seconds)
{
    const char *session = aws_param(call, "RoleSessionName");
    char *arn = sim_format("arn:aws:sts::" AWS_ACCOUNT ":assumed-role/%s/%s",
                           role + sizeof role_head - 1, session);
    char *id = sim_format("AROAFLEETSIM:%s", session);
    struct keys keys = {.id = ""};

    make_keys(call->sim, arn, seconds, &keys);
    aws_answer(
        call, json_pack("{s:{s:s, s:s, s:s, s:s}, s:{s:s, s:s}}", "Credentials",
                        "AccessKeyId", keys.id, "SecretAccessKey", keys.secret,
                        "SessionToken", keys.token, "Expiration", keys.ends,
                        "AssumedRoleUser", "AssumedRoleId", id, "Arn", arn));
    free(arn);
    free(id);
}

/* -1 and a reply: not so long. Roles in a chain last an hour at most. */
static int64_t duration_of(struct sim_call *call, const json_t *role)
{
    bool chained = strstr(aws_of(call->sim)->arn, ":assumed-role/") != NULL;
    int64_t most = chained ? 3600 : sim_number(role, "max_s", 43200);
    int64_t wanted = aws_size(call->body, "DurationSeconds", 3600);

    if (wanted >= 900 && wanted <= most)
        return wanted;
    aws_refuse(call, 400, "ValidationError",
               "The requested DurationSeconds exceeds the MaxSessionDuration "
               "set for this role.");
    return -1;
}

static void assume_role(struct sim_call *call)
{
    const char *arn = aws_param(call, "RoleArn");
    const char *id = aws_param(call, "ExternalId");
    const json_t *role = find_role(call->sim, arn);
    const char *wanted = sim_text(role, "external_id", NULL);
    int64_t seconds;

    if (strncmp(arn, "arn:aws:iam::", 13) != 0) {
        aws_refuse(call, 400, "ValidationError", "%s is invalid", arn);
        return;
    }
    if (!role || (wanted && (!id || strcmp(wanted, id) != 0))) {
        aws_refuse(call, 403, "AccessDenied",
                   "User: %s is not authorized to perform: sts:AssumeRole on "
                   "resource: %s",
                   aws_of(call->sim)->arn, arn);
        return;
    }
    seconds = duration_of(call, role);
    if (seconds > 0)
        answer_keys(call, arn, seconds);
}

static void assume_by_web(struct sim_call *call)
{
    const char *token = aws_param(call, "WebIdentityToken");
    const char *arn = aws_param(call, "RoleArn");
    const json_t *role = find_role(call->sim, arn);

    if (strcmp(token, "expired") == 0)
        aws_refuse(call, 400, "ExpiredTokenException",
                   "Token expired: current date/time must be before the "
                   "expiration date/time");
    else if (strcmp(token, sim_text(sim_values(call->sim), "web_token",
                                    "fleet-web-identity")) != 0)
        aws_refuse(call, 400, "InvalidIdentityToken",
                   "The ID Token provided is not a valid JWT.");
    else if (!role)
        aws_refuse(call, 403, "AccessDenied",
                   "Not authorized to perform sts:AssumeRoleWithWebIdentity");
    else
        answer_keys(call, arn, aws_size(call->body, "DurationSeconds", 3600));
}

#define SESSION "^[A-Za-z0-9_+=,.@-]{2,64}$"

static const struct sim_field assume_fields[] = {
    AWS_NEED("RoleArn"),
    {.key = "RoleSessionName",
     .type = SIM_STRING,
     .flags = SIM_REQUIRED,
     .pattern = SESSION},
    AWS_SIZE("DurationSeconds"),
    AWS_TEXT("ExternalId"),
    {0},
};
static const struct sim_field web_fields[] = {
    AWS_NEED("RoleArn"),
    {.key = "RoleSessionName",
     .type = SIM_STRING,
     .flags = SIM_REQUIRED,
     .pattern = SESSION},
    AWS_NEED("WebIdentityToken"),
    AWS_SIZE("DurationSeconds"),
    {0},
};

const struct aws_action aws_sts_actions[] = {
    {"GetCallerIdentity", aws_none, get_caller_identity},
    {"AssumeRole", assume_fields, assume_role},
    {"AssumeRoleWithWebIdentity", web_fields, assume_by_web},
    {NULL, NULL, NULL},
};

/* --- metadata ------------------------------------------------------------ */

bool aws_is_metadata(const struct sim_call *call)
{
    return strncmp(call->path, "/latest/", 8) == 0 ||
           strncmp(call->path, "/v1/", 4) == 0 ||
           strncmp(call->path, "/v2/", 4) == 0;
}

static void tell(struct sim_call *call, int status, const char *text)
{
    sim_reply_text(call, status, "text/plain", text);
}

/* A hop limit that is too short is no answer at all: a "hang". */
void aws_imds_token(struct sim_call *call)
{
    const char *ttl = sim_header(call, "X-aws-ec2-metadata-token-ttl-seconds");
    long seconds = ttl ? strtol(ttl, NULL, 10) : 0;
    char token[57];

    if (sim_header(call, "X-Forwarded-For")) {
        tell(call, 403, "Forbidden");
        return;
    }
    if (seconds < 1 || seconds > 21600) {
        tell(call, 400, "Bad Request");
        return;
    }
    sim_random_word(token, 54);
    memcpy(token + 54, "==", 3);
    sim_put(aws_of(call->sim)->imds, token,
            json_integer(sim_clock_ms() + seconds * 1000));
    sim_reply_header(call, "X-aws-ec2-metadata-token-ttl-seconds", "%ld",
                     seconds);
    tell(call, 200, token);
}

static bool imds_admits(struct sim_call *call)
{
    const char *token = sim_header(call, "X-aws-ec2-metadata-token");
    int64_t ends = token ? sim_number(aws_of(call->sim)->imds, token, 0) : 0;

    if (ends > sim_clock_ms())
        return true;
    tell(call, 401, "Unauthorized");
    return false;
}

static json_t *keys_json(struct sim *sim, const char *role)
{
    char *arn =
        sim_format("arn:aws:sts::" AWS_ACCOUNT ":assumed-role/%s/i-0", role);
    struct keys keys = {.id = ""};
    json_t *made;

    make_keys(sim, arn, lifetime(sim), &keys);
    made = json_pack("{s:s, s:s, s:s, s:s}", "AccessKeyId", keys.id,
                     "SecretAccessKey", keys.secret, "Token", keys.token,
                     "Expiration", keys.ends);
    free(arn);
    return made;
}

static void tell_keys(struct sim_call *call, const char *role)
{
    const char *code = sim_text(sim_values(call->sim), "imds_code", "Success");
    json_t *made;

    if (strcmp(code, "Success") == 0)
        made = keys_json(call->sim, role);
    else
        made = json_pack("{s:s}", "Message", "EC2 cannot assume the role");
    sim_put(made, "Code", json_string(code));
    sim_put(made, "Type", json_string("AWS-HMAC"));
    sim_reply(call, 200, made);
    call->type = "text/plain";
}

/* iam/security-credentials/ and what is below */
static void tell_role(struct sim_call *call, const char *below)
{
    const char *role =
        sim_text(sim_values(call->sim), "imds_role", "fleet-worker");

    if (!*role || (*below && strcmp(below, role) != 0))
        tell(call, 404, "Not Found");
    else if (*below)
        tell_keys(call, role);
    else
        tell(call, 200, role);
}

/* Of an instance that is to be taken back within two minutes, or has been;
 * NULL: it is not. */
static char *spot_notice(const struct sim_machine *machine)
{
    enum { NOTICE_MS = 120000 };
    const char *past = sim_text(machine->data, "notice", NULL);
    int64_t at = sim_number(machine->data, "interrupt_at", INT64_MAX);
    int64_t left = at == INT64_MAX ? at : at - sim_now_ms();
    char stamp[SIM_STAMP_SIZE];

    if (past)
        return sim_copy(past);
    if (left > NOTICE_MS)
        return NULL;
    sim_stamp(stamp, sim_clock_ms() + left, true);
    return sim_format("{\"action\":\"terminate\",\"time\":\"%s\"}", stamp);
}

static char *copy_or_null(const char *text)
{
    return text ? sim_copy(text) : NULL;
}

/* Of an instance that there is; NULL: there is no such thing. */
static char *metadata_of(const struct sim_machine *machine, const json_t *told,
                         const char *what)
{
    static const char *const plain[][2] = {
        {"instance-id", "instanceId"},
        {"instance-type", "instanceType"},
        {"public-ipv4", "ipAddress"},
        {"local-ipv4", "privateIpAddress"},
        {"placement/availability-zone", "placement.availabilityZone"},
    };
    const json_t *tags = json_object_get(machine->data, "tags");

    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (strcmp(plain[i][0], what) == 0)
            return copy_or_null(aws_text_at(told, plain[i][1]));
    if (strcmp(what, "placement/region") == 0)
        return copy_or_null(sim_text(machine->data, "region", NULL));
    if (strcmp(what, "spot/instance-action") == 0)
        return spot_notice(machine);
    if (strncmp(what, "tags/instance/", 14) == 0)
        return copy_or_null(sim_text(tags, what + 14, NULL));
    return NULL;
}

/* Without one we are a plain machine in the first zone. */
static char *metadata(struct sim *sim, const char *what)
{
    static const char *const plain[][2] = {
        {"placement/region", AWS_REGION},
        {"placement/availability-zone", AWS_REGION "a"},
        {"instance-id", "i-0f1ee700000000000"},
        {"instance-type", "t3.medium"},
        {"local-ipv4", "172.31.0.1"},
    };
    struct sim_machine *machine =
        sim_machine_find(sim, sim_text(sim_values(sim), "imds_instance", ""));
    json_t *told;
    char *text;

    for (size_t i = 0; !machine && i < sizeof plain / sizeof *plain; i++)
        if (strcmp(plain[i][0], what) == 0)
            return sim_copy(plain[i][1]);
    if (!machine)
        return NULL;
    told = aws_instance_json(sim, machine);
    text = metadata_of(machine, told, what);
    json_decref(told);
    return text;
}

void aws_imds_get(struct sim_call *call)
{
    static const char head[] = "/latest/meta-data/";
    static const char role[] = "iam/security-credentials/";
    const char *what = call->path + sizeof head - 1;
    char *text;

    if (!imds_admits(call))
        return;
    if (strncmp(what, role, sizeof role - 1) == 0) {
        tell_role(call, what + sizeof role - 1);
        return;
    }
    text = metadata(call->sim, what);
    tell(call, text ? 200 : 404, text ? text : "Not Found");
    free(text);
}

/* --- containers ---------------------------------------------------------- */

void aws_container(struct sim_call *call)
{
    const char *wanted =
        sim_text(sim_values(call->sim), "container_token", NULL);
    const char *sent = sim_header(call, "Authorization");

    if (wanted && (!sent || strcmp(wanted, sent) != 0)) {
        sim_reply(call, 401,
                  json_pack("{s:s, s:s}", "code", "AccessDenied", "message",
                            "the token is not valid"));
        return;
    }
    sim_reply(call, 200, keys_json(call->sim, "fleet-container"));
}
