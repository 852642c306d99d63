/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_HOSTCA_H
#define FL_ENGINE_HOSTCA_H

#include "core/engine/fleet.h"
#include "core/engine/health.h"
#include "core/engine/signer.h"

/* The cohort's certificate authority for host keys: an SSH key that signs what
 * each pod shows, for the pod's name and nothing else. ssh-keygen signs. */
#define FL_HOSTCA_DAYS 366 /* that a certificate is good for */
struct fl_hostca {
    struct fl_signer signer;
    struct fl_host_key_list known;
};
/* FLEET_ECONFIG: SSH_CA_KEY_PATH is not set, or there is no such key; the
 * remedy is told. Loads what is known of the pods' certificates. */
int fl_hostca_open(struct fl_engine *engine, struct fl_hostca *out,
                   struct fleet_error *err);
void fl_hostca_clear(struct fl_hostca *ca);
FL_CLEANUP_IN_PLACE(fl_hostca_clear, struct fl_hostca);

/* Whether the pod was given a certificate of this authority, for the name that
 * it has, which is still good. */
bool fl_hostca_has(const struct fl_hostca *ca, const struct fl_member *member);
/* The certificate for a host key, both as lines; in any thread. */
int fl_hostca_sign(const struct fl_hostca *ca, const char *dir,
                   const char *name, const char *host_key, int64_t deadline,
                   char **certificate, struct fleet_error *err);
/* Keeps in the state which pods have one now, and which have not. */
int fl_hostca_keep(struct fl_engine *engine, const struct fl_hostca *ca,
                   const char *command, const struct fl_member *const *with,
                   size_t n_with, const struct fl_member *const *without,
                   size_t n_without, struct fleet_error *err);

#endif
