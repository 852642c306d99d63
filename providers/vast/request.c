/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/vast/request.h"

#include "providers/api/api.h"
#include "providers/vast/gpu.h"
#include "providers/vast/region.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DISK_GB     10 /* as Vast's own program has it */
#define DISK_MIN_GB 8
#define BID_MIN     1000 /* millionths */
#define BID_MAX     INT64_C(128000000)
#define IMAGE_MAX   1024
#define ONSTART_MAX 4048

/* ---- what is wanted ---- */

int64_t vast_disk_gb(const struct fleet_spec *spec)
{
    int64_t gb = fleet_spec_get_number(spec, FLEET_SPEC_DISK_GB, 0) +
                 fleet_spec_get_number(spec, FLEET_SPEC_VOLUME_GB, 0);

    if (gb <= 0)
        return DISK_GB;
    return gb < DISK_MIN_GB ? DISK_MIN_GB : gb;
}

static bool is_word(const char *text, const char *one, const char *other)
{
    return text && (!strcasecmp(text, one) || !strcasecmp(text, other));
}

static int read_avoid(struct vast_want *want, const char *list,
                      struct fleet_error *err)
{
    for (const char *at = list ? list : ""; *at;) {
        char *end;
        long long id = strtoll(at, &end, 10);

        if (end == at || (*end && *end != '\n'))
            return fleet_fail(err, FLEET_ECONFIG,
                              "VAST_AVOID: '%.40s' is no machine_id", at);
        if (!want->avoid)
            want->avoid = json_array();
        if (json_array_append_new(want->avoid, json_integer(id)) < 0)
            return api_enomem(err);
        at = end + (*end ? 1 : 0);
    }
    return FLEET_OK;
}

static int read_countries(struct vast_want *want, const char *list,
                          const char *region, struct fleet_error *err)
{
    char country[3];

    if ((!list || !*list) && region && strlen(region) == 2 &&
        vast_country(region, country))
        list = country;
    return vast_countries(list, &want->countries, err);
}

int vast_want_init(struct vast_want *want, const struct vast_config *config,
                   const struct fleet_spec *spec, struct fleet_error *err)
{
    const char *gpus = fleet_spec_get(spec, FLEET_SPEC_GPU_TYPES);
    const char *tier = fleet_spec_get(spec, FLEET_SPEC_TIER);
    int rc;

    if (!gpus)
        gpus = fleet_spec_get(spec, FLEET_SPEC_GPU);
    *want = (struct vast_want){
        .names = vast_gpu_names(gpus),
        .gpus = fleet_spec_get_number(spec, FLEET_SPEC_GPUS, 1),
        .least_gb = vast_gpu_least_gb(gpus),
        .disk_gb = vast_disk_gb(spec),
        .ports = api_contains(config->runtype, "direc") ? 1 : 0,
        .duration_s = config->duration_ms / 1000,
        .reliability = (double)config->reliability_percent / 100,
        .verified = !config->unverified && !is_word(tier, "unverified", "all"),
        .datacenter = is_word(tier, "secure", "datacenter"),
        .spot = config->spot,
        .bid_micros = config->bid_micros,
    };
    if (is_word(tier, "secure", "datacenter") ||
        is_word(tier, "community", "verified") ||
        is_word(tier, "unverified", "unverified"))
        snprintf(want->tier, sizeof(want->tier), "%s", tier);
    rc = want->names
             ? read_countries(want, config->countries,
                              fleet_spec_get(spec, FLEET_SPEC_REGION), err)
             : api_enomem(err);
    if (rc == FLEET_OK)
        rc = read_avoid(want, config->avoid, err);
    if (rc < 0)
        vast_want_clear(want);
    return rc;
}

void vast_want_clear(struct vast_want *want)
{
    json_decref(want->names);
    json_decref(want->countries);
    json_decref(want->avoid);
    *want = (struct vast_want){0};
}

/* ---- the search ---- */

/* FIELD OP VALUE; the value is eaten. Of no value there is no filter. */
static int filter(json_t *body, const char *field, const char *op,
                  json_t *value)
{
    return value
               ? json_object_set_new(body, field, json_pack("{s:o}", op, value))
               : -1;
}

static int filter_by_place(json_t *body, const struct vast_want *want)
{
    int rc = 0;

    if (want->countries)
        rc = filter(body, "geolocation", "in", json_incref(want->countries));
    if (rc == 0 && want->avoid)
        rc = filter(body, "machine_id", "notin", json_incref(want->avoid));
    if (rc == 0 && want->datacenter)
        rc = filter(body, "datacenter", "eq", json_true());
    if (rc == 0 && want->verified)
        rc = filter(body, "verified", "eq", json_true());
    return rc;
}

