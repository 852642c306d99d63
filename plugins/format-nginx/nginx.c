/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include <fleet/format.h>

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

/* For the stream {} block of nginx. The lines "# fleet: ..." are read back by
 * fleet when it has lost its state. */
struct config {
    char *listen, *access_log, *error_log;
    int64_t idle_ms;
};

/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "NGINX_LISTEN", .type = FLEET_OPT_STRING,
     FLEET_AT(struct config, listen),
     .help = "address that nginx listens on, IPv6 in brackets; default: every "
             "IPv4 address of the proxy"},
    {.key = "NGINX_ACCESS_LOG", .type = FLEET_OPT_STRING,
     FLEET_AT(struct config, access_log),
     .fallback = "/var/log/nginx/fleet-access.log",
     .help = "where nginx writes a line for each connection; off: nowhere"},
    {.key = "NGINX_ERROR_LOG", .type = FLEET_OPT_STRING,
     FLEET_AT(struct config, error_log),
     .fallback = "/var/log/nginx/fleet-error.log",
     .help = "where nginx writes what goes wrong with them"},
    {.key = "NGINX_IDLE_TIMEOUT", .type = FLEET_OPT_DURATION,
     FLEET_AT(struct config, idle_ms), .fallback = "24h",
     .min = 1000, .max = INT64_C(30) * 24 * 3600 * 1000,
     .help = "nginx ends a connection on which nothing moves for so long"},
    {0},
};
/* clang-format on */

/* As it can stand in nginx without quotes. */
static int check_word(const char *key, const char *word,
                      struct fleet_error *err)
{
    for (const char *at = word; at && *at; at++) {
        if (!isalnum((unsigned char)*at) && !strchr("/._-+:,@=[]", *at))
            return fleet_fail(err, FLEET_ECONFIG,
                              "%s: of letters, digits and /._-+:,@=[] only, "
                              "because it goes into nginx as it is",
                              key);
    }
    return FLEET_OK;
}

/* A listener takes one of a worker's connections, and a session two. nginx -t
 * does not notice when there are too few, and then sessions are dropped. */
#define SESSIONS 8 /* of one pod at once */
static size_t connections(size_t pods)
{
    size_t need = 2 * pods + 2 * SESSIONS * pods;

    return need < 1024 ? 1024 : need;
}

static void put_head(const struct config *config, const struct fleet_view *view,
                     struct fleet_writer *out)
{
    const char *cohort = fleet_view_get(view, FLEET_VIEW_COHORT);
    bool logs = strcmp(config->access_log, "off") != 0;
    size_t n = fleet_view_count(view);

    fleet_writef(out,
                 "# fleet: cohort %s, %zu pod%s, written %s\n"
                 "# Belongs in the stream {} block of nginx; a worker needs "
                 "worker_connections %zu\n"
                 "# or more in the events {} block.\n"
                 "log_format fleet-%s '$time_iso8601 $remote_addr "
                 "$server_port $upstream_addr '\n"
                 "    '$status $bytes_sent $bytes_received $session_time';\n",
                 cohort, n, n == 1 ? "" : "s",
                 fleet_view_get(view, FLEET_VIEW_WRITTEN_AT), connections(n),
                 cohort);
    if (logs)
        fleet_writef(out, "access_log %s fleet-%s;\n", config->access_log,
                     cohort);
    else
        fleet_write(out, "access_log off;\n");
    fleet_writef(out, "error_log %s warn;\n", config->error_log);
}

/* An id may hold anything but control characters: what is no plain character
 * is put as %XX. */
static void put_id(struct fleet_writer *out, const char *id)
{
    for (; id && *id; id++) {
        if (isalnum((unsigned char)*id) || strchr("._-:@/+", *id))
            fleet_write_n(out, id, 1);
        else
            fleet_writef(out, "%%%02X", (unsigned)(unsigned char)*id);
    }
}

static void put_target(struct fleet_writer *out, const struct fleet_pod *pod)
{
    const char *host = fleet_pod_get(pod, FLEET_POD_SSH_HOST);
    bool v6 = strchr(host, ':') != NULL;

    fleet_writef(out, "%s%s%s:%" PRId64, v6 ? "[" : "", host, v6 ? "]" : "",
                 fleet_pod_get_number(pod, FLEET_POD_SSH_PORT, 0));
}

static void put_pod(const struct config *config, const struct fleet_pod *pod,
                    struct fleet_writer *out)
{
    const char *name = fleet_pod_get(pod, FLEET_POD_NAME);
    int64_t port = fleet_pod_get_number(pod, FLEET_POD_PROXY_PORT, 0);

    fleet_writef(out, "\n# fleet: pod name=%s port=%" PRId64 " target=", name,
                 port);
    put_target(out, pod);
    fleet_writef(out,
                 " provider=%s id=", fleet_pod_get(pod, FLEET_POD_PROVIDER));
    put_id(out, fleet_pod_get(pod, FLEET_POD_ID));
    fleet_writef(out, "\nupstream %s {\n    server ", name);
    put_target(out, pod);
    fleet_writef(out,
                 ";\n"
                 "}\n"
                 "server {\n"
                 "    listen %s%s%" PRId64 ";\n"
                 "    proxy_pass %s;\n"
                 "    proxy_connect_timeout 10s;\n"
                 "    proxy_timeout %" PRId64 "s;\n"
                 "    proxy_socket_keepalive on;\n"
                 "}\n",
                 config->listen ? config->listen : "",
                 config->listen ? ":" : "", port, name, config->idle_ms / 1000);
}

static void put_kept(const struct fleet_view *view, struct fleet_writer *out)
{
    const char *name;
    int64_t port;

    for (size_t i = 0; (name = fleet_view_kept(view, i, &port)); i++)
        fleet_writef(out, "%s# fleet: kept name=%s port=%" PRId64 "\n",
                     i ? "" : "\n", name, port);
}

static int render(const void *given, const struct fleet_view *view,
                  struct fleet_writer *out, struct fleet_error *err)
{
    const struct config *config = given;
    int rc = check_word("NGINX_LISTEN", config->listen, err);

    if (rc == 0)
        rc = check_word("NGINX_ACCESS_LOG", config->access_log, err);
    if (rc == 0)
        rc = check_word("NGINX_ERROR_LOG", config->error_log, err);
    if (rc < 0)
        return rc;
    put_head(config, view, out);
    for (size_t i = 0; i < fleet_view_count(view); i++)
        put_pod(config, fleet_view_pod(view, i), out);
    put_kept(view, out);
    return FLEET_OK;
}

static const struct fleet_format_ops ops = {.render = render};
const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_FORMAT, format, ops),
    .caps = FLEET_CAP_PORTS,
    .name = "nginx",
    .version = "1.0",
    .summary = "stream proxy for nginx: a port for each pod",
    .options = options,
    .config_size = sizeof(struct config),
};
