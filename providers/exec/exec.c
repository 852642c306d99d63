/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/exec/answer.h"
#include "providers/exec/wire.h"

#include <fleet/provider.h>
#include <stdlib.h>
#include <string.h>

#define EXEC_ABI 1
/* Enough for a price; 17 digits would turn 0.27 into 0.27000000000000002. */
#define EXEC_DUMP (JSON_COMPACT | JSON_REAL_PRECISION(15))

/* One program that runs. The host lets one thread at a time in. */
struct exec {
    struct exec_wire wire;
    json_int_t id; /* of the last request */
    uint64_t abilities;
    json_t *opening; /* the answer that the texts of effects belong to */
    struct fleet_effect *effects;
};

/* The text of REQUEST and a newline; malloc'd. */
static char *dump_line(const json_t *request, size_t *len)
{
    size_t size = json_dumpb(request, NULL, 0, EXEC_DUMP);
    char *text = size ? malloc(size + 1) : NULL;

    if (!text || json_dumpb(request, text, size, EXEC_DUMP) != size) {
        free(text);
        return NULL;
    }
    text[size] = '\n';
    *len = size + 1;
    return text;
}

static void trace(const struct exec *exec, const char *arrow, const char *text,
                  size_t len)
{
    char shown[4000];

    exec_secrets_show(&exec->wire.secrets, text, len, shown, sizeof(shown));
    fleet_log(FLEET_LOG_WIRE, exec->wire.name, "%s %s", arrow, shown);
}

static int swap_lines(struct exec *exec, const char *call,
                      const json_t *request, struct exec_line *line,
                      struct fleet_error *err)
{
    size_t len = 0;
    char *text = dump_line(request, &len);
    int rc;

    if (!text)
        return fleet_fail(err, FLEET_ENOMEM, "out of memory");
    if (exec->id > 1) /* "open" has the settings: nobody's business */
        trace(exec, "->", text, len - 1);
    rc = exec_wire_ask(&exec->wire, call, text, len, line, err);
    explicit_bzero(text, len);
    free(text);
    if (!rc)
        trace(exec, "<-", line->text, line->len);
    return rc;
}

/* Says whose answer it is; with a line: how that begins. */
static int bad_answer(const struct exec *exec, const char *call,
                      const struct exec_line *line, struct fleet_error *err)
{
    struct fleet_error was = *err;
    char shown[80] = "";

    if (line)
        exec_secrets_show(&exec->wire.secrets, line->text, line->len, shown,
                          sizeof(shown));
    return fleet_fail(err, was.code, "%s: the answer to '%s' %s%s%s",
                      exec->wire.program, call, was.text, line ? ": " : "",
                      shown);
}

static int told(const struct exec *exec, const json_t *answer,
                struct fleet_error *err)
{
    const char *message;
    int32_t retry_ms;
    char shown[480];
    int code = exec_answer_verdict(answer, &message, &retry_ms);

    if (code == FLEET_OK)
        return FLEET_OK;
    exec_secrets_show(&exec->wire.secrets, message, strlen(message), shown,
                      sizeof(shown));
    fleet_fail(err, code, "%s", shown);
    err->retry_ms = retry_ms;
    return code;
}

/* FLEET_OK when the program says so; then the answer is the caller's. After a
 * line that is no answer none of what follows can be trusted. */
static int talk(struct exec *exec, const char *call, json_t *request,
                json_t **answer, struct fleet_error *err)
{
    json_auto_t *parsed = NULL;
    struct exec_line line = {0};
    int rc = swap_lines(exec, call, request, &line, err);

    if (rc)
        return rc;
    rc = exec_answer_parse(line.text, line.len, exec->id, &parsed, err);
    if (rc) {
        bad_answer(exec, call, &line, err);
        exec_wire_break(&exec->wire, err);
    }
    free(line.text);
    if (!rc)
        rc = told(exec, parsed, err);
    if (!rc)
        *answer = json_incref(parsed);
    return rc;
}

/* {"id":...,"call":CALL} and FIELDS, which it takes; NULL: they could not be
 * made. */