static int filter_by_gpu(json_t *body, const struct vast_want *want,
                         bool any_gpu)
{
    int rc = filter(body, "num_gpus", "eq", json_integer(want->gpus));

    if (rc == 0 && !any_gpu && json_array_size(want->names) > 0)
        rc = filter(body, "gpu_name", "in", json_incref(want->names));
    if (rc == 0 && !any_gpu && want->least_gb > 0) /* less than nominal */
        rc = filter(body, "gpu_ram", "gte",
                    json_integer(want->least_gb * 1000 * 9 / 10));
    return rc;
}

json_t *vast_search_body(const struct vast_want *want, double from,
                         bool any_gpu)
{
    json_t *body = json_pack(
        "{s:{s:b},s:{s:b},s:{s:I},s:{s:f},s:{s:I},s:{s:I},s:s,s:[[ss]],s:i,"
        "s:I}",
        "rentable", "eq", 1, "rented", "eq", 0, "disk_space", "gte",
        (json_int_t)want->disk_gb, "reliability", "gte", want->reliability,
        "direct_port_count", "gte", (json_int_t)want->ports, "duration", "gte",
        (json_int_t)want->duration_s, "type", want->spot ? "bid" : "on-demand",
        "order", "dph_total", "asc", "limit", VAST_ROWS, "allocated_storage",
        (json_int_t)want->disk_gb);
    int rc = body ? filter_by_gpu(body, want, any_gpu) : -1;

    if (rc == 0)
        rc = filter_by_place(body, want);
    if (rc == 0 && from > 0)
        rc = filter(body, "dph_total", "gte", json_real(from));
    if (rc == 0)
        return body;
    json_decref(body);
    return NULL;
}

/* ---- offers' ids ---- */

int64_t vast_bid(int64_t wanted_micros, int64_t lowest_micros)
{
    int64_t bid = wanted_micros;

    if (bid == 0) /* a tenth above, in whole hundredths of a cent */
        bid = (lowest_micros + lowest_micros / 10 + 99) / 100 * 100;
    if (bid < BID_MIN)
        bid = BID_MIN;
    return bid >= lowest_micros && bid <= BID_MAX ? bid : -1;
}

void vast_offer_id(char out[VAST_OFFER_SIZE], int64_t ask, int64_t bid_micros)
{
    if (bid_micros > 0)
        snprintf(out, VAST_OFFER_SIZE, "%" PRId64 "@%" PRId64, ask, bid_micros);
    else
        snprintf(out, VAST_OFFER_SIZE, "%" PRId64, ask);
}

int vast_offer_read(const char *id, int64_t *ask, int64_t *bid_micros,
                    struct fleet_error *err)
{
    char *end = NULL;

    *bid_micros = 0;
    *ask = id ? strtoll(id, &end, 10) : 0;
    if (*ask > 0 && *end == '@')
        *bid_micros = strtoll(end + 1, &end, 10);
    if (*ask > 0 && !*end && *bid_micros >= 0)
        return FLEET_OK;
    return fleet_fail(err, FLEET_EINVALID,
                      "an instance is made from an offer, and '%.40s' is none",
                      id ? id : "");
}

/* ---- create ---- */

int vast_check_label(const char *name, struct fleet_error *err)
{
    if (name && *name && strlen(name) <= VAST_LABEL_MAX)
        return FLEET_OK;
    return fleet_fail(err, FLEET_EINVALID,
                      "'%.80s' is no name of 1 to %d characters",
                      name ? name : "", VAST_LABEL_MAX);
}

/* For a shell, in single quotes; malloc'd. */
static char *quoted(const char *text)
{
    char *out = malloc(4 * strlen(text) + 3), *at = out;

    if (!out)
        return NULL;
    *at++ = '\'';
    for (; *text; text++) {
        if (*text == '\'') {
            memcpy(at, "'\\''", 4);
            at += 4;
        } else {
            *at++ = *text;
        }
    }
    memcpy(at, "'", 2);
    return out;
}

/* Runs at every start of the container: it has to be repeatable. Some images
 * ignore the keys that Vast puts in; logins get no tmux; what is in the
 * environment of the container is not in that of a login. */
static int write_onstart(const struct vast_config *config,
                         const struct fleet_spec *spec, char **script,
                         struct fleet_error *err)
{
    const char *key = fleet_spec_get(spec, FLEET_SPEC_PUBLIC_KEY);
    AUTO_FREE char *name = quoted(fleet_spec_get(spec, FLEET_SPEC_NAME));
    AUTO_FREE char *key_text = quoted(key ? key : "");

