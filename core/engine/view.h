/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_VIEW_H
#define FL_ENGINE_VIEW_H

#include "core/engine/hostca.h"
#include "core/engine/ports.h"

#include <fleet/format.h>

/* What a format is handed: the fleet once more validated, with nothing in it
 * that could mean something else in a file than it should. */
struct fleet_view {
    char *fields[FLEET_VIEW_CERT_PATH + 1];
    struct fleet_pod **pods;
    size_t n;
    struct fl_port *kept; /* names borrowed from the ports */
    size_t n_kept;
};

struct fl_view_from {
    const struct fl_settings *settings;
    const struct fl_cohort *cohort;
    const struct fl_fleet *fleet;
    const bool *selected;         /* by member */
    const struct fl_ports *ports; /* outlives the view; may be NULL */
    bool needs_ports;             /* what has none is left out */
    bool via_proxy;
    const char *host_keys;
    const struct fl_hostca *ca; /* NULL: none */
    /* Of one participant, as he has them; NULL: the cohort's, and none. */
    const char *key_path, *cert_path;
};
/* What the settings say, into a zeroed view. FLEET_ECONFIG: one that must not
 * stand in a file, or no SSH_PROXY_HOST for via_proxy. */
int fl_view_init(struct fleet_view *view, const struct fl_view_from *from,
                 struct fleet_error *err);
/* The pods. LEFT_OUT gets a sentence for each selected one that cannot be in
 * it, "arena-apple: no address yet". */
int fl_view_fill(struct fleet_view *view, const struct fl_view_from *from,
                 struct fl_strv *left_out, struct fleet_error *err);
/* For those who choose the pods themselves; the view has room for them. Why no
 * file can lead to this one; NULL: it can, and add is for it. */
const char *fl_view_objection(const struct fl_member *member);
int fl_view_add(struct fleet_view *view, const struct fl_view_from *from,
                const struct fl_member *member, struct fleet_error *err);
/* The ports of everybody who is not among the pods. */
int fl_view_keep(struct fleet_view *view, const struct fl_ports *ports,
                 struct fleet_error *err);
void fl_view_clear(struct fleet_view *view);
FL_CLEANUP_IN_PLACE(fl_view_clear, struct fleet_view);

/* A number (IPv4, IPv6) or a name in DNS, and nothing that is neither. */
bool fl_view_host_valid(const char *host);

#endif
