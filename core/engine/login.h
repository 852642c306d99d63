/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_LOGIN_H
#define FL_ENGINE_LOGIN_H

#include "core/engine/fleet.h"
#include "core/net/ssh.h"

/* Logging in to pods of the cohort. */

/* Why this pod need not be asked at all, as a stage, with error filled; NULL:
 * it may be. */
const char *fl_login_trouble(const struct fl_member *member,
                             struct fleet_error *error);
/* A copy of the pod that a thread may own, with a user to log in as; NULL: out
 * of memory. */
struct fleet_pod *fl_login_pod(const struct fl_engine *engine,
                               const struct fl_member *member);
/* fl_ssh_open to such a pod. TRUSTING: whatever host key it shows. */
int fl_login(const struct fleet_pod *pod, const struct fl_ssh_key *key,
             bool trusting, int64_t deadline, struct fl_ssh **ssh,
             enum fl_ssh_stage *stage, char **host_key,
             struct fleet_error *err);
/* The same by way of the pod's port on the proxy, where only the pod itself
 * will do: without a host key that is known (or TRUSTING), its own address is
 * asked for it first. FLEET_EREFUSED: another machine is behind the port. */
int fl_login_via(const char *proxy, const struct fleet_pod *pod,
                 const struct fl_ssh_key *key, bool trusting, int64_t deadline,
                 struct fl_ssh **ssh, enum fl_ssh_stage *stage, char **host_key,
                 struct fleet_error *err);
/* Each connection needs a descriptor, and the soft limit is often low. */
void fl_login_raise_descriptors(void);

#endif
