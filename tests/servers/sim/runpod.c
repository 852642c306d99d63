/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/servers/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RunPod: REST v2, and of GraphQL what v2 lacks.
 *
 * Faults ("only" is a GPU id where one is meant):
 *   capacity    the next creates find no instance; "detail" another text
 *   pool        the next creates get 403
 *   price       the pod costs "factor" times what the catalogue says
 *   no-address  ssh.direct stays null for ever
 *   host-full   start finds no free GPU; zero-gpu: start comes up without any
 *   linger      a terminated pod is still told, as TERMINATED, for "ms"
 * Values (POST /sim/set): balance (0 and below: creates get 402), billing_mode,
 * balance_status (404: no balance in v2), page_max (pages are that short),
 * maintenance ({"start", "end", "note"} of every host, in GraphQL). */

static const char *const clouds[] = {"SECURE", "COMMUNITY", NULL};

/* --- catalogue ----------------------------------------------------------- */

/* As listed, traps and all: prices of tiers that a type does not have, a tier
 * whose largest pod has no GPU, entries that are no GPU. */
static const struct gpu {
    const char *id, *name, *pool, *maker;
    int memory;
    bool secure, community;
    double secure_price, community_price, serverless_price;
    int secure_max, community_max;
    const char *stock;
    const char *cuda; /* "13.0 12.8", with a dash in front: full */
} gpus[] = {
    {"AMD Instinct MI300X OAM", "MI300X", NULL, "AMD", 192, true, false, 2.49,
     0.5, 0, 8, 0, "LOW", NULL},
    {"NVIDIA A100 80GB PCIe", "A100 PCIe", "AMPERE_80", "NVIDIA", 80, true,
     true, 1.64, 1.19, 2.72, 8, 8, "MEDIUM", "13.0 12.8"},
    {"NVIDIA A100-SXM4-40GB", "A100 SXM 40GB", NULL, "NVIDIA", 40, false, true,
     0, 1, 0, 0, 2, "LOW", "13.0"},
    {"NVIDIA GeForce RTX 3070", "RTX 3070", NULL, "NVIDIA", 8, false, true, 0,
     0.13, 0, 0, 8, "LOW", "13.0 13.1"},
    {"NVIDIA GeForce RTX 3080", "RTX 3080", NULL, "NVIDIA", 10, false, true, 0,
     0.17, 0, 0, 2, "NONE", "-13.0"},
    {"NVIDIA GeForce RTX 3090", "RTX 3090", "AMPERE_24", "NVIDIA", 24, true,
     true, 0.46, 0.22, 0.69, 8, 8, "HIGH", "13.0 12.8 -13.2"},
    {"NVIDIA GeForce RTX 4090", "RTX 4090", "ADA_24", "NVIDIA", 24, true, true,
     0.69, 0.34, 1.1, 8, 8, "HIGH", "13.0 12.8"},
    {"NVIDIA H100 80GB HBM3", "H100 SXM", "ADA_80_PRO", "NVIDIA", 80, true,
     true, 2.99, 2.69, 4.79, 8, 0, "LOW", "13.0 12.8"},
    {"NVIDIA L4", "L4", "AMPERE_24", "NVIDIA", 24, true, false, 0.44, 0.43,
     0.69, 9, 1, "MEDIUM", "13.0 12.8"},
    {"NVIDIA RTX 2000 Ada Generation", "RTX 2000 Ada", "AMPERE_16", "NVIDIA",
     16, true, false, 0.24, 0.5, 0.58, 8, 0, "MEDIUM", NULL},
    {"NVIDIA RTX A4000", "RTX A4000", "AMPERE_16", "NVIDIA", 16, true, true,
     0.25, 0.17, 0.58, 8, 8, "HIGH", "13.0 12.8"},
    {"NVIDIA RTX A5000", "RTX A5000", "AMPERE_24", "NVIDIA", 24, true, true,
     0.27, 0.16, 0.69, 10, 10, "HIGH", "13.0 12.8"},
    {"NVIDIA RTX A6000", "RTX A6000", "AMPERE_48", "NVIDIA", 48, true, true,
     0.49, 0.33, 1.22, 10, 3, "MEDIUM", "13.0 12.8"},
    {"NVIDIA RTX PRO 6000 Blackwell Server Edition MIG 1g.24gb",
     "RTX PRO 6000 MIG 24GB", "AMPERE_24", "NVIDIA", 24, true, false, 0.5, 0.5,
     0.69, 32, 0, "LOW", "13.0"},
    {"Tesla V100-PCIE-16GB", "V100", NULL, "NVIDIA", 16, false, true, 0, 0.19,
     0, 0, 8, "NONE", NULL},
    {"unknown", "unknown", NULL, "UNKNOWN", 0, false, false, 0, 0, 0, 1, 1,
     "NONE", NULL},
    {0},
};

static const struct place {
    const char *id, *name, *region;
    bool network;
} places[] = {
    {"EU-RO-1", "Romania 1", "EUROPE", true},
    {"EUR-IS-1", "Iceland 1", "EUROPE", false},
    {"US-KS-2", "Kansas 2", "NORTH_AMERICA", true},
    {"CA-MTL-1", "Montreal 1", "NORTH_AMERICA", false},
    {0},
};

static const struct gpu *find_gpu(const char *id)
{
    for (const struct gpu *gpu = gpus; gpu->id; gpu++)
        if (strcmp(gpu->id, id) == 0)
            return gpu;
    return NULL;
}

static const struct place *find_place(const char *id)
{
    for (const struct place *place = places; place->id; place++)
        if (strcmp(place->id, id) == 0)
            return place;
    return NULL;
}

/* Whether COUNT of them can be had in this cloud. */
static bool in_stock(const struct gpu *gpu, bool community, int64_t count)
{
    return (community ? gpu->community : gpu->secure) &&
           (community ? gpu->community_max : gpu->secure_max) >= count &&
           strcmp(gpu->stock, "NONE") != 0;
}

static int version_number(const char *text)
{
    char *end = NULL;
    long major = strtol(text, &end, 10);

    return (int)(major * 100 + (*end == '.' ? strtol(end + 1, NULL, 10) : 0));
}

/* Calls EACH for every CUDA version of the type. */
static void each_cuda(const struct gpu *gpu,
                      void (*each)(const char *version, bool available,
                                   void *arg),
                      void *arg)
{
    for (const char *at = gpu->cuda; at && *at;) {
        size_t len = strcspn(at, " ");
        bool full = *at == '-';
        char *version = sim_format("%.*s", (int)len - full, at + full);

        each(version, !full, arg);
        free(version);
        at += len + (at[len] == ' ');
    }
}

/* --- answers ------------------------------------------------------------- */

