/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FLEET_FORMAT_H
#define FLEET_FORMAT_H

#include <fleet/log.h>
#include <fleet/plugin.h>
#include <fleet/record.h>
#include <fleet/writer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The whole fleet, as one run saw it. Every name, host, port and key in it has
 * been validated; strings are borrowed and live as long as the view. */
struct fleet_view;

enum fleet_view_field {
    FLEET_VIEW_COHORT = 1, /* prefix */
    FLEET_VIEW_WRITTEN_AT, /* RFC 3339 */
    FLEET_VIEW_KEY_PATH,   /* the cohort's private key as config.env has it */
    FLEET_VIEW_PROXY_HOST,
    FLEET_VIEW_PROXY_USER,
    FLEET_VIEW_VIA_PROXY,  /* "yes" when the output is for use through it */
    FLEET_VIEW_HOST_KEYS   /* "pinned", "ca", "file" or "off" */
};
/* NULL when unset. */
FLEET_API const char *fleet_view_get(const struct fleet_view *view, int field);

/* Pods in list order. Beside its own fields each has FLEET_POD_SHORT,
 * FLEET_POD_PROVIDER and, once it was given one, FLEET_POD_PROXY_PORT. */
FLEET_API size_t fleet_view_count(const struct fleet_view *view);
FLEET_API const struct fleet_pod *fleet_view_pod(const struct fleet_view *view,
                                                 size_t i);

struct fleet_format_ops {
    /* The output is shown only when this returns FLEET_OK. */
    int (*render)(const void *config, const struct fleet_view *fleet,
                  struct fleet_writer *out, struct fleet_error *err);
};

#ifdef __cplusplus
}
#endif
#endif
