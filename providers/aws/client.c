/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/client.h"

#include "providers/aws/keys.h"
#include "providers/aws/xml.h"

#include <fleet/log.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

#define FORM_TYPE  "application/x-www-form-urlencoded; charset=utf-8"
#define SKEW       240   /* seconds of difference that are one */
#define SPARE_MS   10000 /* of a call, to ask again */
#define LOST_TRIES 3
#define FILE_MAX   ((size_t)1 << 20)
#define ANSWER_MAX ((size_t)32 << 20)
#define LOST_PAUSE 500

/* ---- open and close ---- */

static int read_env(struct aws *aws, struct fleet_error *err)
{
    const char *key, *value;

    aws->settings.env = json_object();
    aws->settings.files = json_object();
    if (!aws->settings.env || !aws->settings.files)
        return api_enomem(err);
    for (size_t i = 0; fleet_host_setting(aws->host, "AWS_", i, &key, &value);
         i++) {
        if (json_object_set_new(aws->settings.env, key, json_string(value)) < 0)
            return fleet_fail(err, FLEET_ECONFIG, "%s is no text", key);
    }
    return FLEET_OK;
}

static char *path_of(const char *set, const char *usual)
{
    const char *home = getenv("HOME");
    char *path = NULL;

    if (set && strncmp(set, "~/", 2) != 0)
        return strdup(set);
    if (!home || asprintf(&path, "%s/%s", home, set ? set + 2 : usual) < 0)
        return NULL;
    return path;
}

/* NULL: it is not there, which is no error, or too long. */
static char *slurp(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = file ? malloc(FILE_MAX) : NULL;
    size_t len = text ? fread(text, 1, FILE_MAX, file) : 0;

    if (file)
        fclose(file);
    if (!text || len == FILE_MAX) {
        free(text);
        return NULL;
    }
    text[len] = '\0';
    return text;
}

static void warn_of_readers(const char *path)
{
    struct stat about;

    if (stat(path, &about) == 0 && about.st_mode & 077)
        fleet_log(FLEET_LOG_WARNING, "aws",
                  "%s: others may read it: chmod 600 %s", path, path);
}

static int read_file(struct aws *aws, const char *variable, const char *usual,
                     bool credentials, struct fleet_error *err)
{
    AUTO_FREE char *path =
        path_of(settings_env(&aws->settings, variable), usual);
    AUTO_FREE char *text = path ? slurp(path) : NULL;
    int rc;

    if (!text)
        return FLEET_OK;
    rc = settings_read_file(aws->settings.files, text, credentials, err);
    explicit_bzero(text, strlen(text));
    if (credentials)
        warn_of_readers(path);
    return rc;
}

/* What AWS_PROFILE says counts less than keys beside it; what fleet's own
 * configuration says counts more, but the two cannot be told apart where both
 * say the same. */
static int choose_profile(struct aws *aws, const char *profile,
                          struct fleet_error *err)
{
    const char *around = getenv("AWS_PROFILE");

    if (!profile)
        profile = settings_env(&aws->settings, "AWS_DEFAULT_PROFILE");
    aws->profile = strdup(profile ? profile : "default");
    if (!aws->profile)
        return api_enomem(err);
    aws->settings.profile = aws->profile;
    aws->settings.chosen = profile != NULL;
    aws->settings.explicit_profile =
        profile && !(around && strcmp(around, profile) == 0) &&
        !settings_env(&aws->settings, "AWS_DEFAULT_PROFILE");
    return FLEET_OK;
}

int aws_open(struct aws *aws, struct fleet_host *host, const char *profile,
             const char *region, struct fleet_error *err)
{
    int rc;

    *aws = (struct aws){.host = host};
    pthread_mutex_init(&aws->mutex, NULL);
    rc = read_env(aws, err);
    if (rc == FLEET_OK)
        rc = read_file(aws, "AWS_CONFIG_FILE", ".aws/config", false, err);
    if (rc == FLEET_OK)
        rc = read_file(aws, "AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials",
                       true, err);
    if (rc == FLEET_OK)
        rc = choose_profile(aws, profile, err);
    if (rc == FLEET_OK)
        rc = keys_open(aws, err);
    if (rc == FLEET_OK && !region)
        region = settings_get(&aws->settings, "AWS_REGION", "region");
    if (rc == FLEET_OK && region) {
        aws->region = strdup(region);
        if (!aws->region)
            rc = api_enomem(err);
    }
    if (settings_get(&aws->settings, "AWS_CA_BUNDLE", "ca_bundle") &&
        !getenv("SSL_CERT_FILE"))
        fleet_log(FLEET_LOG_WARNING, "aws",
                  "AWS_CA_BUNDLE is not read: name that file in SSL_CERT_FILE");
    if (rc < 0)
        aws_close(aws);
    return rc;
}