static const char *title_of(int status)
{
    static const struct {
        int status;
        const char *title;
    } titles[] = {
        {400, "Bad Request"},       {401, "Unauthorized"},
        {402, "Payment Required"},  {403, "Forbidden"},
        {404, "Not Found"},         {405, "Method Not Allowed"},
        {409, "Conflict"},          {410, "Gone"},
        {413, "Content Too Large"}, {422, "Unprocessable Entity"},
        {429, "Too Many Requests"}, {500, "Internal Server Error"},
        {502, "Bad Gateway"},       {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    };

    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (titles[i].status == status)
            return titles[i].title;
    return "Error";
}

/* ERRORS (stolen) may be NULL. */
static void problem(struct sim_call *call, int status, const char *detail,
                    json_t *errors)
{
    sim_reply(call, status,
              json_pack("{s:s, s:i, s:s, s:o*}", "title", title_of(status),
                        "status", status, "detail", detail, "errors", errors));
    call->type = "application/problem+json";
}

static void runpod_fail(struct sim_call *call, int status, const char *detail)
{
    problem(call, status, detail, NULL);
}

static void add_error(void *arg, const char *path, const char *message)
{
    char *text = sim_format("%s: %s", path, message);

    json_array_append_new(arg, json_string(text));
    free(text);
}

/* false: it has replied. */
static bool body_fits(struct sim_call *call, const struct sim_field *fields)
{
    json_t *errors;

    if (!call->body) {
        problem(call, 400, "The request body is not valid JSON.", NULL);
        return false;
    }
    errors = json_array();
    if (sim_check(call->body, fields, add_error, errors) == 0) {
        json_decref(errors);
        return true;
    }
    problem(call, 422, "Request validation failed.", errors);
    return false;
}

static void bad_query(struct sim_call *call, const char *path,
                      const char *message)
{
    json_t *errors = json_array();

    add_error(errors, path, message);
    problem(call, 422, "Request validation failed.", errors);
}

/* --- admission ----------------------------------------------------------- */

static bool admit_agent(struct sim_call *call)
{
    const char *agent = sim_header(call, "User-Agent");

    if (agent && *agent && strncmp(agent, "Python-urllib", 13) != 0)
        return true;
    sim_reply_text(call, 403, "text/plain; charset=UTF-8", "error code: 1010");
    return false;
}

static bool admit_key(struct sim_call *call)
{
    const char *token = sim_bearer(call);

    if (token && strcmp(token, sim_options(call->sim)->key) == 0)
        return true;
    sim_reply_text(call, 401, "text/plain; charset=utf-8",
                   token ? "invalid api key" : "missing bearer token");
    return false;
}

static bool admit_rate(struct sim_call *call)
{
    struct sim_rate rate = {0};
    bool within = sim_rate_take(call->sim, &rate);

    if (rate.quota < 0)
        return true;
    sim_reply_header(call, "RateLimit", "\"minute\";r=%lld;t=%lld",
                     (long long)rate.left, (long long)rate.reset_s);
    sim_reply_header(call, "RateLimit-Policy", "\"minute\";q=%lld;w=60",
                     (long long)rate.quota);
    if (within)
        return true;
    sim_reply_header(call, "Retry-After", "%lld", (long long)rate.reset_s);
    problem(call, 429, "rate limit exceeded for the minute window", NULL);
    return false;
}

static bool runpod_admit(struct sim_call *call)
{
    char id[25];

    sim_random_word(id, sizeof id - 1);
    sim_reply_header(call, "x-request-id", "%s", id);
    return admit_agent(call) && admit_key(call) && admit_rate(call);
}

/* --- pods ---------------------------------------------------------------- */

static const char *status_of(const struct sim *sim,
                             const struct sim_machine *pod)
{
    int64_t left = pod->started_ms - sim_clock_ms();

    switch (sim_machine_state(sim, pod)) {
    case SIM_PENDING:
        return left > sim_options(sim)->ready_ms / 2 ? "PROVISIONING"
                                                     : "STARTING";
    case SIM_RUNNING:
        return "RUNNING";
    case SIM_STOPPED:
        return "EXITED";
    case SIM_FAILED:
        return "ERROR";
    case SIM_GONE:
        break;
    }
    return "TERMINATED";
}

static json_t *actions_of(enum sim_machine_state state)
{
    if (state == SIM_PENDING)
        return json_pack("[s, s]", "stop", "terminate");
    if (state == SIM_RUNNING)
        return json_pack("[s, s, s]", "stop", "restart", "terminate");
    return state == SIM_GONE ? json_array()
                             : json_pack("[s, s]", "start", "terminate");
}

static bool has_port(const struct sim_machine *pod, const char *port)
{
    const json_t *ports = json_object_get(pod->data, "ports");
    const json_t *value;
    size_t i;

    json_array_foreach(ports, i, value)
    {
        if (strcmp(json_string_value(value), port) == 0)
            return true;
    }
    return false;
}

static json_t *endpoint(const char *host, int port, const char *user)
{
    char *command = port == 22
                        ? sim_format("ssh %s@%s", user, host)
                        : sim_format("ssh %s@%s -p %d", user, host, port);
    json_t *made = json_pack("{s:s, s:i, s:s, s:s}", "host", host, "port", port,
                             "username", user, "command", command);

    free(command);
    return made;
}

static json_t *ssh_of(const struct sim *sim, const struct sim_machine *pod)
{
    bool direct = sim_machine_reachable(sim, pod) && has_port(pod, "22/tcp");
    char *proxy_user =
        sim_format("%s-%s", pod->id, sim_text(pod->data, "route", "00000000"));
    json_t *made = json_pack(
        "{s:o, s:o}", "proxy", endpoint("ssh.runpod.io", 22, proxy_user),
        "direct",
        direct ? endpoint(pod->host, pod->port, sim_login(sim)) : json_null());

    free(proxy_user);
    return made;
}

static json_t *port_entry(const struct sim_machine *pod, int private,
                          const char *type, int n)
{
    bool tcp = strcmp(type, "tcp") == 0;
    char *inner = sim_format("100.65.%d.%d", (int)(pod->number % 250) + 1,
                             (int)(pod->number / 250 % 250) + 1);
    json_t *made =
        json_pack("{s:i, s:i, s:s, s:s}", "private", private, "public",
                  private == 22 && tcp ? pod->port : 60000 + n, "type", type,
                  "ip", tcp ? pod->host : inner);

    free(inner);
    return made;
}

/* Asked for or not, there is one more; and each answer has another order. */
static json_t *runtime_ports(const struct sim_machine *pod)
{
    const json_t *ports = json_object_get(pod->data, "ports");
    json_t *list = json_array(), *turned = json_array();
    const json_t *value;
    size_t i, n, first;

    json_array_foreach(ports, i, value)
    {
        const char *port = json_string_value(value);
        const char *slash = strchr(port, '/');

        json_array_append_new(list,
                              port_entry(pod, (int)strtol(port, NULL, 10),
                                         slash ? slash + 1 : "tcp", (int)i));
    }
    json_array_append_new(list, port_entry(pod, 19123, "http", 99));
    n = json_array_size(list);
    first = sim_random() % n;
    for (i = 0; i < n; i++)
        json_array_append(turned, json_array_get(list, (first + i) % n));
    json_decref(list);
    return turned;
}

static json_t *runtime_of(const struct sim *sim, const struct sim_machine *pod)
{
    const json_t *gpu = json_object_get(pod->data, "gpu");
    json_t *list = json_array();

    if (!sim_machine_reachable(sim, pod)) {
        json_decref(list);
        return json_null();
    }
    for (int64_t i = sim_number(gpu, "count", 0); i > 0; i--)
        json_array_append_new(
            list, json_pack("{s:i, s:i}", "util", 0, "memoryUtil", 0));
    return json_pack("{s:I, s:o, s:{s:i}, s:{s:i}, s:o}", "uptime",
                     (json_int_t)((sim_clock_ms() - pod->started_ms) / 1000),
                     "gpus", list, "cpu", "util", 0, "memory", "util", 0,
                     "ports", runtime_ports(pod));
}

static json_t *stamp(int64_t clock_ms)
{
    char text[SIM_STAMP_SIZE];

    sim_stamp(text, clock_ms, false);
    return json_string(text);
}

/* data has what was asked for under the names of the answer. */
static const char *const kept[] = {
    "image", "args", "disk",         "mounts",      "ports", "env",  "registry",
    "cloud", "gpu",  "dataCenterId", "cudaVersion", "cpu",   "cost", NULL};

static json_t *pod_json(const struct sim *sim, const struct sim_machine *pod)
{
    enum sim_machine_state state = sim_machine_state(sim, pod);
    json_t *made = json_object();

    for (size_t i = 0; kept[i]; i++)
        json_object_set(made, kept[i], json_object_get(pod->data, kept[i]));
    sim_put(made, "id", json_string(pod->id));
    sim_put(made, "name", json_string(pod->name));
    sim_put(made, "status", json_string(status_of(sim, pod)));
    sim_put(made, "actions", actions_of(state));
    sim_put(made, "ssh", ssh_of(sim, pod));
    sim_put(made, "template", json_null());
    sim_put(made, "locked", json_boolean(pod->locked));
    sim_put(
        made, "globalNetworking",
        json_pack("{s:b}", "enabled", sim_flag(pod->data, "globalNetworking")));
    sim_put(made, "runtime", runtime_of(sim, pod));
    sim_put(made, "createdAt", stamp(pod->created_ms));
    sim_put(made, "startedAt",
            state == SIM_RUNNING ? stamp(pod->started_ms) : json_null());
    return made;
}

static struct sim_machine *pod_of(struct sim_call *call)
{
    struct sim_machine *pod = sim_machine_find(call->sim, call->arg[0]);

    if (!pod)
        problem(call, 404,
                *call->arg[0] ? "pod not found" : "resource not found", NULL);
    return pod;
}

static void get_pod(struct sim_call *call)
{
    const struct sim_machine *pod = pod_of(call);

    if (pod)
        sim_reply(call, 200, pod_json(call->sim, pod));
}

/* --- list ---------------------------------------------------------------- */

static const char cursor_head[] = "cG9kczox";
enum { CURSOR_MASK = 0x5a5a5a };

static char *cursor_text(int64_t number)
{
    return sim_format("%s%llx", cursor_head,
                      (unsigned long long)number ^ CURSOR_MASK);
}

static bool read_cursor(const char *text, int64_t *number)
{
    size_t len = sizeof cursor_head - 1;
    char *end = NULL;

    if (strncmp(text, cursor_head, len) != 0 || !text[len])
        return false;
    *number = (int64_t)(strtoull(text + len, &end, 16) ^ CURSOR_MASK);
    return !*end && *number > 0;
}

/* false: it has replied. */
static bool read_page(struct sim_call *call, int64_t *limit, int64_t *before)
{
    char *text = sim_query(call, "limit"), *cursor = sim_query(call, "cursor");
    char *end = NULL;
    bool ok = true;

    *limit = 1000;
    *before = INT64_MAX;
    if (text)
        *limit = strtol(text, &end, 10);
    if (text && (*limit < 1 || *limit > 1000 || *end)) {
        bad_query(call, "query.limit", "must be from 1 to 1000");
        ok = false;
    } else if (cursor && !read_cursor(cursor, before)) {
        bad_query(call, "query.cursor", "malformed cursor");
        ok = false;
    }
    free(text);
    free(cursor);
    return ok;
}

/* The next that a list shows. */
static const struct sim_machine *next_listed(const struct sim *sim,
                                             int64_t before)
{
    const struct sim_machine *pod = sim_machine_before(sim, before);

    while (pod && sim_machine_hidden(sim, pod))
        pod = sim_machine_before(sim, pod->number);
    return pod;
}

static void list_pods(struct sim_call *call)
{
    struct sim *sim = call->sim;
    int64_t limit, before,
        page_max = sim_number(sim_values(sim), "page_max", 0);
    json_t *pods, *cursor = json_null();
    const struct sim_machine *pod;

    if (!read_page(call, &limit, &before))
        return;
    if (page_max && page_max < limit)
        limit = page_max;
    pods = json_array();
    pod = next_listed(sim, before);
    for (; pod && limit > 0; limit--) {
        json_array_append_new(pods, pod_json(sim, pod));
        before = pod->number;
        pod = next_listed(sim, before);
    }
    if (pod) {
        char *text = cursor_text(before);

        cursor = json_string(text);
        free(text);
    }
    sim_machines_listed(sim);
    sim_reply(call, 200,
              json_pack("{s:o, s:{s:b, s:o}}", "pods", pods, "pagination",
                        "hasNextPage", pod != NULL, "nextCursor", cursor));
}

/* --- create -------------------------------------------------------------- */

static const struct sim_field text_item = {.type = SIM_STRING};
static const struct sim_field port_item = {.type = SIM_STRING,
                                           .pattern = "^[0-9]+/(http|tcp)$"};
static const struct sim_field cuda_item = {.type = SIM_STRING,
                                           .pattern = "^[0-9]+\\.[0-9]+$"};
/* clang-format off */
static const struct sim_field gpu_fields[] = {
    {.key = "id", .type = SIM_STRING, .flags = SIM_REQUIRED},
    {.key = "count", .type = SIM_INTEGER, .min = 1},
    {.key = "allowedCudaVersions", .type = SIM_ARRAY, .sub = &cuda_item},
    {.key = "minCudaVersion", .type = SIM_STRING,
     .pattern = "^[0-9]+\\.[0-9]+$"},
    {.key = "minRamPerGpu", .type = SIM_INTEGER, .min = 1},
    {.key = "minVcpuCountPerGpu", .type = SIM_INTEGER, .min = 1},
    {0},
};
static const struct sim_field cpu_fields[] = {
    {.key = "id", .type = SIM_STRING, .flags = SIM_REQUIRED, .min = 1},
    {.key = "vcpuCount", .type = SIM_INTEGER, .flags = SIM_REQUIRED, .min = 2},
    {0},
};
static const struct sim_field persistent_fields[] = {
    {.key = "size", .type = SIM_INTEGER, .flags = SIM_REQUIRED, .min = 10},
    {.key = "path", .type = SIM_STRING, .flags = SIM_REQUIRED},
    {0},
};
static const struct sim_field volume_fields[] = {
    {.key = "volumeId", .type = SIM_STRING, .flags = SIM_REQUIRED},
    {.key = "path", .type = SIM_STRING, .flags = SIM_REQUIRED},
    {0},
};
static const struct sim_field volume_item = {
    .type = SIM_OBJECT, .sub = volume_fields};
static const struct sim_field mount_fields[] = {
    {.key = "persistent", .type = SIM_OBJECT, .sub = persistent_fields},
    {.key = "network", .type = SIM_ARRAY, .max = 1, .sub = &volume_item},
    {0},
};
#define CONTAINER_FIELDS                                                       \
    {.key = "args", .type = SIM_STRING},                                       \
    {.key = "cmd", .type = SIM_ARRAY, .sub = &text_item},                      \
    {.key = "disk", .type = SIM_INTEGER, .min = 1},                            \
    {.key = "entrypoint", .type = SIM_ARRAY, .sub = &text_item},               \
    {.key = "env", .type = SIM_MAP},                                           \
    {.key = "globalNetworking", .type = SIM_BOOLEAN},                          \
    {.key = "mounts", .type = SIM_OBJECT, .sub = mount_fields},                \
    {.key = "ports", .type = SIM_ARRAY, .sub = &port_item},                    \
    {.key = "registry", .type = SIM_STRING, .flags = SIM_NULLABLE}
static const struct sim_field create_fields[] = {
    CONTAINER_FIELDS,
    {.key = "name", .type = SIM_STRING, .flags = SIM_REQUIRED, .min = 1},
    {.key = "image", .type = SIM_STRING, .flags = SIM_REQUIRED},
    {.key = "cloud", .type = SIM_STRING, .words = clouds},
    {.key = "cpu", .type = SIM_OBJECT, .sub = cpu_fields},
    {.key = "dataCenterIds", .type = SIM_ARRAY, .sub = &text_item},
    {.key = "gpu", .type = SIM_OBJECT, .sub = gpu_fields},
    {.key = "startJupyter", .type = SIM_BOOLEAN},
    {.key = "startSsh", .type = SIM_BOOLEAN},
    {0},
};
/* With a template, image may come from there. */
static const struct sim_field template_fields[] = {
    CONTAINER_FIELDS,
    {.key = "name", .type = SIM_STRING, .flags = SIM_REQUIRED, .min = 1},
    {.key = "image", .type = SIM_STRING},
    {.key = "cloud", .type = SIM_STRING, .words = clouds},
    {.key = "cpu", .type = SIM_OBJECT, .sub = cpu_fields},
    {.key = "dataCenterIds", .type = SIM_ARRAY, .sub = &text_item},
    {.key = "gpu", .type = SIM_OBJECT, .sub = gpu_fields},
    {.key = "startJupyter", .type = SIM_BOOLEAN},
    {.key = "startSsh", .type = SIM_BOOLEAN},
    {.key = "templateId", .type = SIM_STRING, .min = 1},
    {0},
};
static const struct sim_field patch_fields[] = {
    CONTAINER_FIELDS,
    {.key = "name", .type = SIM_STRING, .min = 1},
    {.key = "image", .type = SIM_STRING},
    {.key = "locked", .type = SIM_BOOLEAN},
    {.key = "templateId", .type = SIM_STRING},
    {0},
};
static const char *const action_words[] = {"start", "stop", "restart",
                                           "terminate", NULL};
static const struct sim_field action_fields[] = {
    {.key = "action", .type = SIM_STRING, .flags = SIM_REQUIRED,
     .words = action_words},
    {0},
};
/* clang-format on */

static const char no_instances[] =
    "There are no longer any instances available with the requested "
    "specifications. Please refresh and try again.";

/* What matches the contract and breaks a rule; NULL: nothing. */
static const char *broken_rule(const json_t *body)
{
    const json_t *gpu = json_object_get(body, "gpu");
    const json_t *mounts = json_object_get(body, "mounts");
    bool community =
        strcmp(sim_text(body, "cloud", "SECURE"), "COMMUNITY") == 0;

    if (!gpu == !json_object_get(body, "cpu"))
        return "Exactly one of gpu or cpu is required.";
    if (!json_object_get(body, "disk"))
        return "Provide either a template id or the pod configuration "
               "parameters.";
    if (json_object_get(gpu, "minCudaVersion") &&
        json_array_size(json_object_get(gpu, "allowedCudaVersions")))
        return "allowedCudaVersions and minCudaVersion are mutually exclusive.";
    if (json_object_get(mounts, "persistent") &&
        json_array_size(json_object_get(mounts, "network")))
        return "A pod has either a persistent or a network mount.";
    if (json_array_size(json_object_get(mounts, "network")) && community)
        return "Network volumes are available in the secure cloud only.";
    if (json_object_size(json_object_get(body, "env")) > 50)
        return "A pod has at most 50 environment variables.";
    return NULL;
}

struct cuda_wish {
    const json_t *gpu;
    const char *best; /* the first that will do */
    char *found;
};

static void match_cuda(const char *version, bool available, void *arg)
{
    struct cuda_wish *wish = arg;
    const char *min = sim_text(wish->gpu, "minCudaVersion", NULL);
    const json_t *list = json_object_get(wish->gpu, "allowedCudaVersions");
    const json_t *value;
    bool fits = json_array_size(list) == 0;
    size_t i;

    json_array_foreach(list, i, value)
    {
        fits = fits || strcmp(json_string_value(value), version) == 0;
    }
    if (available && fits && !wish->found &&
        (!min || version_number(version) >= version_number(min)))
        wish->found = sim_copy(version);
}

/* The CUDA version of the host that the pod lands on; NULL: there is none that
 * will do. */
static char *place_cuda(const struct gpu *gpu, const json_t *wanted)
{
    struct cuda_wish wish = {.gpu = wanted};

    each_cuda(gpu, match_cuda, &wish);
    if (!wish.found && !gpu->cuda &&
        !json_object_get(wanted, "minCudaVersion") &&
        !json_array_size(json_object_get(wanted, "allowedCudaVersions")))
        return sim_copy("12.8");
    return wish.found;
}

/* Where a pod lands; NULL in the community cloud. */
static const char *place_id(const json_t *body)
{
    const json_t *first =
        json_array_get(json_object_get(body, "dataCenterIds"), 0);

    if (strcmp(sim_text(body, "cloud", "SECURE"), "COMMUNITY") == 0)
        return NULL;
    return first ? json_string_value(first) : places[0].id;
}

static json_t *default_to(const json_t *body, const char *key, json_t *fallback)
{
    json_t *value = json_object_get(body, key);

    if (!value)
        return fallback;
    json_decref(fallback);
    return json_incref(value);
}

/* What the pod is, from a body that is in order. */
static void fill_pod(struct sim_machine *pod, const json_t *body,
                     const struct gpu *gpu, const char *cuda, double factor)
{
    const json_t *wanted = json_object_get(body, "gpu");
    int64_t count = sim_number(wanted, "count", 1);
    const char *cloud = sim_text(body, "cloud", "SECURE");
    double price =
        strcmp(cloud, "SECURE") == 0 ? gpu->secure_price : gpu->community_price;
    const char *place = place_id(body);
    char route[9];

    snprintf(route, sizeof route, "%08x", (unsigned)sim_random());
    pod->data = json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s?, s:s, s:o, s:s, s:o, "
        "s:b}",
        "image", sim_text(body, "image", ""), "args",
        default_to(body, "args", json_string("")), "disk",
        default_to(body, "disk", json_integer(20)), "mounts",
        default_to(body, "mounts", json_object()), "ports",
        default_to(body, "ports", json_array()), "env",
        default_to(body, "env", json_object()), "registry",
        default_to(body, "registry", json_null()), "cloud", cloud,
        "dataCenterId", place, "cudaVersion", cuda, "gpu",
        json_pack("{s:s, s:I, s:I, s:I}", "id", gpu->id, "count",
                  (json_int_t)count, "vcpuCount", (json_int_t)count * 8,
                  "memory", (json_int_t)count * 32),
        "route", route, "cost", sim_price(price * (double)count * factor),
        "globalNetworking", sim_flag(body, "globalNetworking"));
    sim_put(pod->data, "fresh", json_true());
}

