/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include <fleet/format.h>

#include <inttypes.h>

/* An inventory in YAML. Ansible runs templates in the values of variables, so
 * only what was checked character by character stands here: no GPU's name, no
 * region. */

/* Names of groups have no dash in them. */
static void put_group(struct fleet_writer *out, const char *name)
{
    for (; *name; name++)
        fleet_write_n(out, *name == '-' ? "_" : name, 1);
}

static void put_host(const struct fleet_view *view, const struct fleet_pod *pod,
                     struct fleet_writer *out)
{
    const char *name = fleet_pod_get(pod, FLEET_POD_NAME);

    fleet_writef(out,
                 "        \"%s\":\n"
                 "          ansible_host: \"%s\"\n"
                 "          ansible_port: %" PRId64 "\n"
                 "          ansible_user: \"%s\"\n"
                 "          ansible_ssh_common_args: \"-o HostKeyAlias=%s\"\n"
                 "          fleet_provider: \"%s\"\n"
                 "          fleet_gpus: %" PRId64 "\n",
                 name, fleet_view_host(view, pod), fleet_view_port(view, pod),
                 fleet_pod_get(pod, FLEET_POD_SSH_USER), name,
                 fleet_pod_get(pod, FLEET_POD_PROVIDER),
                 fleet_pod_get_number(pod, FLEET_POD_GPUS, 0));
}

static int render(const void *config, const struct fleet_view *view,
                  struct fleet_writer *out, struct fleet_error *err)
{
    const char *cohort = fleet_view_get(view, FLEET_VIEW_COHORT);
    const char *key = fleet_view_get(view, FLEET_VIEW_KEY_PATH);
    size_t n = fleet_view_count(view);

    (void)config;
    (void)err;
    fleet_writef(out,
                 "# fleet: cohort %s, %zu pod%s, written %s\n"
                 "all:\n"
                 "  children:\n"
                 "    cohort_",
                 cohort, n, n == 1 ? "" : "s",
                 fleet_view_get(view, FLEET_VIEW_WRITTEN_AT));
    put_group(out, cohort);
    fleet_write(out, ":\n");
    if (key)
        fleet_writef(out,
                     "      vars:\n"
                     "        ansible_ssh_private_key_file: \"%s\"\n",
                     key);
    fleet_writef(out, "      hosts:%s\n", n ? "" : " {}");
    for (size_t i = 0; i < n; i++)
        put_host(view, fleet_view_pod(view, i), out);
    return FLEET_OK;
}

static const struct fleet_format_ops ops = {.render = render};
const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_FORMAT, format, ops),
    .name = "ansible",
    .version = "1.0",
    .summary = "inventory for Ansible, in YAML",
};