void aws_close(struct aws *aws)
{
    keys_close(aws);
    json_decref(aws->settings.env);
    json_decref(aws->settings.files);
    free(aws->profile);
    free(aws->region);
    pthread_mutex_destroy(&aws->mutex);
    *aws = (struct aws){0};
}

static int find_region(struct aws *aws, struct fleet_error *err)
{
    struct fleet_error why = {0};

    if (!aws->region &&
        keys_machine_region(aws, &aws->region, &why) != FLEET_OK)
        return fleet_fail(err, FLEET_ECONFIG,
                          "no region is set: AWS_REGION, or region in the AWS "
                          "profile '%.60s'",
                          aws->profile);
    if (!endpoint_is_region(aws->region))
        return fleet_fail(err, FLEET_ECONFIG,
                          "AWS_REGION: '%.60s' is no region, such as us-east-1",
                          aws->region);
    return FLEET_OK;
}

int aws_region(struct aws *aws, const char **region, struct fleet_error *err)
{
    int rc;

    pthread_mutex_lock(&aws->mutex);
    rc = find_region(aws, err);
    if (rc == FLEET_OK)
        *region = aws->region;
    pthread_mutex_unlock(&aws->mutex);
    return rc;
}

/* ---- one request ---- */

time_t aws_now(struct aws *aws)
{
    return time(NULL) + (time_t)atomic_load(&aws->offset);
}

struct headers {
    char *lines[4];
    const char *list[5];
};

static void headers_clear(struct headers *headers)
{
    for (size_t i = 0; i < 4; i++) {
        if (headers->lines[i])
            explicit_bzero(headers->lines[i], strlen(headers->lines[i]));
        free(headers->lines[i]);
    }
}

static int add_header(struct headers *headers, const char *name,
                      const char *value)
{
    size_t n = 0;

    if (!value)
        return 0;
    while (headers->list[n])
        n++;
    if (asprintf(&headers->lines[n], "%s: %s", name, value) < 0) {
        headers->lines[n] = NULL;
        return -1;
    }
    headers->list[n] = headers->lines[n];
    return 0;
}

/* As sigv4_sign has signed them. */
static int make_headers(const struct sigv4_request *request,
                        const struct sigv4_keys *keys, struct headers *headers)
{
    struct sigv4 made = {0};
    int rc = add_header(headers, "X-Amz-Target", request->target);

    if (rc < 0 || !keys)
        return rc;
    rc = sigv4_sign(request, keys, &made);
    if (rc == 0)
        rc = add_header(headers, "X-Amz-Date", made.stamp);
    if (rc == 0)
        rc = add_header(headers, "X-Amz-Security-Token", keys->token);
    if (rc == 0)
        rc = add_header(headers, "Authorization", made.authorization);
    free(made.authorization);
    return rc;
}

static int post(struct aws *aws, const struct aws_call *call, const char *url,
                const struct headers *headers, const char *type,
                struct fleet_answer **answer, struct fleet_error *err)
{
    const struct fleet_request request = {
        .size = sizeof(request),
        .method = "POST",
        .url = url,
        .headers = headers->list,
        .body = call->body,
        .body_type = type,
        .answer_type = call->service->type,
        .max_answer = ANSWER_MAX,
        .judge = aws_judge,
        .lane = call->lane,
        .gap_ms = call->gap_ms,
        .flags = call->changes ? 0 : FLEET_HTTP_REPEATABLE,
        .limit_ms = call->limit_ms,
    };

    return fleet_http(aws->host, &request, answer, err);
}

static int post_signed(struct aws *aws, const struct aws_call *call,
                       const char *region, const struct sigv4_keys *keys,
                       struct fleet_answer **answer, struct fleet_error *err)
{
    bool json = call->service->target;
    AUTO_FREE char *target = NULL;
    struct headers headers = {0};
    struct endpoint at;
    int rc = endpoint_of(&aws->settings, call->service, region, &at, err);

    if (rc < 0)
        return rc;
    if (json &&
        asprintf(&target, "%s.%s", call->service->target, call->action) < 0)
        target = NULL;
    const struct sigv4_request request = {
        .host = at.host,
        .path = at.path,
        .type = json ? call->service->type : FORM_TYPE,
        .target = target,
        .body = call->body,
        .region = region,
        .service = call->service->name,
        .when = aws_now(aws),
    };
    rc = (json && !target) || make_headers(&request, keys, &headers) < 0
             ? api_enomem(err)
             : post(aws, call, at.url, &headers, request.type, answer, err);
    headers_clear(&headers);
    endpoint_clear(&at);
    return rc;
}

/* ---- what came of it ---- */

static int read_answer(const struct aws_call *call,
                       const struct fleet_answer *got, json_t **answer,
                       struct fleet_error *err)
{
    size_t len;
    const char *text = fleet_answer_body(got, &len);