/* The lines that go into authorized_keys: what the request says, else those of
 * the account when asked for. The caller's. */
static char *keys_of(struct sim *sim, const json_t *body)
{
    const char *own =
        sim_text(json_object_get(body, "env"), "PUBLIC_KEY", NULL);
    const json_t *account = sim_state(sim);
    char *keys = NULL;
    const json_t *line;
    size_t i;

    if (own)
        return sim_copy(own);
    if (!sim_flag(body, "startSsh"))
        return NULL;
    json_array_foreach(account, i, line)
    {
        char *more = sim_format("%s%s%s", keys ? keys : "", keys ? "\n" : "",
                                json_string_value(line));

        free(keys);
        keys = more;
    }
    return keys;
}

static struct sim_machine *make_pod(struct sim *sim, const json_t *body,
                                    const struct gpu *gpu, const char *cuda,
                                    struct sim_call *call)
{
    const char *name = sim_text(body, "name", "");
    char *keys = keys_of(sim, body);
    const struct sim_wish wish = {
        .id = sim_text(body, "id", NULL),
        .name = name,
        .login = sim_text(json_object_get(body, "env"), "MACHINE_NAME", NULL),
        .keys = keys,
        .call = call,
    };
    struct sim_machine *pod = sim_machine_new(sim, &wish);
    const json_t *lie = call ? sim_fault(call, "price", gpu->id) : NULL;
    double factor = lie ? json_number_value(json_object_get(lie, "factor")) : 1;

