/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_BGVISIT_H
#define FL_ENGINE_BGVISIT_H

#include "core/engine/bgjobs.h"
#include "core/engine/visit.h"

/* Background jobs where they run. */
enum fl_bg_verb {
    FL_BG_START = 1,
    FL_BG_LOOK,
    FL_BG_KILL,
    FL_BG_CLEAN /* removes those that have ended */
};

/* What a pod says of one job. Text that is not escaped. */
struct fl_bg_seen {
    char id[FL_BGJOB_ID_SIZE];
    char state[12]; /* as in struct fl_bgpod */
    int64_t status; /* exit status; -1 */
    int64_t pid;    /* of its first process, which leads a session; -1 */
    int64_t log_bytes, sent; /* -1; processes that were given the signal */
    char began[32], ended[32];
    char why[200];
};
struct fl_bg_task {
    struct fl_visit_to to;
    const char *const *ids; /* by member: with blanks between */
    enum fl_bg_verb verb;
    const char *command, *input; /* of start; input may be NULL */
    size_t input_len;
    const char *signal; /* of kill: "TERM" */
};
struct fl_bg_answer {
    struct fl_bg_seen *at;
    size_t n;
    /* the room's */
    struct fl_bg_task task;
    const char *ids;
};
/* Each result's own is a struct fl_bg_answer. What the task points to has to
 * live as long as a thread may (fl_pool_wedged). */
int fl_bg_visit(const struct fl_bg_task *task, struct fl_visit_results *results,
                struct fleet_error *err);
/* NULL: the pod has said nothing of it. */
const struct fl_bg_seen *fl_bg_seen_of(const struct fl_visit_result *result,
                                       const char *id);

/* One line of what a pod says of a job: "ID STATE KEY VALUE ...". False: it is
 * none. Pure. */
bool fl_bg_read(const char *text, struct fl_bg_seen *seen);

/* The log of one job, as it is or as it grows. Each result's own is a struct
 * fl_bg_heard. */
struct fl_bg_heard {
    struct fl_bg_seen seen; /* at the end */
    struct fl_bg_log *log;  /* the room's */
};
struct fl_bg_log_task {
    struct fl_visit_to to;
    const char *id;
    int64_t lines;       /* the last so many; -1: all */
    bool follow;         /* until it ends */
    fl_ssh_heard *heard; /* stream is always 1; LEN 0 at its end */
    void *const *heard_args;
};
int fl_bg_read_logs(const struct fl_bg_log_task *task,
                    struct fl_visit_results *results, struct fleet_error *err);

#endif
