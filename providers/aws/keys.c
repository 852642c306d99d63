/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/keys.h"

#include "providers/aws/xml.h"

#include <fleet/log.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define REFRESH     900 /* seconds before they expire; better now than then */
#define INSIST      600 /* the old ones do no more from here */
#define OUTAGE      300 /* the metadata service has only expired ones */
#define MACHINE     "http://169.254.169.254"
#define MACHINE_V6  "http://[fd00:ec2::254]"
#define CONTAINER   "http://169.254.170.2"
#define ROLES       "/latest/meta-data/iam/security-credentials/"
#define SECRETS_MAX 65536

struct keyring {
    pthread_mutex_t mutex; /* guards the rest, and stands for "being fetched" */
    struct keys now;
    time_t fetched, ask_again;
    char where[160];
};

/* ---- keys ---- */

static void drop_secret(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

void keys_clear(struct keys *keys)
{
    free(keys->id);
    drop_secret(keys->secret);
    drop_secret(keys->token);
    *keys = (struct keys){0};
}

static int keys_set(struct keys *keys, const char *id, const char *secret,
                    const char *token, const char *expires,
                    struct fleet_error *err)
{
    *keys = (struct keys){0};
    if (!id || !secret || !*id || !*secret)
        return fleet_fail(err, FLEET_EAUTH,
                          "an answer without AccessKeyId and SecretAccessKey");
    if (strpbrk(id, "\r\n") || (token && strpbrk(token, "\r\n")))
        return fleet_fail(err, FLEET_EAUTH, "keys with a line's end in them");
    keys->id = strdup(id);
    keys->secret = strdup(secret);
    keys->token = token && *token ? strdup(token) : NULL;
    keys->expires = expires ? chain_time(expires) : 0;
    if (keys->id && keys->secret && (keys->token || !token || !*token))
        return FLEET_OK;
    keys_clear(keys);
    return api_enomem(err);
}

/* ---- roles ---- */

static void session_name(const char *set, char out[65])
{
    static const char fine[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "abcdefghijklmnopqrstuvwxyz0123456789_+=,.@-";
    char host[40] = "";

    gethostname(host, sizeof(host) - 1);
    if (set)
        snprintf(out, 65, "%.64s", set);
    else
        snprintf(out, 65, "fleet-%.40s-%d", host, (int)getpid());
    for (char *at = out; *at; at++) {
        if (!strchr(fine, *at))
            *at = '-';
    }
}

static int read_session(const json_t *answer, const char *result,
                        struct keys *keys, struct fleet_error *err)
{
    const json_t *found = api_object(answer, result);

    found = found ? api_object(found, "Credentials") : NULL;
    return keys_set(keys, xml_text(found, "AccessKeyId"),
                    xml_text(found, "SecretAccessKey"),
                    xml_text(found, "SessionToken"),
                    xml_text(found, "Expiration"), err);
}

/* STS stands in every region; where none is set, in the oldest. */
static const char *sts_region(struct aws *aws)
{
    const char *region;

    return aws_region(aws, &region, NULL) < 0 ? "us-east-1" : region;
}

static int assume(struct aws *aws, const struct chain_role *role,
                  struct keys *keys, struct fleet_error *err)
{
    const struct sigv4_keys by = {keys->id, keys->secret, keys->token};
    AUTO_FORM struct form form = {0};
    AUTO_JSON json_t *answer = NULL;
    struct keys got;
    char name[65];
    int rc;

    session_name(role->session, name);
    form_open(&form, "AssumeRole", service_sts.version);
    form_add(&form, role->arn, "RoleArn");
    form_add(&form, name, "RoleSessionName");
    form_add(&form, role->external_id, "ExternalId");
    if (role->seconds > 0)
        form_add_number(&form, role->seconds, "DurationSeconds");
    const struct aws_call call = {.service = &service_sts,
                                  .action = "AssumeRole",
                                  .body = form.text,
                                  .keys = &by,
                                  .region = sts_region(aws)};
    rc = form.text ? aws_send(aws, &call, &answer, NULL, err) : api_enomem(err);
    if (rc == FLEET_OK)
        rc = read_session(answer, "AssumeRoleResult", &got, err);
    if (rc < 0)
        return rc;
    keys_clear(keys);
    *keys = got;
    return FLEET_OK;
}

/* ---- files and programs ---- */

/* Without line ends behind it; malloc'd, secret. */
static char *read_secret_file(const char *path, struct fleet_error *err)
{
    FILE *file = fopen(path, "re");
    char *text = file ? calloc(1, SECRETS_MAX) : NULL;
    size_t len = text ? fread(text, 1, SECRETS_MAX - 1, file) : 0;

    if (file)
        fclose(file);
    while (len > 0 && strchr("\r\n \t", text[len - 1]))
        text[--len] = '\0';
    if (len > 0)
        return text;
    free(text);
    fleet_fail(err, FLEET_EAUTH, "%.200s: %s", path,
               file ? "there is nothing in it" : "cannot be read");
    return NULL;
}

static int fetch_web(struct aws *aws, const struct chain *chain,
                     struct keys *keys, struct fleet_error *err)
{
    char *identity = read_secret_file(chain->token_file, err);
    AUTO_FORM struct form form = {0};
    AUTO_JSON json_t *answer = NULL;
    char name[65];
    int rc;

    if (!identity)
        return FLEET_EAUTH;
    session_name(chain->web.session, name);
    form_open(&form, "AssumeRoleWithWebIdentity", service_sts.version);
    form_add(&form, chain->web.arn, "RoleArn");
    form_add(&form, name, "RoleSessionName");
    form_add(&form, identity, "WebIdentityToken");
    drop_secret(identity);
    const struct aws_call call = {.service = &service_sts,
                                  .action = "AssumeRoleWithWebIdentity",
                                  .body = form.text,
                                  .bare = true,
                                  .region = sts_region(aws)};
    rc = form.text ? aws_send(aws, &call, &answer, NULL, err) : api_enomem(err);
    return rc < 0 ? rc
                  : read_session(answer, "AssumeRoleWithWebIdentityResult",
                                 keys, err);
}

/* JSON of a program or a service. TOKEN: what it calls the session's. */
static int read_keys(const char *text, const char *token, struct keys *keys,
                     struct fleet_error *err)
{
    AUTO_JSON json_t *answer = json_loads(text, 0, NULL);

    if (!json_is_object(answer))
        return fleet_fail(err, FLEET_EAUTH, "an answer that is no JSON object");
    return keys_set(keys, api_text(answer, "AccessKeyId"),
                    api_text(answer, "SecretAccessKey"),
                    api_text(answer, token), api_text(answer, "Expiration"),
                    err);
}

static int read_process(const char *text, struct keys *keys,
                        struct fleet_error *err)
{
    AUTO_JSON json_t *answer = json_loads(text, 0, NULL);
    int64_t version;

    if (!json_is_object(answer) || !api_int(answer, "Version", &version) ||
        version != 1)
        return fleet_fail(err, FLEET_EAUTH,
                          "credential_process: its output is no JSON object "
                          "with \"Version\": 1");
    return read_keys(text, "SessionToken", keys, err);
}

static int run_words(const json_t *words, char **output,
                     struct fleet_error *err)
{
    size_t n = json_array_size(words);
    AUTO_FREE const char **argv = calloc(n + 1, sizeof(*argv));
    const struct fleet_program program = {
        .size = sizeof(program), .argv = argv, .max_output = SECRETS_MAX};

    if (!argv)
        return api_enomem(err);
    for (size_t i = 0; i < n; i++)
        argv[i] = json_string_value(json_array_get(words, i));
    return fleet_run_program(&program, output, err);
}

static int fetch_process(const struct chain *chain, struct keys *keys,
                         struct fleet_error *err)
{
    AUTO_JSON json_t *words = chain_words(chain->process);
    struct fleet_error why = {0};
    char *output = NULL;
    int rc = words ? run_words(words, &output, &why) : FLEET_ECONFIG;

    if (rc == FLEET_OK)
        rc = read_process(output, keys, &why);
    drop_secret(output);
    if (rc == FLEET_OK)
        return rc;
    if (chain->sso)
        return fleet_fail(err, FLEET_EAUTH,
                          "the AWS profile '%.80s' is of SSO, and the AWS CLI "
                          "gives no credentials for it (%.120s): `aws sso "
                          "login --profile %.80s`",
                          chain->profile, why.text, chain->profile);
    return fleet_fail(err, words ? FLEET_EAUTH : FLEET_ECONFIG,
                      "credential_process of the AWS profile '%.80s': %.200s",
                      chain->profile,
                      words ? why.text : "a quote is not closed, or no word");
}

/* ---- the services beside a machine ---- */

static int ask_metadata(struct aws *aws, const char *method, const char *url,
                        const char *header, uint32_t limit_ms, char **text,
                        struct fleet_error *err)
{
    const char *const headers[] = {header, NULL};
    const struct fleet_request request = {
        .size = sizeof(request),
        .method = method,
        .url = url,
        .headers = headers,
        .max_answer = SECRETS_MAX,
        .flags = FLEET_HTTP_REPEATABLE | FLEET_HTTP_METADATA,
        .limit_ms = limit_ms,
    };
    struct fleet_answer *answer = NULL;
    int rc = fleet_http(aws->host, &request, &answer, err);

    if (rc == FLEET_OK) {
        *text = strdup(fleet_answer_body(answer, NULL));
        rc = *text ? FLEET_OK : api_enomem(err);
    }
    fleet_answer_free(answer);
    return rc;
}

static const char *machine_base(const struct aws *aws)
{
    const struct settings *s = &aws->settings;
    const char *set = settings_env(s, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
    const char *mode =
        settings_env(s, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");

    if (set)
        return set;
    return mode && strcasecmp(mode, "IPv6") == 0 ? MACHINE_V6 : MACHINE;
}

static uint32_t machine_limit(const struct aws *aws)
{
    int64_t seconds = 0;

    api_int(aws->settings.env, "AWS_METADATA_SERVICE_TIMEOUT", &seconds);
    return seconds > 0 && seconds <= 60 ? (uint32_t)seconds * 1000 : 1000;
}

static int machine_ask(struct aws *aws, const char *method, const char *path,
                       const char *header, char **text, struct fleet_error *err)
{
    const char *base = machine_base(aws);
    size_t len = strlen(base);
    AUTO_FREE char *url = NULL;

    while (len > 0 && base[len - 1] == '/')
        len--;
    if (asprintf(&url, "%.*s%s", (int)len, base, path) < 0) {
        url = NULL;
        return api_enomem(err);
    }
    return ask_metadata(aws, method, url, header, machine_limit(aws), text,
                        err);
}

/* A whole header with the token of version 2; malloc'd. */
static int machine_open(struct aws *aws, char **header, struct fleet_error *err)
{
    AUTO_FREE char *token = NULL;
    int rc;

    if (settings_true(&aws->settings, "AWS_EC2_METADATA_DISABLED", ""))
        return fleet_fail(err, FLEET_EAUTH, "AWS_EC2_METADATA_DISABLED is set");
    rc =
        machine_ask(aws, "PUT", "/latest/api/token",
                    "X-aws-ec2-metadata-token-ttl-seconds: 21600", &token, err);
    if (rc < 0)
        return rc;
    if (!*token || strpbrk(token, "\r\n"))
        return fleet_fail(err, FLEET_EAUTH,
                          "the instance metadata gives no token");
    return asprintf(header, "X-aws-ec2-metadata-token: %s", token) < 0
               ? api_enomem(err)
               : FLEET_OK;
}

static int machine_get(struct aws *aws, const char *path, char **text,
                       struct fleet_error *err)
{
    AUTO_FREE char *header = NULL;
    char *kept = NULL;
    int rc = machine_open(aws, &kept, err);

    header = rc == FLEET_OK ? kept : NULL;
    return rc < 0 ? rc : machine_ask(aws, "GET", path, header, text, err);
}

int keys_machine_region(struct aws *aws, char **region, struct fleet_error *err)
{
    return machine_get(aws, "/latest/meta-data/placement/region", region, err);
}

static int machine_role(struct aws *aws, struct keys *keys,
                        struct fleet_error *err)
{
    AUTO_FREE char *name = NULL, *path = NULL;
    AUTO_JSON json_t *answer = NULL;
    char *text = NULL;
    int rc = machine_get(aws, ROLES, &name, err);

    if (rc < 0)
        return rc;
    name[strcspn(name, "\r\n")] = '\0';
    if (asprintf(&path, "%s%s", ROLES, name) < 0) {
        path = NULL;
        return api_enomem(err);
    }
    rc = machine_get(aws, path, &text, err);
    if (rc < 0)
        return rc;
    answer = json_loads(text, 0, NULL);
    if (strcmp(api_text(answer, "Code") ? api_text(answer, "Code") : "",
               "Success") != 0)
        rc =
            fleet_fail(err, FLEET_EAUTH,
                       "the instance's role gives no credentials: %.160s",
                       api_text(answer, "Message") ? api_text(answer, "Message")
                                                   : "no reason is given");
    else
        rc = read_keys(text, "Token", keys, err);
    drop_secret(text);
    return rc;
}

/* It is asked last, so what is said is that there were none at all. */
static int fetch_machine(struct aws *aws, const struct chain *chain,
                         struct keys *keys, struct fleet_error *err)
{
    struct fleet_error why = {0};
    int rc = machine_role(aws, keys, &why);

    if (rc == FLEET_OK)
        return rc;
    if (chain->n_roles > 0)
        return fleet_fail(err, FLEET_EAUTH, "the role of this instance: %.200s",
                          why.text);
    return fleet_fail(err, FLEET_EAUTH,
                      "no AWS credentials: set AWS_ACCESS_KEY_ID and "
                      "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run `aws "
                      "configure` (and the role of an instance: %.120s)",
                      why.text);
}

static int container_header(struct aws *aws, char **header,
                            struct fleet_error *err)
{
    const struct settings *s = &aws->settings;
    const char *file =
        settings_env(s, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *set = settings_env(s, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    char *read = file ? read_secret_file(file, err) : NULL;
    int rc = FLEET_OK;

    if (file && !read)
        return FLEET_EAUTH;
    if (read)
        set = read;
    if (set && strpbrk(set, "\r\n"))
        rc = fleet_fail(err, FLEET_ECONFIG,
                        "the token for the container's credentials has a "
                        "line's end in it");
    else if (set && asprintf(header, "Authorization: %s", set) < 0)
        rc = api_enomem(err);
    drop_secret(read);
    return rc;
}

static int container_url(struct aws *aws, char **url, struct fleet_error *err)
{
    const char *path =
        settings_env(&aws->settings, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full =
        settings_env(&aws->settings, "AWS_CONTAINER_CREDENTIALS_FULL_URI");

    if (!path && !full)
        return fleet_fail(err, FLEET_ECONFIG,
                          "credential_source = EcsContainer, and this is no "
                          "container: AWS_CONTAINER_CREDENTIALS_... is not "
                          "set");
    if (!path && !chain_is_near(full))
        return fleet_fail(err, FLEET_ECONFIG,
                          "AWS_CONTAINER_CREDENTIALS_FULL_URI: plain http goes "
                          "to this machine and the container services only");
    if (path && *path != '/')
        return fleet_fail(err, FLEET_ECONFIG,
                          "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: it has to "
                          "begin with a slash");
    return asprintf(url, "%s%s", path ? CONTAINER : full, path ? path : "") < 0
               ? api_enomem(err)
               : FLEET_OK;
}

static int fetch_container(struct aws *aws, struct keys *keys,
                           struct fleet_error *err)
{
    AUTO_FREE char *url = NULL;
    char *made = NULL, *header = NULL, *text = NULL;
    struct fleet_error why = {0};
    int rc = container_url(aws, &made, err);

    url = made;
    if (rc == FLEET_OK)
        rc = container_header(aws, &header, err);
    if (rc < 0)
        return rc;
    for (int tries = 0; tries < 3; tries++) {
        if (tries > 0)
            fleet_call_sleep(1000, NULL);
        rc = ask_metadata(aws, "GET", url, header, 2000, &text, &why);
        if (rc != FLEET_ETRANSIENT)
            break;
    }
    if (rc == FLEET_OK)
        rc = read_keys(text, "Token", keys, &why);
    drop_secret(header);
    drop_secret(text);
    return rc < 0 ? fleet_fail(err, FLEET_EAUTH,
                               "the credentials of the container: %.200s",
                               why.text)
                  : rc;
}

/* ---- fetching ---- */

static int fetch_source(struct aws *aws, const struct chain *chain,
                        struct keys *keys, struct fleet_error *err)
{
    switch (chain->source) {
    case CHAIN_KEYS:
        return keys_set(keys, chain->id, chain->secret, chain->token,
                        chain->expires, err);
    case CHAIN_PROCESS:
        return fetch_process(chain, keys, err);
    case CHAIN_WEB:
        return fetch_web(aws, chain, keys, err);
    case CHAIN_CONTAINER:
        return fetch_container(aws, keys, err);
    default:
        return fetch_machine(aws, chain, keys, err);
    }
}

/* Under the ring's lock. */
static int fetch(struct aws *aws, struct keys *keys, struct fleet_error *err)
{
    struct chain chain;
    int rc = chain_plan(&aws->settings, &chain, err);

    if (rc == FLEET_OK) {
        chain_text(&chain, aws->ring->where);
        rc = fetch_source(aws, &chain, keys, err);
    }
    for (size_t i = chain.n_roles; rc == FLEET_OK && i-- > 0;) {
        rc = assume(aws, &chain.roles[i], keys, err);
        if (rc < 0)
            keys_clear(keys);
    }
    return rc;
}

/* ---- the ring ---- */

int keys_open(struct aws *aws, struct fleet_error *err)
{
    aws->ring = calloc(1, sizeof(*aws->ring));
    if (!aws->ring)
        return api_enomem(err);
    pthread_mutex_init(&aws->ring->mutex, NULL);
    return FLEET_OK;
}

void keys_close(struct aws *aws)
{
    if (!aws->ring)
        return;
    keys_clear(&aws->ring->now);
    pthread_mutex_destroy(&aws->ring->mutex);
    free(aws->ring);
    aws->ring = NULL;
}

/* When others are to be asked for, of keys with so little life left. */
static time_t refresh_at(const struct keyring *ring)
{
    time_t life = ring->now.expires - ring->fetched;

    return ring->now.expires - (life < 2 * REFRESH ? life / 2 : REFRESH);
}

static bool are_fresh(const struct keyring *ring, time_t now)
{
    if (!ring->now.id)
        return false;
    return ring->now.expires == 0 || now < refresh_at(ring) ||
           now < ring->ask_again;
}

/* Expired or about to: what can be had now does not matter, except that a
 * metadata service in trouble gives old ones, which AWS takes then. */
static int renew(struct aws *aws, struct keyring *ring, time_t now,
                 struct fleet_error *err)
{
    struct keys got = {0};
    int rc = fetch(aws, &got, err);

    if (rc < 0) {
        if (!ring->now.id || ring->now.expires - now < INSIST)
            return rc;
        fleet_log(FLEET_LOG_WARNING, "aws",
                  "new credentials cannot be had yet: %s", err->text);
        ring->ask_again = now + 60;
        return FLEET_OK;
    }
    keys_clear(&ring->now);
    ring->now = got;
    ring->fetched = now;
    ring->ask_again = got.expires && got.expires <= now ? now + OUTAGE : 0;
    return FLEET_OK;
}

int keys_get(struct aws *aws, struct keys *keys, struct fleet_error *err)
{
    struct keyring *ring = aws->ring;
    time_t now = aws_now(aws);
    int rc = FLEET_OK;

    pthread_mutex_lock(&ring->mutex);
    if (!are_fresh(ring, now))
        rc = renew(aws, ring, now, err);
    if (rc == FLEET_OK) {
        rc = keys_set(keys, ring->now.id, ring->now.secret, ring->now.token,
                      NULL, err);
        keys->expires = ring->now.expires;
    }
    pthread_mutex_unlock(&ring->mutex);
    return rc;
}

void keys_drop(struct aws *aws, const struct keys *keys)
{
    struct keyring *ring = aws->ring;

    pthread_mutex_lock(&ring->mutex);
    if (ring->now.id && keys->id && strcmp(ring->now.id, keys->id) == 0)
        keys_clear(&ring->now);
    pthread_mutex_unlock(&ring->mutex);
}

void keys_text(struct aws *aws, char out[160])
{
    pthread_mutex_lock(&aws->ring->mutex);
    snprintf(out, 160, "%s", aws->ring->where);
    pthread_mutex_unlock(&aws->ring->mutex);
}