    json_decref(pod->data);
    fill_pod(pod, body, gpu, cuda, factor > 0 ? factor : 2);
    free(keys);
    return pod;
}

/* Reasons against this create that are not the request's fault. NULL: none. */
static const char *refusal(struct sim_call *call, const struct gpu *gpu,
                           int *status)
{
    const json_t *gpu_wish = json_object_get(call->body, "gpu");
    bool community =
        strcmp(sim_text(call->body, "cloud", "SECURE"), "COMMUNITY") == 0;
    const json_t *balance = json_object_get(sim_values(call->sim), "balance");
    const json_t *fault;
    const char *place = place_id(call->body);

    *status = 402;
    if (balance && json_number_value(balance) <= 0)
        return "Your account balance is insufficient to deploy this pod.";
    *status = 403;
    if (sim_fault(call, "pool", gpu->id))
        return "access denied";
    *status = 400;
    fault = sim_fault(call, "capacity", gpu->id);
    if (fault)
        return sim_text(fault, "detail", no_instances);
    if (!in_stock(gpu, community, sim_number(gpu_wish, "count", 1)))
        return no_instances;
    if (place && !find_place(place))
        return "Your request could not be placed in the requested data "
               "centers.";
    return NULL;
}

static void create_pod(struct sim_call *call)
{
    const json_t *body = call->body;
    bool from_template = json_object_get(body, "templateId") != NULL;
    const char *id, *wrong;
    const struct gpu *gpu;
    char *cuda;
    int status = 400;

    if (!body_fits(call, from_template ? template_fields : create_fields))
        return;
    if (from_template) { /* there are none */
        problem(call, 404, "template not found", NULL);
        return;
    }
    wrong = broken_rule(body);
    if (wrong || json_object_get(body, "cpu")) {
        problem(call, 400, wrong ? wrong : no_instances, NULL);
        return;
    }
    id = sim_text(json_object_get(body, "gpu"), "id", "");
    gpu = find_gpu(id);
    if (!gpu || !gpu->memory) {
        char *text = sim_format("Unknown GPU type: %s", id);

        problem(call, 422, text, NULL);
        free(text);
        return;
    }
    wrong = refusal(call, gpu, &status);
    cuda = wrong ? NULL : place_cuda(gpu, json_object_get(body, "gpu"));
    if (wrong || !cuda)
        problem(call, status, wrong ? wrong : no_instances, NULL);
    else
        sim_reply(
            call, 201,
            pod_json(call->sim, make_pod(call->sim, body, gpu, cuda, call)));
    free(cuda);
}

