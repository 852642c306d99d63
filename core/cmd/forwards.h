/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_FORWARDS_H
#define FL_CMD_FORWARDS_H

#include "core/cmd/document.h"
#include "core/cmd/work.h"
#include "core/engine/proxy.h"

/* What a plan for the proxy says, for people and as JSON, and the merge that
 * commands end with which move an endpoint. */

/* Rows that stay as they are only with ALL. */
void fl_forwards_print(struct fl_context *context,
                       const struct fl_proxy_plan *plan, bool all);
/* "2 added, 1 changed, 17 kept", and what else has to be known. */
void fl_forwards_tell(struct fl_context *context,
                      const struct fl_proxyhost *host,
                      const struct fl_proxy_plan *plan);
/* What fl_forwards_tell would warn of, for fleet doctor; changes nothing. */
int fl_forwards_faults(struct fl_context *context, struct fl_strv *faults,
                       struct fleet_error *err);
void fl_forwards_document(json_t *document, const struct fl_proxyhost *host,
                          const struct fl_proxy_plan *plan);

struct fl_forwards_flags {
    bool force, prune, new_host_key;
};
/* Lock and plan; then GO is asked, which tells of the plan, and what there is
 * to apply is applied. *applied: there was something. */
int fl_forwards_apply(
    struct fl_context *context, const struct fl_forwards_flags *flags,
    const struct fl_fleet *fleet, json_t *document,
    int (*go)(struct fl_context *context, const struct fl_proxyhost *host,
              const struct fl_proxy_plan *plan, struct fleet_error *err),
    bool *applied, struct fleet_error *err);
void fl_forwards_waiting(void *arg, const char *holder);

/* clang-format off */
#define FL_SKIP_PROXY_OPTION(type_, member_)                                   \
    {.key = "skip-proxy", .type = FLEET_OPT_BOOL,                              \
     .help = "leave the proxy as it is; `fleet proxy apply` catches up",       \
     FLEET_AT(type_, member_)}
/* clang-format on */
/* After a command that ends with STATUS: when a proxy is configured, brings it
 * up to date. A failure is reported, undoes nothing, and makes the status that
 * of a part that was done. */
int fl_forwards_follow(struct fl_context *context, bool skip, int status);

#endif
