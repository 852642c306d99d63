/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_CHECKS_H
#define FL_ENGINE_CHECKS_H

#include "core/engine/checkup.h"
#include "core/engine/engine.h"
#include "core/model/facts.h"
#include "core/model/report.h"

/* Which checks a run makes: those of the loaded plugins, and the executable
 * scripts checks.d/NAME.sh beside the config file. Main thread, but for
 * judging.
 */
struct fl_check {
    const char *name;
    struct fl_plugin *plugin; /* NULL: a script of the user's */
    void *config;             /* the plugin's own struct, filled */
    char *script;             /* NULL: judged by the connection alone */
    int64_t limit_ms;
    size_t probe; /* which section is its own */
};
struct fl_checks {
    struct fl_check *at;
    size_t n;
    struct fl_strv scripts; /* names of the user's */
    uint32_t flags;         /* FLEET_CHECK_DEEP */
    char nonce[FL_NONCE_SIZE];
    struct fl_buf script; /* for the pods; the same for all */
    size_t n_probes;
};
/* only: names with commas between, NULL: all. FLEET_EUSAGE: no such check, did
 * you mean. FLEET_ECONFIG: a script that others may write, or that sh and bash
 * do not run, or called like a plugin. */
int fl_checks_open(struct fl_engine *engine, const char *only, uint32_t flags,
                   struct fl_checks *checks, struct fleet_error *err);
void fl_checks_close(struct fl_checks *checks);
FL_CLEANUP_IN_PLACE(fl_checks_close, struct fl_checks);

/* One of this computer: on the loopback, and without a GPU, for a pod far away
 * may stand behind a forwarded port here. */
bool fl_pod_is_here(const struct fleet_pod *pod);

/* What one check has found on one pod. */
struct fl_finding {
    int verdict;
    char *detail; /* never NULL, may be ""; not escaped */
    struct fleet_facts facts;
    bool unasked; /* the pod could not be asked: another finding says why */
};
void fl_finding_clear(struct fl_finding *finding);

/* What is known of a pod when its findings are made. */
struct fl_answer {
    const struct fleet_pod *pod;
    const char *stage; /* how far it came when it failed; NULL: it answered */
    const struct fleet_error *error;
    int64_t open_ms, run_ms;           /* -1: did not come to it */
    int64_t asked_at, answered_at;     /* seconds since the epoch */
    const struct fl_section *sections; /* by probe; NULL: none */
};
/* Judges one check; any thread. A plugin's judge gets LIMIT_MS, and the thread
 * is watched while it takes longer. FLEET_ENOMEM, else FLEET_OK: a judge that
 * fails, and a probe that did not come to its end, is a finding. */
int fl_check_judge(const struct fl_checks *checks, const struct fl_check *check,
                   const struct fl_answer *answer, int64_t limit_ms,
                   struct fl_finding *finding, struct fleet_error *err);
/* The same for a pod that nobody connected to, or that is given up: no plugin
 * is asked. */
int fl_check_fail(const struct fl_check *check, const struct fl_answer *answer,
                  struct fl_finding *finding, struct fleet_error *err);

#endif