/* A create without its checks, and with defaults. */
static struct sim_machine *runpod_seed(struct sim *sim, const json_t *wish)
{
    json_t *body = json_pack(
        "{s:s, s:s, s:s, s:{s:s, s:i}, s:i, s:[s, s], s:{}}", "name",
        "stranger", "image", "runpod/pytorch:1.0.2-cu1281-torch280-ubuntu2404",
        "cloud", "COMMUNITY", "gpu", "id", "NVIDIA RTX A4000", "count", 1,
        "disk", 40, "ports", "8888/http", "22/tcp", "env");
    struct sim_machine *pod = NULL;
    const struct gpu *gpu;

    json_object_update(body, (json_t *)wish);
    gpu = find_gpu(sim_text(json_object_get(body, "gpu"), "id", ""));
    if (gpu) {
        pod = make_pod(sim, body, gpu, "12.8", NULL);
        pod->locked = sim_flag(wish, "locked");
    }
    json_decref(body);
    return pod;
}

/* --- change -------------------------------------------------------------- */

static const char pod_locked[] = "Pod is locked";

static void end_pod(struct sim_call *call, struct sim_machine *pod)
{
    const json_t *fault = sim_fault(call, "linger", pod->name);

    sim_machine_end(call->sim, pod);
    if (fault)
        sim_machine_linger(pod, sim_number(fault, "ms", 1000));
    sim_reply_text(call, 204, NULL, NULL);
}