static int ask_for(struct exec *exec, const char *call, json_t *fields,
                   json_t **answer, struct fleet_error *err)
{
    json_auto_t *taken = fields;
    json_auto_t *request =
        json_pack("{s:I,s:s}", "id", exec->id + 1, "call", call);

    if (!taken || !request || json_object_update(request, taken))
        return fleet_fail(err, FLEET_EINVALID,
                          "the request '%s' cannot be written as JSON", call);
    exec->id++;
    return talk(exec, call, request, answer, err);
}

static int ask(struct exec *exec, int op, json_t *fields, json_t **answer,
               struct fleet_error *err)
{
    const char *call = exec_call_name(op);

    if (exec->abilities & FLEET_CAN(op))
        return ask_for(exec, call, fields, answer, err);
    json_decref(fields);
    return fleet_fail(err, FLEET_EUNSUPPORTED, "%s does not offer '%s'",
                      exec->wire.program, call);
}

/* For calls whose answer says no more than that it is done. */
static int tell(struct exec *exec, int op, json_t *fields,
                struct fleet_error *err)
{
    json_auto_t *answer = NULL;

    return ask(exec, op, fields, &answer, err);
}

static int exec_list(void *handle, struct fleet_sink *pods,
                     struct fleet_error *err)
{
    json_auto_t *answer = NULL;
    int rc = ask(handle, FLEET_OP_LIST, json_object(), &answer, err);

    if (!rc && (rc = exec_answer_pods(answer, pods, err)))
        bad_answer(handle, "list", NULL, err);
    return rc;
}

/* clang-format off */
static const struct {
    const char *name;
    int field;
    enum { SPEC_TEXT, SPEC_NUMBER, SPEC_BOOL, SPEC_PRICE } kind;
} spec_keys[] = {
    {"name",               FLEET_SPEC_NAME,             SPEC_TEXT},
    {"public_key",         FLEET_SPEC_PUBLIC_KEY,       SPEC_TEXT},
    {"ssh_user",           FLEET_SPEC_SSH_USER,         SPEC_TEXT},
    {"offer",              FLEET_SPEC_OFFER,            SPEC_TEXT},
    {"gpu",                FLEET_SPEC_GPU,              SPEC_TEXT},
    {"gpu_types",          FLEET_SPEC_GPU_TYPES,        SPEC_TEXT},
    {"gpus",               FLEET_SPEC_GPUS,             SPEC_NUMBER},
    {"image",              FLEET_SPEC_IMAGE,            SPEC_TEXT},
    {"disk_gb",            FLEET_SPEC_DISK_GB,          SPEC_NUMBER},
    {"volume_gb",          FLEET_SPEC_VOLUME_GB,        SPEC_NUMBER},
    {"tier",               FLEET_SPEC_TIER,             SPEC_TEXT},
    {"region",             FLEET_SPEC_REGION,           SPEC_TEXT},
    {"spot",               FLEET_SPEC_SPOT,             SPEC_BOOL},
    {"max_price_per_hour", FLEET_SPEC_MAX_PRICE_MICROS, SPEC_PRICE},
};
/* clang-format on */
#define SPEC_KEYS (sizeof(spec_keys) / sizeof(spec_keys[0]))

/* NULL: unset. */
static json_t *spec_value(const struct fleet_spec *spec, size_t i)
{
    int64_t number;

    if (spec_keys[i].kind == SPEC_TEXT)
        return json_string(fleet_spec_get(spec, spec_keys[i].field));
    number = fleet_spec_get_number(spec, spec_keys[i].field, INT64_MIN);
    if (number == INT64_MIN)
        return NULL;
    if (spec_keys[i].kind == SPEC_BOOL)
        return json_boolean(number);
    if (spec_keys[i].kind == SPEC_PRICE)
        return json_real((double)number / 1000000);
    return json_integer(number);
}

