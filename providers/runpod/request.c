/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/runpod/request.h"

#include "providers/runpod/parse.h"

#include <string.h>

/* Has sshd, and takes PUBLIC_KEY. */
#define DEFAULT_IMAGE   "runpod/pytorch:1.0.2-cu1281-torch280-ubuntu2404"
#define DEFAULT_DISK_GB 40
#define LEAST_VOLUME_GB 10

static json_t *env_of(const struct fleet_spec *spec)
{
    return json_pack("{s:s, s:s, s:s}", "PUBLIC_KEY",
                     fleet_spec_get(spec, FLEET_SPEC_PUBLIC_KEY),
                     "MACHINE_NAME", fleet_spec_get(spec, FLEET_SPEC_NAME),
                     RUNPOD_TOKEN, fleet_spec_get(spec, FLEET_SPEC_TOKEN));
}

static json_t *gpu_of(const struct runpod_config *config,
                      const struct fleet_spec *spec, const char *id)
{
    return json_pack(
        "{s:s, s:I, s:s*}", "id", id, "count",
        (json_int_t)fleet_spec_get_number(spec, FLEET_SPEC_GPUS, 1),
        "minCudaVersion", config->min_cuda);
}

/* One entry a line. NULL: out of memory. */
static json_t *array_of(const char *list)
{
    json_t *array = json_array();

    while (array && *list) {
        size_t len = strcspn(list, "\n");

        if (len > 0 &&
            json_array_append_new(array, json_stringn(list, len)) < 0)
            break;
        list += len + (list[len] ? 1 : 0);
    }
    return array;
}

/* A network volume, or a disk of the pod's own that outlives a stop. */
static int add_mounts(const struct runpod_config *config,
                      const struct fleet_spec *spec, json_t *body,
                      struct fleet_error *err)
{
    int64_t size = fleet_spec_get_number(spec, FLEET_SPEC_VOLUME_GB, 0);
    json_t *mounts;

    if (size <= 0 && !config->network_volume)
        return FLEET_OK;
    if (size > 0 && config->network_volume)
        return fleet_fail(err, FLEET_ECONFIG,
                          "RunPod gives a pod VOLUME_GB or "
                          "RUNPOD_NETWORK_VOLUME, not both");
    if (size > 0 && size < LEAST_VOLUME_GB)
        return fleet_fail(err, FLEET_ECONFIG,
                          "VOLUME_GB: RunPod gives no volume under %d GB",
                          LEAST_VOLUME_GB);
    if (size > 0)
        mounts = json_pack("{s:{s:I, s:s}}", "persistent", "size",
                           (json_int_t)size, "path", config->volume_path);
    else
        mounts = json_pack("{s:[{s:s, s:s}]}", "network", "volumeId",
                           config->network_volume, "path", config->volume_path);
    return json_object_set_new(body, "mounts", mounts) < 0 ? api_enomem(err)
                                                           : FLEET_OK;
}

/* With a template, only what was asked for overrides it. */
static int add_image(const struct fleet_spec *spec, json_t *body)
{
    const char *template = fleet_spec_get(spec, FLEET_SPEC_TEMPLATE);
    const char *image = fleet_spec_get(spec, FLEET_SPEC_IMAGE);

    if (template &&
        json_object_set_new(body, "templateId", json_string(template)) < 0)
        return FLEET_ENOMEM;
    if (!image && !template)
        image = DEFAULT_IMAGE;
    return image ? json_object_set_new(body, "image", json_string(image))
                 : FLEET_OK;
}

static int fill(const struct runpod_config *config,
                const struct fleet_spec *spec, const char *tier,
                const char *gpu, json_t *body, struct fleet_error *err)
{
    int64_t disk =
        fleet_spec_get_number(spec, FLEET_SPEC_DISK_GB, DEFAULT_DISK_GB);
    const char *name = fleet_spec_get(spec, FLEET_SPEC_NAME);

    /* There is no good default for any of these: RunPod would choose SECURE,
     * open no port, and refuse a body without a disk. */
    if (json_object_set_new(body, "name", json_string(name)) < 0 ||
        json_object_set_new(body, "cloud", json_string(tier)) < 0 ||
        json_object_set_new(body, "gpu", gpu_of(config, spec, gpu)) < 0 ||
        json_object_set_new(body, "disk", json_integer(disk)) < 0 ||
        json_object_set_new(body, "ports", json_pack("[s]", "22/tcp")) < 0 ||
        json_object_set_new(body, "env", env_of(spec)) < 0 ||
        json_object_set_new(body, "startSsh", json_true()) < 0 ||
        add_image(spec, body) < 0)
        return api_enomem(err);
    if (config->data_centers &&
        json_object_set_new(body, "dataCenterIds",
                            array_of(config->data_centers)) < 0)
        return api_enomem(err);
    return add_mounts(config, spec, body, err);
}

int runpod_create_body(const struct runpod_config *config,
                       const struct fleet_spec *spec, json_t **body,
                       struct fleet_error *err)
{
    AUTO_JSON json_t *made = json_object();
    const char *gpu = NULL;
    char tier[RUNPOD_TIER_SIZE];
    int rc;

    if (!made)
        return api_enomem(err);
    if (!runpod_split_offer(fleet_spec_get(spec, FLEET_SPEC_OFFER), tier, &gpu))
        return fleet_fail(err, FLEET_EINVALID, "no GPU was chosen");
    rc = fill(config, spec, tier, gpu, made, err);
    if (rc < 0)
        return rc;
    *body = json_incref(made);
    return FLEET_OK;
}