    if (!answer)
        return FLEET_OK;
    if (!call->service->target)
        return xml_read(text, len, answer, err);
    *answer = api_body(got);
    if (json_is_object(*answer))
        return FLEET_OK;
    json_decref(*answer);
    *answer = NULL;
    return fleet_fail(err, FLEET_EINTERNAL, "an answer that is no JSON object");
}

/* Sets our idea of AWS's clock; true: it has changed. */
static bool learn_clock(struct aws *aws, const struct fleet_answer *answer)
{
    const char *text = fleet_answer_header(answer, "Date");
    struct tm utc = {0};
    int64_t offset, before = atomic_load(&aws->offset);

    if (!text || !strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &utc))
        return false;
    offset = (int64_t)timegm(&utc) - (int64_t)time(NULL);
    if (offset - before < SKEW && before - offset < SKEW)
        return false;
    atomic_store(&aws->offset, offset);
    fleet_log(FLEET_LOG_WARNING, "aws",
              "this computer's clock is %lld s off AWS's: requests are signed "
              "with theirs",
              (long long)offset);
    return true;
}

/* The two failures that pass when the same is asked once more. */
static bool is_curable(struct aws *aws, const struct aws_call *call,
                       const struct keys *own,
                       const struct fleet_answer *answer,
                       const struct aws_fault *fault)
{
    if (call->bare)
        return false;
    if (fault->class == AWS_CLOCK) {
        /* EC2 says the same of keys that have expired; or it has waited for its
         * turn for too long. */
        if (!learn_clock(aws, answer) && !call->keys && own->token)
            keys_drop(aws, own);
        return true;
    }
    if (strcmp(fault->code, "AuthFailure") == 0)
        return learn_clock(aws, answer);
    if (fault->class != AWS_EXPIRED || call->keys)
        return false;
    keys_drop(aws, own);
    return true;
}

/* Once; *again: there is sense in another try. */
static int send_once(struct aws *aws, const struct aws_call *call,
                     const char *region, json_t **answer,
                     struct aws_fault *fault, bool *again,
                     struct fleet_error *err)
{
    struct fleet_answer *got = NULL;
    struct keys own = {0};
    struct sigv4_keys keys;
    int rc = FLEET_OK;

    *again = false;
    if (!call->bare && !call->keys)
        rc = keys_get(aws, &own, err);
    if (rc < 0)
        return rc;
    keys = call->keys ? *call->keys
                      : (struct sigv4_keys){own.id, own.secret, own.token};
    rc = post_signed(aws, call, region, call->bare ? NULL : &keys, &got, err);
    if (rc == FLEET_OK) {
        rc = aws_read_fault(got, fault, err);
        *again = rc < 0 && is_curable(aws, call, &own, got, fault);
    }
    if (rc == FLEET_OK)
        rc = read_answer(call, got, answer, err);
    fleet_answer_free(got);
    keys_clear(&own);
    return rc;
}

static void name_source(struct aws *aws, const struct aws_call *call,
                        const struct aws_fault *fault, struct fleet_error *err)
{
    char source[160];
    size_t len = strlen(err->text);

    if ((fault->class != AWS_CREDENTIALS && fault->class != AWS_EXPIRED) ||
        call->bare || call->keys)
        return; /* of a role's, it is said elsewhere, and the ring is locked */
    keys_text(aws, source);
    snprintf(err->text + len, sizeof(err->text) - len, " (they are from %s)",
             source);
}

int aws_send(struct aws *aws, const struct aws_call *call, json_t **answer,
             struct aws_fault *fault, struct fleet_error *err)
{
    const char *region = call->region ? call->region : call->service->region;
    struct aws_fault own;
    struct fleet_error why = {0};
    bool again = false, cured = false;
    int rc = region ? FLEET_OK : aws_region(aws, &region, err);

    if (!fault)
        fault = &own;
    *fault = (struct aws_fault){0};
    if (rc < 0)
        return rc;
    for (int lost = 1;;) {
        why = (struct fleet_error){0};
        rc = send_once(aws, call, region, answer, fault, &again, &why);
        if (again && !cured) {
            cured = true;
            continue;
        }
        if (rc != FLEET_EAMBIGUOUS || !call->token || lost++ == LOST_TRIES ||
            fleet_call_left_ms() < SPARE_MS ||
            fleet_call_sleep(LOST_PAUSE, NULL) < 0)
            break;
    }
    if (rc < 0) {
        name_source(aws, call, fault, &why);
        if (err)
            *err = why;
    }
    return rc;
}

int aws_ask(struct aws *aws, const struct service *service, const char *action,
            struct form *form, json_t **answer, struct aws_fault *fault,
            struct fleet_error *err)
{
    const struct aws_call call = {
        .service = service, .action = action, .body = form->text};
    int rc =
        form->text ? aws_send(aws, &call, answer, fault, err) : api_enomem(err);

    form_close(form);
    return rc;
}
