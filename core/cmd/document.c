/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/document.h"

#include "core/base/text.h"
#include "core/model/money.h"
#include "core/model/record.h"

#include <string.h>

/* Only the main thread builds documents. */
static bool failed;

bool fl_json_failed(void)
{
    return failed;
}

void fl_json_put(json_t *object, const char *key, json_t *value)
{
    if (!value || json_object_set_new_nocheck(object, key, value) < 0)
        failed = true;
}

void fl_json_add(json_t *array, json_t *value)
{
    if (!value || json_array_append_new(array, value) < 0)
        failed = true;
}

json_t *fl_json_text(const char *text)
{
    FL_AUTO(fl_buf_clear) struct fl_buf escaped = {0};

    if (!text)
        return json_null();
    if (fl_utf8_valid(text, strlen(text)))
        return json_string_nocheck(text);
    fl_buf_init(&escaped, 4 * strlen(text) + 64);
    if (fl_text_escape(&escaped, text) < 0)
        return NULL;
    return json_string(fl_buf_text(&escaped));
}

json_t *fl_json_money(int64_t micros)
{
    if (micros < 0)
        return json_null();
    if (micros % FL_MICROS == 0)
        return json_integer(micros / FL_MICROS);
    return json_real((double)micros / FL_MICROS);
}

json_t *fl_json_error(const struct fleet_error *err, const char *pod,
                      const char *provider)
{
    json_t *made = json_object();

    fl_json_put(made, "code", fl_json_text(fleet_code_name(err->code)));
    fl_json_put(made, "message", fl_json_text(err->text));
    fl_json_put(made, "pod", fl_json_text(pod));
    fl_json_put(made, "provider", fl_json_text(provider));
    fl_json_put(made, "retry_after_s",
                err->retry_ms > 0 ? json_integer((err->retry_ms - 1) / 1000 + 1)
                                  : json_null());
    return made;
}

static json_t *text_of(const struct fleet_pod *pod, int field)
{
    return fl_json_text(fleet_pod_get(pod, field));
}

static json_t *number_of(const struct fleet_pod *pod, int field)
{
    if (!fl_pod_is_set(pod, field))
        return json_null();
    return json_integer(fleet_pod_get_number(pod, field, 0));
}

static json_t *bool_of(const struct fleet_pod *pod, int field)
{
    if (!fl_pod_is_set(pod, field))
        return json_null();
    return json_boolean(fleet_pod_get_number(pod, field, 0) != 0);
}

static json_t *price_of(const struct fleet_pod *pod, int field)
{
    return fl_json_money(fleet_pod_get_number(pod, field, -1));
}

static json_t *state_of(const struct fleet_pod *pod, int field)
{
    (void)field;
    return fl_json_text(fleet_state_name(fl_pod_state(pod)));
}

static json_t *ssh_of(const struct fleet_pod *pod, int field)
{
    json_t *made;

    if (!fleet_pod_get(pod, field))
        return json_null();
    made = json_object();
    fl_json_put(made, "host", text_of(pod, FLEET_POD_SSH_HOST));
    fl_json_put(made, "port", number_of(pod, FLEET_POD_SSH_PORT));
    fl_json_put(made, "user", text_of(pod, FLEET_POD_SSH_USER));
    return made;
}

/* In the order of the document, behind name, short and provider. */
static const struct {
    const char *key;
    json_t *(*value)(const struct fleet_pod *pod, int field);
    int field;
} pod_keys[] = {
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

json_t *fl_json_pod(const struct fleet_pod *pod, const char *short_name,
                    const char *provider)
{
    json_t *made = json_object();

    fl_json_put(made, "name", text_of(pod, FLEET_POD_NAME));
    fl_json_put(made, "short", fl_json_text(short_name));
    fl_json_put(made, "provider", fl_json_text(provider));
    for (size_t i = 0; i < sizeof(pod_keys) / sizeof(*pod_keys); i++)
        fl_json_put(made, pod_keys[i].key,
                    pod_keys[i].value(pod, pod_keys[i].field));
    return made;
}