    if (!name || !key_text ||
        asprintf(script,
                 "touch ~/.no_auto_tmux\n"
                 "mkdir -p ~/.ssh && chmod 700 ~/.ssh\n"
                 "key=%s\n"
                 "grep -qsxF \"$key\" ~/.ssh/authorized_keys || "
                 "printf '\\n%%s\\n' \"$key\" >>~/.ssh/authorized_keys\n"
                 "chmod 600 ~/.ssh/authorized_keys\n"
                 "grep -qs '^MACHINE_NAME=' /etc/environment || "
                 "echo MACHINE_NAME=%s >>/etc/environment\n"
                 "%s%s",
                 key_text, name, config->onstart ? config->onstart : "",
                 config->onstart ? "\n" : "") < 0) {
        *script = NULL;
        return api_enomem(err);
    }
    if (strlen(*script) <= ONSTART_MAX)
        return FLEET_OK;
    return fleet_fail(err, FLEET_EINVALID,
                      "the key and VAST_ONSTART together have %zu bytes, %d "
                      "are accepted",
                      strlen(*script), ONSTART_MAX);
}

/* Without a tag some requests have ended in a 500. */
static char *with_tag(const char *image)
{
    const char *slash = strrchr(image, '/');
    const char *last = slash ? slash : image;
    char *out;

    if (strchr(last, ':') || strchr(last, '@'))
        return strdup(image);
    return asprintf(&out, "%s:latest", image) < 0 ? NULL : out;
}

static int put_image(json_t *body, const struct vast_config *config,
                     const struct fleet_spec *spec, struct fleet_error *err)
{
    const char *image = fleet_spec_get(spec, FLEET_SPEC_IMAGE);
    AUTO_FREE char *tagged = image ? with_tag(image) : NULL;

    if (!image && !config->template_hash)
        return fleet_fail(
            err, FLEET_EINVALID,
            "set IMAGE (or VAST_TEMPLATE_HASH): an instance needs "
            "an image");
    if (image && !tagged)
        return api_enomem(err);
    if (image && strlen(tagged) > IMAGE_MAX)
        return fleet_fail(err, FLEET_EINVALID, "IMAGE is too long");
    if ((image &&
         json_object_set_new(body, "image", json_string(tagged)) < 0) ||
        (config->template_hash &&
         json_object_set_new(body, "template_hash_id",
                             json_string(config->template_hash)) < 0) ||
        (config->image_login &&
         json_object_set_new(body, "image_login",
                             json_string(config->image_login)) < 0))
        return api_enomem(err);
    return FLEET_OK;
}

static int put_env(json_t *body, const struct fleet_spec *spec,
                   struct fleet_error *err)
{
    const struct {
        const char *key;
        int field;
    } pairs[] = {{"MACHINE_NAME", FLEET_SPEC_NAME},
                 {"PUBLIC_KEY", FLEET_SPEC_PUBLIC_KEY},
                 {VAST_TOKEN, FLEET_SPEC_TOKEN}};
    json_t *env = json_object();

    if (json_object_set_new(body, "env", env) < 0)
        return api_enomem(err);
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        const char *value = fleet_spec_get(spec, pairs[i].field);

        if (value &&
            json_object_set_new(env, pairs[i].key, json_string(value)) < 0)
            return api_enomem(err);
    }
    return FLEET_OK;
}

int vast_create_body(const struct vast_config *config,
                     const struct fleet_spec *spec, int64_t bid_micros,
                     json_t **body, struct fleet_error *err)
{
    const char *name = fleet_spec_get(spec, FLEET_SPEC_NAME);
    AUTO_FREE char *script = NULL;
    AUTO_JSON json_t *made = NULL;
    int rc = vast_check_label(name, err);

    if (rc == FLEET_OK)
        rc = write_onstart(config, spec, &script, err);
    if (rc < 0)
        return rc;
    made = json_pack("{s:s,s:s,s:s,s:I,s:s,s:b}", "label", name, "runtype",
                     config->runtype, "onstart", script, "disk",
                     (json_int_t)vast_disk_gb(spec), "target_state", "running",
                     "cancel_unavail", 1);
    if (!made || (bid_micros > 0 &&
                  json_object_set_new(made, "price",
                                      json_real((double)bid_micros / 1e6)) < 0))
        return api_enomem(err);
    rc = put_image(made, config, spec, err);
    if (rc == FLEET_OK)
        rc = put_env(made, spec, err);
    if (rc == FLEET_OK)
        *body = json_incref(made);
    return rc;
}