static void delete_pod(struct sim_call *call)
{
    struct sim_machine *pod = pod_of(call);

    if (pod && sim_machine_state(call->sim, pod) == SIM_GONE)
        problem(call, 404, "pod not found", NULL);
    else if (pod && pod->locked)
        problem(call, 400, pod_locked, NULL);
    else if (pod)
        end_pod(call, pod);
}

static bool allows(struct sim_call *call, const struct sim_machine *pod,
                   const char *action)
{
    json_t *actions = actions_of(sim_machine_state(call->sim, pod));
    json_t *value;
    bool found = false;
    size_t i;

    json_array_foreach(actions, i, value)
    {
        found = found || strcmp(json_string_value(value), action) == 0;
    }
    json_decref(actions);
    return found;
}

/* false: it has replied. */
static bool start_pod(struct sim_call *call, struct sim_machine *pod)
{
    json_t *gpu = json_object_get(pod->data, "gpu");
    const char *id = sim_text(gpu, "id", "");

    if (sim_fault(call, "host-full", id)) {
        problem(call, 400,
                "There are not enough free GPUs on the host machine to start "
                "this pod.",
                NULL);
        return false;
    }
    if (sim_fault(call, "zero-gpu", id))
        sim_put(gpu, "count", json_integer(0));
    sim_machine_start(call->sim, pod);
    return true;
}

static void act(struct sim_call *call, struct sim_machine *pod,
                const char *action)
{
    if (strcmp(action, "terminate") == 0) {
        end_pod(call, pod);
        return;
    }
    if (strcmp(action, "start") == 0) {
        if (!start_pod(call, pod))
            return;
    } else {
        sim_machine_stop(call->sim, pod, true);
        if (strcmp(action, "restart") == 0)
            sim_machine_start(call->sim, pod);
    }
    sim_reply(call, 200, pod_json(call->sim, pod));
}

static void act_on_pod(struct sim_call *call)
{
    struct sim_machine *pod = pod_of(call);
    const char *action;

    if (!pod || !body_fits(call, action_fields))
        return;
    action = sim_text(call->body, "action", "");
    if (pod->locked && strcmp(action, "start") != 0) {
        problem(call, 400, pod_locked, NULL);
    } else if (!allows(call, pod, action)) {
        char *text = sim_format("Cannot %s a pod that is %s.", action,
                                status_of(call->sim, pod));

        problem(call, 409, text, NULL);
        free(text);
    } else {
        act(call, pod, action);
    }
}

/* NULL: nothing. */
static const char *broken_mount_rule(const struct sim_machine *pod,
                                     const json_t *mounts)
{
    const json_t *had = json_object_get(pod->data, "mounts");
    const json_t *network = json_object_get(mounts, "network");

    if (json_object_size(mounts) == 0)
        return NULL;
    if (!json_object_get(mounts, "persistent") !=
            !json_object_get(had, "persistent") ||
        !network != !json_object_get(had, "network"))
        return "The kind of a mount cannot be changed.";
    if (network && !json_equal(network, json_object_get(had, "network")))
        return "The network volume of a pod cannot be changed.";
    return NULL;
}

/* Everything but a name and a lock resets the container. */
static void patch_container(struct sim *sim, struct sim_machine *pod,
                            const json_t *body)
{
    bool up = pod->started_ms != 0, reset = false;

    for (size_t i = 0; kept[i]; i++) {
        json_t *value = json_object_get(body, kept[i]);

        if (!value ||
            (strcmp(kept[i], "mounts") == 0 && json_object_size(value) == 0))
            continue;
        json_object_set(pod->data, kept[i], value);
        reset = true;
    }
    if (json_object_get(body, "globalNetworking"))
        json_object_set(pod->data, "globalNetworking",
                        json_object_get(body, "globalNetworking"));
    if (!reset || !up)
        return;
    sim_machine_stop(sim, pod, true);
    sim_machine_start(sim, pod);
}

static void patch_pod(struct sim_call *call)
{
    struct sim_machine *pod = pod_of(call);
    const json_t *locked, *body = call->body;
    const char *wrong;

    if (!pod || !body_fits(call, patch_fields))
        return;
    if (json_object_get(body, "templateId")) {
        problem(call, 404, "template not found", NULL);
        return;
    }
    wrong = broken_mount_rule(pod, json_object_get(body, "mounts"));
    if (wrong) {
        problem(call, 400, wrong, NULL);
        return;
    }
    locked = json_object_get(body, "locked");
    if (locked)
        pod->locked = json_is_true(locked);
    if (json_object_get(body, "name"))
        sim_machine_rename(pod, sim_text(body, "name", ""));
    patch_container(call->sim, pod, body);
    sim_reply(call, 200, pod_json(call->sim, pod));
}

static void get_logs(struct sim_call *call)
{
    if (pod_of(call))
        sim_reply_text(call, 200, "text/event-stream",
                       "id: 1\ndata: {\"ts\":\"2026-11-20T10:00:00.000Z\","
                       "\"source\":\"system\",\"line\":\"start container\"}"
                       "\n\n");
}

/* --- catalogue, again: how it is told ------------------------------------ */

struct catalog_query {
    bool stock, community;
    int64_t count;
    char *min_cuda, *cuda_list;
};

static void add_version(const char *version, bool available, void *arg)
{
    const struct catalog_query *query = ((void **)arg)[0];
    json_t *list = ((void **)arg)[1];

    if (query->min_cuda &&
        version_number(version) < version_number(query->min_cuda))
        return;
    if (query->cuda_list && !strstr(query->cuda_list, version))
        return;
    json_array_append_new(list, json_pack("{s:s, s:b}", "version", version,
                                          "available", available));
}

static json_t *place_list(const char *stock)
{
    json_t *list = json_array();

    for (const struct place *place = places; place->id; place++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "id",
                                              place->id, "name", place->name,
                                              "availability", stock));
    return list;
}

static void add_stock(json_t *entry, const struct gpu *gpu,
                      const struct catalog_query *query)
{
    json_t *versions = json_array();
    void *arg[] = {(void *)query, versions};
    const char *stock =
        in_stock(gpu, query->community, query->count) ? gpu->stock : "NONE";

    each_cuda(gpu, add_version, arg);
    sim_put(entry, "availability", json_string(stock));
    if (json_array_size(versions))
        json_object_set(entry, "cudaVersions", versions);
    json_decref(versions);
    if (!query->community && strcmp(stock, "NONE") != 0)
        sim_put(entry, "dataCenters", place_list(stock));
}

