/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include <fleet/format.h>

#include <jansson.h>
#include <stdlib.h>

/* The fleet for programs: pods as in `fleet list --json`. */
static json_t *text_of(const struct fleet_pod *pod, int field)
{
    const char *text = fleet_pod_get(pod, field);

    return text ? json_string(text) : json_null();
}

static json_t *number_of(const struct fleet_pod *pod, int field)
{
    int64_t number = fleet_pod_get_number(pod, field, -1);

    return number >= 0 ? json_integer(number) : json_null();
}

static json_t *bool_of(const struct fleet_pod *pod, int field)
{
    int64_t number = fleet_pod_get_number(pod, field, -1);

    return number >= 0 ? json_boolean(number != 0) : json_null();
}

static json_t *price_of(const struct fleet_pod *pod, int field)
{
    int64_t micros = fleet_pod_get_number(pod, field, -1);

    if (micros < 0)
        return json_null();
    return micros % 1000000 ? json_real((double)micros / 1000000)
                            : json_integer(micros / 1000000);
}

static json_t *state_of(const struct fleet_pod *pod, int field)
{
    return json_string(fleet_state_name(
        (int)fleet_pod_get_number(pod, field, FLEET_STATE_UNKNOWN)));
}

static json_t *ssh_of(const struct fleet_pod *pod, int field)
{
    return json_pack("{s:o, s:o, s:o}", "host", text_of(pod, field), "port",
                     number_of(pod, FLEET_POD_SSH_PORT), "user",
                     text_of(pod, FLEET_POD_SSH_USER));
}

static const struct {
    const char *key;
    json_t *(*value)(const struct fleet_pod *pod, int field);
    int field;
} keys[] = {
    {"name", text_of, FLEET_POD_NAME},
    {"short", text_of, FLEET_POD_SHORT},
    {"provider", text_of, FLEET_POD_PROVIDER},
    {"id", text_of, FLEET_POD_ID},
    {"state", state_of, FLEET_POD_STATE},
    {"provider_state", text_of, FLEET_POD_PROVIDER_STATE},
    {"gpu", text_of, FLEET_POD_GPU},
    {"gpus", number_of, FLEET_POD_GPUS},
    {"region", text_of, FLEET_POD_REGION},
    {"tier", text_of, FLEET_POD_TIER},
    {"price_per_hour", price_of, FLEET_POD_PRICE_MICROS},
    {"currency", text_of, FLEET_POD_CURRENCY},
    {"billing", text_of, FLEET_POD_BILLING},
    {"ssh", ssh_of, FLEET_POD_SSH_HOST},
    {"proxy_port", number_of, FLEET_POD_PROXY_PORT},
    {"image", text_of, FLEET_POD_IMAGE},
    {"created_at", text_of, FLEET_POD_CREATED_AT},
    {"locked", bool_of, FLEET_POD_LOCKED},
    {"spot", bool_of, FLEET_POD_SPOT},
    {"host_key", text_of, FLEET_POD_HOST_KEY},
    {"note", text_of, FLEET_POD_NOTE},
};

static int add_pod(json_t *pods, const struct fleet_pod *pod)
{
    json_t *made = json_object();
    int rc = made ? 0 : -1;

    for (size_t i = 0; rc == 0 && i < sizeof(keys) / sizeof(*keys); i++)
        rc = json_object_set_new(made, keys[i].key,
                                 keys[i].value(pod, keys[i].field));
    if (rc == 0)
        return json_array_append_new(pods, made);
    json_decref(made);
    return rc;
}

static json_t *document(const struct fleet_view *view)
{
    json_t *pods = json_array();
    int rc = pods ? 0 : -1;

    for (size_t i = 0; rc == 0 && i < fleet_view_count(view); i++)
        rc = add_pod(pods, fleet_view_pod(view, i));
    if (rc < 0) {
        json_decref(pods);
        return NULL;
    }
    return json_pack("{s:i, s:s, s:s, s:s?, s:o}", "fleet", 1, "cohort",
                     fleet_view_get(view, FLEET_VIEW_COHORT), "written_at",
                     fleet_view_get(view, FLEET_VIEW_WRITTEN_AT), "proxy_host",
                     fleet_view_get(view, FLEET_VIEW_PROXY_HOST), "pods", pods);
}

static int add_text(const char *text, size_t len, void *out)
{
    fleet_write_n(out, text, len);
    return 0;
}

static int render(const void *config, const struct fleet_view *view,
                  struct fleet_writer *out, struct fleet_error *err)
{
    json_t *made = document(view);
    int rc = made ? json_dump_callback(made, add_text, out,
                                       JSON_INDENT(2) | JSON_REAL_PRECISION(15))
                  : -1;

    (void)config;
    json_decref(made);
    if (rc < 0)
        return fleet_fail(err, FLEET_ENOMEM, "out of memory");
    fleet_write(out, "\n");
    return FLEET_OK;
}

static const struct fleet_format_ops ops = {.render = render};
const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_FORMAT, format, ops),
    .name = "json",
    .version = "1.0",
    .summary = "the pods as in `fleet list --json`",
};
