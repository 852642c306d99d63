/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include <fleet/format.h>

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* A file for file_sd_configs of Prometheus. */
struct config {
    int64_t port;
};

/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "PROMETHEUS_PORT", .type = FLEET_OPT_INT,
     FLEET_AT(struct config, port), .min = 0, .max = 65535,
     .help = "port of an exporter on the pods; default: their SSH ports, for "
             "probes from outside"},
    {0},
};
/* clang-format on */

static const struct {
    const char *name;
    int field;
} labels[] = {
    {"fleet_pod", FLEET_POD_NAME},      {"fleet_provider", FLEET_POD_PROVIDER},
    {"fleet_id", FLEET_POD_ID},         {"fleet_gpu", FLEET_POD_GPU},
    {"fleet_region", FLEET_POD_REGION}, {"fleet_tier", FLEET_POD_TIER},
};

static json_t *labels_of(const struct fleet_view *view,
                         const struct fleet_pod *pod)
{
    json_t *made = json_pack("{s:s}", "fleet_cohort",
                             fleet_view_get(view, FLEET_VIEW_COHORT));
    int rc = made ? 0 : -1;

    for (size_t i = 0; rc == 0 && i < sizeof(labels) / sizeof(*labels); i++) {
        const char *text = fleet_pod_get(pod, labels[i].field);

        if (text)
            rc = json_object_set_new(made, labels[i].name, json_string(text));
    }
    if (rc == 0)
        return made;
    json_decref(made);
    return NULL;
}

static json_t *group_of(const struct config *config,
                        const struct fleet_view *view,
                        const struct fleet_pod *pod)
{
    /* An exporter's port is on the pod itself, whatever the proxy forwards. */
    const char *host = config->port ? fleet_pod_get(pod, FLEET_POD_SSH_HOST)
                                    : fleet_view_host(view, pod);
    int64_t port = config->port ? config->port : fleet_view_port(view, pod);
    bool v6 = strchr(host, ':') != NULL;
    char target[300];

    snprintf(target, sizeof(target), "%s%s%s:%" PRId64, v6 ? "[" : "", host,
             v6 ? "]" : "", port);
    return json_pack("{s:[s], s:o}", "targets", target, "labels",
                     labels_of(view, pod));
}

static int add_text(const char *text, size_t len, void *out)
{
    fleet_write_n(out, text, len);
    return 0;
}

static int render(const void *config, const struct fleet_view *view,
                  struct fleet_writer *out, struct fleet_error *err)
{
    json_t *groups = json_array();
    int rc = groups ? 0 : -1;

    for (size_t i = 0; rc == 0 && i < fleet_view_count(view); i++)
        rc = json_array_append_new(
            groups, group_of(config, view, fleet_view_pod(view, i)));
    if (rc == 0)
        rc = json_dump_callback(groups, add_text, out, JSON_INDENT(2));
    json_decref(groups);
    if (rc < 0)
        return fleet_fail(err, FLEET_ENOMEM, "out of memory");
    fleet_write(out, "\n");
    return FLEET_OK;
}

static const struct fleet_format_ops ops = {.render = render};
const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_FORMAT, format, ops),
    .name = "prometheus",
    .version = "1.0",
    .summary = "targets for Prometheus (file_sd)",
    .options = options,
    .config_size = sizeof(struct config),
};
