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
    FLEET_VIEW_KEY_PATH,   /* the cohort's private key as config.env has it, or
                              a participant's */
    FLEET_VIEW_PROXY_HOST,
    FLEET_VIEW_PROXY_USER,
    FLEET_VIEW_VIA_PROXY, /* "yes" when the output is for use through it */
    FLEET_VIEW_HOST_KEYS, /* "pinned", "ca", "file" or "off" */
    FLEET_VIEW_HOST_CA,   /* with "ca": the key that signs the host keys,
                             "ssh-ed25519 AAAA..." */
    FLEET_VIEW_CERT_PATH  /* the certificate beside the key, for output that is
                             one participant's */
};
/* NULL when unset. */
FLEET_API const char *fleet_view_get(const struct fleet_view *view, int field);

/* Pods in list order. Beside its own fields each has FLEET_POD_SHORT,
 * FLEET_POD_PROVIDER and, once it was given one, FLEET_POD_PROXY_PORT. */
FLEET_API size_t fleet_view_count(const struct fleet_view *view);
FLEET_API const struct fleet_pod *fleet_view_pod(const struct fleet_view *view,
                                                 size_t i);

/* Where a login to this pod goes: to the pod itself or, with
 * FLEET_VIEW_VIA_PROXY, to its port on the proxy. */
FLEET_API const char *fleet_view_host(const struct fleet_view *view,
                                      const struct fleet_pod *pod);
FLEET_API int64_t fleet_view_port(const struct fleet_view *view,
                                  const struct fleet_pod *pod);

/* Names that own a port of the proxy and are not among the pods, by port; NULL
 * at the end. A file that may have to stand in for lost state names them, so
 * that nobody else is given their ports. */
FLEET_API const char *fleet_view_kept(const struct fleet_view *view, size_t i,
                                      int64_t *port);

/* A plugin with FLEET_CAP_PORTS gets no pod without its port. */
struct fleet_format_ops {
    /* The output is shown only when this returns FLEET_OK. */
    int (*render)(const void *config, const struct fleet_view *fleet,
                  struct fleet_writer *out, struct fleet_error *err);
};

#ifdef __cplusplus
}
#endif
#endif
