/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef LOCAL_STORE_H
#define LOCAL_STORE_H

#include "providers/local/pod.h"

#include <stddef.h>

/* Where the pods are, below one root:
 *
 *   pods/ID     a pod, complete; holds its lock file
 *   new/X       being prepared by somebody who holds its lock
 *   trash/X     no pod any more, being removed
 *   lock        guards which ports and names are given out
 *
 * Things move between the three with one rename each, so whoever is killed
 * leaves every pod whole, absent, or to be swept up by the next change. */
struct store {
    char *root, *pods, *fresh, *trash, *lock;
};

/* Only looks; the directories come with the first pod. */
int store_open(struct store *store, const char *root, struct fleet_error *err);
void store_close(struct store *store);

/* A pod that somebody has locked. */
struct held {
    char *dir;
    int lock;
};
#define HELD_NONE                                                              \
    {                                                                          \
        .lock = -1                                                             \
    }
void held_release(struct held *held);
#define AUTO_HELD __attribute__((cleanup(held_release)))

/* DIR/pods/ID, malloc'd; NULL when out of memory. */
char *store_dir(const struct store *store, const char *id);
/* FLEET_ENOTFOUND: no such pod. */
int store_hold(const struct store *store, const char *id, struct held *held,
               struct fleet_error *err);
/* Somebody is at work on the pod in DIR. */
bool store_busy(const char *dir);

/* A new directory in new/, held. */
int store_prepare(const struct store *store, struct held *held,
                  struct fleet_error *err);
/* Gives the pod a port, writes its file, and moves its directory to pods/ID.
 * FLEET_ECONFLICT: there is such a pod already. */
int store_commit(const struct store *store, const char *id, struct held *held,
                 struct pod *pod, struct fleet_error *err);
/* Another port for a held pod. */
int store_new_port(const struct store *store, struct pod *pod,
                   struct fleet_error *err);
/* Takes the directory out of sight and removes it. What cannot be removed is
 * logged and stays in the trash. */
int store_discard(const struct store *store, struct held *held,
                  struct fleet_error *err);
/* Removes what runs that died have left. Failures are logged. */
void store_sweep(struct store *store);

/* Calls EACH with the id and directory of every pod; stops at a failure. */
int store_each(const struct store *store,
               int (*each)(const char *id, const char *dir, void *arg,
                           struct fleet_error *err),
               void *arg, struct fleet_error *err);

#endif
