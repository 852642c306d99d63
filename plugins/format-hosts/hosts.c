/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include <fleet/format.h>

#include <arpa/inet.h>
#include <inttypes.h>

static bool is_address(const char *host)
{
    struct in6_addr space;

    return inet_pton(AF_INET, host, &space) == 1 ||
           inet_pton(AF_INET6, host, &space) == 1;
}

/* Such a file has no room for a port or for a name in place of an address. */
static void put_pod(const struct fleet_view *view, const struct fleet_pod *pod,
                    struct fleet_writer *out)
{
    const char *name = fleet_pod_get(pod, FLEET_POD_NAME);
    const char *host = fleet_view_host(view, pod);
    int64_t port = fleet_view_port(view, pod);

    if (!is_address(host))
        fleet_writef(out, "# %s: %s is no address\n", name, host);
    else if (port == 22)
        fleet_writef(out, "%s\t%s\n", host, name);
    else
        fleet_writef(out, "%s\t%s # port %" PRId64 "\n", host, name, port);
}

static int render(const void *config, const struct fleet_view *view,
                  struct fleet_writer *out, struct fleet_error *err)
{
    (void)config;
    (void)err;
    fleet_writef(out, "# fleet: cohort %s, written %s\n",
                 fleet_view_get(view, FLEET_VIEW_COHORT),
                 fleet_view_get(view, FLEET_VIEW_WRITTEN_AT));
    for (size_t i = 0; i < fleet_view_count(view); i++)
        put_pod(view, fleet_view_pod(view, i), out);
    return FLEET_OK;
}

static const struct fleet_format_ops ops = {.render = render};
const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_FORMAT, format, ops),
    .name = "hosts",
    .version = "1.0",
    .summary = "names and addresses, as in /etc/hosts",
};