/* NULL: out of memory. */
static json_t *spec_object(const struct fleet_spec *spec)
{
    json_t *object = json_object();

    for (size_t i = 0; i < SPEC_KEYS && object; i++) {
        json_t *value = spec_value(spec, i);

        if (value && json_object_set_new(object, spec_keys[i].name, value)) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

static int exec_offers(void *handle, const struct fleet_spec *want,
                       struct fleet_sink *offers, struct fleet_error *err)
{
    json_auto_t *answer = NULL;
    int rc = ask(handle, FLEET_OP_OFFERS,
                 json_pack("{s:o}", "spec", spec_object(want)), &answer, err);

    if (!rc && (rc = exec_answer_offers(answer, offers, err)))
        bad_answer(handle, "offers", NULL, err);
    return rc;
}

/* A call whose answer is a pod. */
static int ask_pod(struct exec *exec, int op, json_t *fields,
                   struct fleet_pod *pod, struct fleet_error *err)
{
    json_auto_t *answer = NULL;
    int rc = ask(exec, op, fields, &answer, err);

    if (rc)
        return rc;
    rc = exec_answer_pod(answer, pod, err);
    if (rc)
        bad_answer(exec, exec_call_name(op), NULL, err);
    if (rc == FLEET_ENOTFOUND && op == FLEET_OP_CREATE)
        rc = err->code = FLEET_EINTERNAL;
    return rc;
}

/* Everything but a clear word may mean that there is a pod now. */
static bool is_unclear(int code)
{
    return code == FLEET_EINTERNAL || code == FLEET_ETIMEOUT ||
           code == FLEET_ENOMEM;
}

static int exec_create(void *handle, const struct fleet_spec *spec,
                       struct fleet_pod *pod, struct fleet_error *err)
{
    struct exec *exec = handle;
    int rc;

    exec->wire.sent = false;
    rc = ask_pod(exec, FLEET_OP_CREATE,
                 json_pack("{s:o,s:s}", "spec", spec_object(spec), "token",
                           fleet_spec_get(spec, FLEET_SPEC_TOKEN)),
                 pod, err);
    if (rc && exec->wire.sent && is_unclear(rc))
        rc = err->code = FLEET_EAMBIGUOUS;
    return rc;
}

static int exec_find(void *handle, const char *token, struct fleet_pod *pod,
                     struct fleet_error *err)
{
    return ask_pod(handle, FLEET_OP_FIND, json_pack("{s:s}", "token", token),
                   pod, err);
}

static int exec_get(void *handle, const char *id, struct fleet_pod *pod,
                    struct fleet_error *err)
{
    return ask_pod(handle, FLEET_OP_GET, json_pack("{s:s}", "pod", id), pod,
                   err);
}

static int exec_start(void *handle, const char *id, struct fleet_error *err)
{
    return tell(handle, FLEET_OP_START, json_pack("{s:s}", "pod", id), err);
}

static int exec_stop(void *handle, const char *id, struct fleet_error *err)
{
    return tell(handle, FLEET_OP_STOP, json_pack("{s:s}", "pod", id), err);
}

static int exec_restart(void *handle, const char *id, struct fleet_error *err)
{
    return tell(handle, FLEET_OP_RESTART, json_pack("{s:s}", "pod", id), err);
}

static int exec_terminate(void *handle, const char *id, struct fleet_error *err)
{
    int rc =
        tell(handle, FLEET_OP_TERMINATE, json_pack("{s:s}", "pod", id), err);

    return rc == FLEET_ENOTFOUND ? FLEET_OK : rc;
}

static int exec_rename(void *handle, const char *id, const char *name,
                       struct fleet_error *err)
{
    return tell(handle, FLEET_OP_RENAME,
                json_pack("{s:s,s:s}", "pod", id, "name", name), err);
}

static int exec_lock(void *handle, const char *id, int32_t locked,
                     struct fleet_error *err)
{
    return tell(handle, FLEET_OP_LOCK,
                json_pack("{s:s,s:b}", "pod", id, "locked", locked != 0), err);
}

static int exec_expose(void *handle, const char *id, const char *ports,
                       struct fleet_error *err)
{
    return tell(handle, FLEET_OP_EXPOSE,
                json_pack("{s:s,s:s}", "pod", id, "ports", ports), err);
}

static int exec_balance(void *handle, int64_t *micros, char currency[8],
                        struct fleet_error *err)
{
    json_auto_t *answer = NULL;
    int rc = ask(handle, FLEET_OP_BALANCE, json_object(), &answer, err);

    if (!rc && (rc = exec_answer_balance(answer, micros, currency, err)))
        bad_answer(handle, "balance", NULL, err);
    return rc;
}

static uint64_t exec_abilities(void *handle)
{
    return ((struct exec *)handle)->abilities;
}

static const struct fleet_effect *exec_effects(void *handle)
{
    return ((struct exec *)handle)->effects;
}

/* "my-cloud" has the settings that begin with "MY_CLOUD_". */
static bool settings_prefix(const char *name, char *prefix, size_t size)
{
    size_t len = strlen(name);

    if (len + 2 > size)
        return false;
    for (size_t i = 0; i < len; i++)
        prefix[i] = name[i] >= 'a' && name[i] <= 'z' ? name[i] - 'a' + 'A'
                    : name[i] == '-'                 ? '_'
                                                     : name[i];
    memcpy(prefix + len, "_", 2);
    return true;
}

static int add_setting(struct exec *exec, json_t *config, const char *key,
                       const char *value, struct fleet_error *err)
{
    json_t *text = json_string(value);

    if (!text)
        return fleet_fail(err, FLEET_ECONFIG, "%s: not UTF-8", key);
    if (json_object_set_new(config, key, text) ||
        exec_secrets_add(&exec->wire.secrets, key, value))
        return fleet_fail(err, FLEET_ENOMEM, "out of memory");
    return FLEET_OK;
}

static int read_settings(struct exec *exec, const struct fleet_host *host,
                         json_t *config, struct fleet_error *err)
{
    const char *key, *value;
    char prefix[256];
    int rc = FLEET_OK;

    if (!settings_prefix(exec->wire.name, prefix, sizeof(prefix)))
        return fleet_fail(err, FLEET_ECONFIG,
                          "the name of the provider is too long");
    for (size_t i = 0; !rc && fleet_host_setting(host, prefix, i, &key, &value);
         i++)
        rc = add_setting(exec, config, key, value, err);
    return rc;
}

static int greet(struct exec *exec, json_t *config, struct fleet_error *err)
{
    json_auto_t *answer = NULL;
    const char *unknown = NULL;
    int rc = ask_for(exec, "open",
                     json_pack("{s:i,s:O}", "abi", EXEC_ABI, "config", config),
                     &answer, err);

    if (rc)
        return rc;
    rc = exec_answer_abilities(answer, &exec->abilities, &unknown, err);
    if (!rc)
        rc = exec_answer_effects(answer, &exec->effects, err);
    if (rc)
        return bad_answer(exec, "open", NULL, err);
    if (unknown)
        fleet_log(FLEET_LOG_WARNING, exec->wire.name,
                  "%s says it can '%s', which is no call", exec->wire.program,
                  unknown);
    exec->opening = json_incref(answer);
    return FLEET_OK;
}

static void exec_close(void *handle)
{
    struct exec *exec = handle;

    if (!exec)
        return;
    exec_wire_close(&exec->wire);
    json_decref(exec->opening);
    free(exec->effects);
    free(exec);
}

static int exec_open(const void *config, struct fleet_host *host, void **handle,
                     struct fleet_error *err)
{
    struct exec *exec = calloc(1, sizeof(*exec));
    json_auto_t *settings = json_object();
    int rc;

    (void)config;
    if (!exec || !settings) {
        free(exec);
        return fleet_fail(err, FLEET_ENOMEM, "out of memory");
    }
    exec_wire_init(&exec->wire, fleet_host_argument(host),
                   fleet_host_name(host));
    rc = read_settings(exec, host, settings, err);
    if (!rc)
        rc = exec_wire_open(&exec->wire, err);
    if (!rc)
        rc = greet(exec, settings, err);
    if (rc)
        exec_close(exec);
    else
        *handle = exec;
    return rc;
}

static const struct fleet_provider_ops ops = {
    .open = exec_open,
    .close = exec_close,
    .list = exec_list,
    .offers = exec_offers,
    .create = exec_create,
    .find = exec_find,
    .get = exec_get,
    .start = exec_start,
    .stop = exec_stop,
    .restart = exec_restart,
    .terminate = exec_terminate,
    .rename = exec_rename,
    .lock = exec_lock,
    .balance = exec_balance,
    .expose = exec_expose,
    .abilities = exec_abilities,
    .effects = exec_effects,
};

const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_PROVIDER, provider, ops),
    .name = "exec",
    .version = "1.0",
    .summary = "any program that speaks JSON lines",
    .threads = FLEET_THREADS_PER_HANDLE,
    .instances_key = "EXEC_PROVIDERS",
    .instances_help = "providers that are programs: NAME=/path/to/program ...",
};
