/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef RUNPOD_REQUEST_H
#define RUNPOD_REQUEST_H

#include "providers/api/api.h"

struct runpod_config {
    char *api_key, *api_url;
    char *data_centers; /* a list */
    char *min_cuda;
    char *network_volume, *volume_path;
};

/* The body of a create, malloc'd. FLEET_EINVALID or FLEET_ECONFIG with the
 * remedy where RunPod would not take it. Pure. */
int runpod_create_body(const struct runpod_config *config,
                       const struct fleet_spec *spec, json_t **body,
                       struct fleet_error *err);

#endif