static json_t *gpu_json(const struct gpu *gpu,
                        const struct catalog_query *query)
{
    json_t *entry = json_pack(
        "{s:s, s:s, s:s?, s:s, s:i, s:b, s:b, s:{s:o, s:o}, s:{s:i, s:i}}",
        "id", gpu->id, "name", gpu->name, "pool", gpu->pool, "manufacturer",
        gpu->maker, "memory", gpu->memory, "secure", gpu->secure, "community",
        gpu->community, "price", "secure", sim_price(gpu->secure_price),
        "community", sim_price(gpu->community_price), "maxCount", "secure",
        gpu->secure_max, "community", gpu->community_max);

    if (gpu->serverless_price > 0)
        sim_put(json_object_get(entry, "price"), "serverless",
                sim_price(gpu->serverless_price));
    if (query->stock)
        add_stock(entry, gpu, query);
    return entry;
}

static bool one_of(const char *text, const char *const *words)
{
    for (size_t i = 0; words[i]; i++)
        if (strcmp(words[i], text) == 0)
            return true;
    return false;
}

static void catalog_query_clear(struct catalog_query *query)
{
    free(query->min_cuda);
    free(query->cuda_list);
}

/* false: it has replied. Unknown parameters are nobody's business. */
static bool read_catalog_query(struct sim_call *call,
                               struct catalog_query *query)
{
    char *include = sim_query(call, "include");
    char *product = sim_query(call, "product");
    char *cloud = sim_query(call, "cloud"), *count = sim_query(call, "count");
    bool ok = false;

    *query = (struct catalog_query){
        .stock = include != NULL,
        .community = cloud && strcmp(cloud, "COMMUNITY") == 0,
        .count = count ? strtol(count, NULL, 10) : 1,
        .min_cuda = sim_query(call, "minCudaVersion"),
        .cuda_list = sim_query(call, "cudaVersions"),
    };
    if (include && strcmp(include, "AVAILABILITY") != 0)
        bad_query(call, "query.include", "value must be one of 'AVAILABILITY'");
    else if (cloud && !one_of(cloud, clouds))
        bad_query(call, "query.cloud",
                  "value must be one of 'SECURE', 'COMMUNITY'");
    else if (query->count < 1)
        bad_query(call, "query.count", "minimum: got 0, want 1");
    else if (include && !product)
        problem(call, 400, "product is required with include", NULL);
    else if (!include &&
             (product || cloud || count || query->min_cuda || query->cuda_list))
        problem(call, 400, "filters require include=AVAILABILITY", NULL);
    else if (query->min_cuda && query->cuda_list)
        problem(call, 400,
                "minCudaVersion and cudaVersions are mutually exclusive", NULL);
    else
        ok = true;
    free(include);
    free(product);
    free(cloud);
    free(count);
    return ok;
}

static void list_gpus(struct sim_call *call)
{
    struct catalog_query query;
    json_t *list;

    if (read_catalog_query(call, &query)) {
        list = json_array();
        for (const struct gpu *gpu = gpus; gpu->id; gpu++)
            json_array_append_new(list, gpu_json(gpu, &query));
        sim_reply(call, 200, json_pack("{s:o}", "gpus", list));
    }
    catalog_query_clear(&query);
}

static void get_gpu(struct sim_call *call)
{
    const struct gpu *gpu = find_gpu(call->arg[0]);
    struct catalog_query query;

    if (read_catalog_query(call, &query)) {
        if (gpu)
            sim_reply(call, 200, gpu_json(gpu, &query));
        else
            problem(call, 404, "resource not found", NULL);
    }
    catalog_query_clear(&query);
}

static json_t *place_json(const struct place *place, bool stock)
{
    json_t *entry = json_pack(
        "{s:s, s:s, s:s, s:b, s:[s], s:[s]}", "id", place->id, "name",
        place->name, "region", place->region, "globalNetwork", place->network,
        "networkVolumeTypes", "STANDARD", "compliance", "GDPR");
    json_t *list = json_array();

    for (const struct gpu *gpu = gpus; stock && gpu->id; gpu++)
        if (in_stock(gpu, false, 1))
            json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "id",
                                                  gpu->id, "name", gpu->name,
                                                  "availability", gpu->stock));
    if (stock)
        json_object_set(entry, "gpuAvailability", list);
    json_decref(list);
    return entry;
}

static void list_places(struct sim_call *call)
{
    char *include = sim_query(call, "include");
    char *regions = sim_query(call, "regions");
    json_t *list = json_array();

    for (const struct place *place = places; place->id; place++)
        if (!regions || strstr(regions, place->region))
            json_array_append_new(
                list, place_json(place, include && strstr(include, "GPU")));
    sim_reply(call, 200, json_pack("{s:o}", "dataCenters", list));
    free(include);
    free(regions);
}

static void get_place(struct sim_call *call)
{
    const struct place *place = find_place(call->arg[0]);

    if (place)
        sim_reply(call, 200, place_json(place, false));
    else
        problem(call, 404, "resource not found", NULL);
}

/* --- account ------------------------------------------------------------- */

static void get_keys(struct sim_call *call)
{
    sim_reply(call, 200, json_pack("{s:O}", "keys", sim_state(call->sim)));
}

static void put_keys(struct sim_call *call)
{
    static const struct sim_field line = {
        .type = SIM_STRING,
        .pattern = "^(ssh|ecdsa|sk)-[^[:space:]]+ [^[:space:]]+([ \t].*)?$"};
    static const struct sim_field fields[] = {
        {.key = "keys", .type = SIM_ARRAY, .flags = SIM_REQUIRED, .sub = &line},
        {0},
    };

    if (!body_fits(call, fields))
        return;
    json_array_clear(sim_state(call->sim));
    json_array_extend(sim_state(call->sim),
                      json_object_get(call->body, "keys"));
    get_keys(call);
}

static double balance_of(const struct sim *sim)
{
    const json_t *value = json_object_get(sim_values(sim), "balance");

    return value ? json_number_value(value) : 42.5;
}

/* Of everything that runs. */
static double spend_of(const struct sim *sim)
{
    const struct sim_machine *pod = sim_machine_before(sim, INT64_MAX);
    double sum = 0;

    for (; pod; pod = sim_machine_before(sim, pod->number)) {
        enum sim_machine_state state = sim_machine_state(sim, pod);

        if (state == SIM_RUNNING || state == SIM_PENDING)
            sum += json_number_value(json_object_get(pod->data, "cost"));
    }
    return sum;
}

static void get_balance(struct sim_call *call)
{
    const json_t *values = sim_values(call->sim);
    int status = (int)sim_number(values, "balance_status", 200);

    if (status == 200)
        sim_reply(call, 200,
                  json_pack("{s:o, s:s}", "balanceAmount",
                            sim_price(balance_of(call->sim)), "billingMode",
                            sim_text(values, "billing_mode", "PREPAID")));
    else
        problem(call, status,
                status == 403 ? "access denied" : "resource not found", NULL);
}

