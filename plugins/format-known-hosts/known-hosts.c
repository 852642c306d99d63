/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include <fleet/format.h>

#include <inttypes.h>

/* Both by name, for a configuration with HostKeyAlias, and by address. */
static void put_pod(const struct fleet_view *view, const struct fleet_pod *pod,
                    struct fleet_writer *out)
{
    const char *name = fleet_pod_get(pod, FLEET_POD_NAME);
    const char *key = fleet_pod_get(pod, FLEET_POD_HOST_KEY);
    const char *host = fleet_view_host(view, pod);
    int64_t port = fleet_view_port(view, pod);

    if (!key)
        fleet_writef(out, "# %s: its host key is not known yet\n", name);
    else if (port == 22)
        fleet_writef(out, "%s,%s %s\n", name, host, key);
    else
        fleet_writef(out, "%s,[%s]:%" PRId64 " %s\n", name, host, port, key);
}

static int render(const void *config, const struct fleet_view *view,
                  struct fleet_writer *out, struct fleet_error *err)
{
    (void)config;
    (void)err;
    for (size_t i = 0; i < fleet_view_count(view); i++)
        put_pod(view, fleet_view_pod(view, i), out);
    return FLEET_OK;
}

static const struct fleet_format_ops ops = {.render = render};
const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_FORMAT, format, ops),
    .name = "known-hosts",
    .version = "1.0",
    .summary = "host keys, as in ~/.ssh/known_hosts",
};
