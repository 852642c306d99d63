/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_PROXYHOST_H
#define FL_ENGINE_PROXYHOST_H

#include "core/engine/engine.h"

/* The machine that forwards: this one, or another over SSH. Each step there is
 * one shell script that comes to its end whatever becomes of us. Beside the
 * file FILE that nginx reads stand, while something goes on, names that no
 * "include *" takes: .FILE.fleet-new, .FILE.fleet-old (what was served before,
 * until the new one is known to be good) and .FILE.fleet-lock. */
struct fl_proxyhost;

/* Connects. FLEET_ECONFIG: a setting is missing or does not fit, and which. The
 * host key is learnt the first time, or ANEW, and compared from then on; it is
 * kept in the state. */
int fl_proxyhost_open(struct fl_engine *engine, const char *command, bool anew,
                      struct fl_proxyhost **out, struct fleet_error *err);
void fl_proxyhost_close(struct fl_proxyhost *host);
FL_CLEANUP(fl_proxyhost_close, struct fl_proxyhost *);
/* Whether settings say where the proxy is and what it reads; WHY (may be NULL)
 * gets what is missing. */
bool fl_proxyhost_configured(const struct fl_settings *settings,
                             const char **why);
/* "proxy.example.org:/etc/nginx/fleet.conf" */
const char *fl_proxyhost_place(const struct fl_proxyhost *host);
/* Where its forwards are reached. */
const char *fl_proxyhost_address(const struct fl_proxyhost *host);

/* What is there now. */
struct fl_proxylook {
    struct fl_buf text; /* the deployed file; empty: none */
    char *sum;          /* of it, by the host's own cksum */
    char *lock;         /* who holds the lock, or NULL */
    char *fault;        /* what nginx has against the whole tree, or NULL */
    bool exists;
    bool unfinished;     /* an apply did not come to its end */
    bool included;       /* nginx reads the file */
    int64_t connections; /* worker_connections; 0: not said, -1: not known */
    bool *listening;     /* by port, 0 to 65535 */
};
int fl_proxyhost_look(struct fl_proxyhost *host, struct fl_proxylook *out,
                      struct fleet_error *err);
void fl_proxylook_clear(struct fl_proxylook *look);
FL_CLEANUP_IN_PLACE(fl_proxylook_clear, struct fl_proxylook);

/* FLEET_ELOCKED: another operator is at work; the text says who, and what to do
 * where that run is gone. A lock whose holder has died here, or that is older
 * than any run can be, is taken over. */
int fl_proxyhost_lock(struct fl_proxyhost *host, int64_t deadline,
                      fl_lock_waiting *waiting, void *arg,
                      struct fleet_error *err);
void fl_proxyhost_unlock(struct fl_proxyhost *host);

/* With the lock held, from here on. The new text in place of that with SUM,
 * tested by nginx as a part of its whole configuration, and loaded. On failure
 * the old one is back, and FLEET_ECONFIG says what nginx said and of which
 * file; FLEET_ECONFLICT: somebody else has changed it meanwhile. */
int fl_proxyhost_swap(struct fl_proxyhost *host, const char *sum,
                      const char *text, size_t len, struct fleet_error *err);
/* What was served before is served again. */
int fl_proxyhost_back(struct fl_proxyhost *host, struct fleet_error *err);
/* The new one is good: what was before is dropped. */
int fl_proxyhost_settle(struct fl_proxyhost *host, struct fleet_error *err);

/* From a bare Debian or Ubuntu to an nginx that reads the file and has NEEDS
 * worker_connections; what is right already stays. DID gets a sentence for each
 * thing that was done. */
int fl_proxyhost_install(struct fl_proxyhost *host, int64_t needs,
                         struct fl_strv *did, struct fleet_error *err);
/* These logs are rotated by logrotate from now on, unless they are already. */
int fl_proxyhost_rotate(struct fl_proxyhost *host, const struct fl_strv *logs,
                        struct fl_strv *did, struct fleet_error *err);

#endif