static void get_account(struct sim_call *call)
{
    sim_reply(call, 200,
              json_pack("{s:s, s:n}", "id", "user_2sim0account", "email"));
}

static json_t *billing_record(const struct sim_machine *pod)
{
    double hours = (double)(sim_clock_ms() - pod->created_ms) / 3600000;
    double sum = hours * json_number_value(json_object_get(pod->data, "cost"));

    return json_pack("{s:o, s:o, s:s, s:f, s:f, s:i, s:i}", "startTime",
                     stamp(pod->created_ms), "endTime", stamp(sim_clock_ms()),
                     "podId", pod->id, "totalAmount", sum, "gpuAmount", sum,
                     "cpuAmount", 0, "diskAmount", 0);
}

static json_t *billing_totals(double sum)
{
    return json_pack("{s:f, s:f, s:i, s:i}", "totalAmount", sum, "gpuAmount",
                     sum, "cpuAmount", 0, "diskAmount", 0);
}

static json_t *billing_metadata(size_t n, double sum)
{
    int64_t now = sim_clock_ms();

    return json_pack("{s:{s:s, s:o, s:o}, s:I, s:I, s:o}", "query",
                     "bucketSize", "day", "startTime",
                     stamp(now - 30LL * 86400000), "endTime", stamp(now),
                     "recordCount", (json_int_t)n, "uniquePodCount",
                     (json_int_t)n, "totals", billing_totals(sum));
}

static void get_billing(struct sim_call *call)
{
    char *start = sim_query(call, "startTime");
    char *end = sim_query(call, "endTime");
    const struct sim_machine *pod = sim_machine_before(call->sim, INT64_MAX);
    bool both = !start == !end;
    json_t *records;
    double sum = 0;

    free(start);
    free(end);
    if (!both) {
        problem(call, 400, "startTime and endTime must be provided together",
                NULL);
        return;
    }
    records = json_array();
    for (; pod; pod = sim_machine_before(call->sim, pod->number)) {
        json_t *record = billing_record(pod);

        sum += json_number_value(json_object_get(record, "totalAmount"));
        json_array_append_new(records, record);
    }
    sim_reply(call, 200,
              json_pack("{s:o, s:o}", "records", records, "metadata",
                        billing_metadata(json_array_size(records), sum)));
}

/* --- GraphQL ------------------------------------------------------------- */

static json_t *graphql_pods(const struct sim *sim)
{
    const struct sim_machine *pod = sim_machine_before(sim, INT64_MAX);
    const json_t *when = json_object_get(sim_values(sim), "maintenance");
    json_t *list = json_array();

    for (; pod; pod = sim_machine_before(sim, pod->number)) {
        const json_t *gpu = json_object_get(pod->data, "gpu");

        json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:s, s:O, s:I, s:s, s:{s:s, s:s?, s:s?, "
                      "s:s?}}",
                      "id", pod->id, "name", pod->name, "desiredStatus",
                      pod->started_ms ? "RUNNING" : "EXITED", "costPerHr",
                      json_object_get(pod->data, "cost"), "gpuCount",
                      (json_int_t)sim_number(gpu, "count", 0), "imageName",
                      sim_text(pod->data, "image", ""), "machine",
                      "gpuDisplayName", sim_text(gpu, "id", ""),
                      "maintenanceStart", sim_text(when, "start", NULL),
                      "maintenanceEnd", sim_text(when, "end", NULL),
                      "maintenanceNote", sim_text(when, "note", NULL)));
    }
    return list;
}

/* Two questions are understood, by the fields that they ask for. */
static void graphql(struct sim_call *call)
{
    const char *query = sim_text(call->body, "query", "");
    double balance = balance_of(call->sim);
    json_t *myself = json_object();

    if (strstr(query, "clientBalance"))
        json_object_update_new(
            myself, json_pack("{s:f, s:f, s:i, s:b}", "clientBalance", balance,
                              "currentSpendPerHr", spend_of(call->sim),
                              "spendLimit", 80, "underBalance", balance <= 0));
    if (strstr(query, "pods"))
        sim_put(myself, "pods", graphql_pods(call->sim));
    if (json_object_size(myself))
        sim_reply(call, 200, json_pack("{s:{s:O}}", "data", "myself", myself));
    else
        sim_reply(call, 200,
                  json_pack("{s:[{s:s}], s:n}", "errors", "message",
                            "Something went wrong. Please try again later or "
                            "contact support.",
                            "data"));
    json_decref(myself);
}

static void retired(struct sim_call *call)
{
    problem(call, 410, "this API has been retired", NULL);
}

static void list_nothing(struct sim_call *call)
{
    const char *wrapper = strstr(call->path, "network") ? "networkVolumes"
                          : strstr(call->path, "regis") ? "registries"
                                                        : "templates";

    sim_reply(call, 200, json_pack("{s:[]}", wrapper));
}

/* --- the provider -------------------------------------------------------- */

static void runpod_open(struct sim *sim)
{
    sim_set_state(sim, json_array()); /* the account's ssh keys */
}

static void runpod_close(struct sim *sim)
{
    json_decref(sim_state(sim));
}

static const struct sim_route routes[] = {
    {"GET", "/v2/pods", list_pods},
    {"POST", "/v2/pods", create_pod},
    {"GET", "/v2/pods/{}", get_pod},
    {"PATCH", "/v2/pods/{}", patch_pod},
    {"DELETE", "/v2/pods/{}", delete_pod},
    {"POST", "/v2/pods/{}/action", act_on_pod},
    {"GET", "/v2/pods/{}/logs", get_logs},
    {"GET", "/v2/catalog/gpus", list_gpus},
    {"GET", "/v2/catalog/gpus/{}", get_gpu},
    {"GET", "/v2/catalog/datacenters", list_places},
    {"GET", "/v2/catalog/datacenters/{}", get_place},
    {"GET", "/v2/account/ssh-keys", get_keys},
    {"PUT", "/v2/account/ssh-keys", put_keys},
    {"GET", "/v2/account", get_account},
    {"GET", "/v2/billing/balance", get_balance},
    {"GET", "/v2/billing/pods", get_billing},
    {"GET", "/v2/templates", list_nothing},
    {"GET", "/v2/network-volumes", list_nothing},
    {"GET", "/v2/registries", list_nothing},
    {"POST", "/graphql", graphql},
    {"GET", "/v1/pods", retired},
    {"POST", "/v1/pods", retired},
    {0},
};

const struct sim_provider sim_provider = {
    .name = "runpod",
    .about = "RunPod's API (REST v2) with made-up pods",
    .url_variable = "RUNPOD_API_URL",
    .url_path = "",
    .key_variable = "RUNPOD_API_KEY",
    .routes = routes,
    .body_max = 102400,
    .open = runpod_open,
    .close = runpod_close,
    .admit = runpod_admit,
    .fail = runpod_fail,
    .seed = runpod_seed,
};
