/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_SAVING_H
#define FL_ENGINE_SAVING_H

#include "core/engine/backups.h"
#include "core/engine/visit.h"

/* Somebody's work on pods: looked at, saved, put back. */
enum fl_save_verb { FL_SAVE_LOOK = 1, FL_SAVE_SAVE, FL_SAVE_RESTORE };

struct fl_save_task {
    struct fl_visit_to to;
    enum fl_save_verb verb;
    const char *day;
    const struct fl_backup_list *known;
    const char *from; /* of restore: a branch, or a pattern */
    bool overwrite;
    const struct fl_backup *files; /* of restore: the archive; may be NULL */
    bool skip_repo, skip_files;
};

/* What a pod says, and what has become of it. Text that is not escaped. */
struct fl_saved {
    bool has_repo, has_files;
    char repo[256], branch_now[128], doing[32];
    char head[72], tree[72], print[72];
    bool dirty;
    int64_t ahead;
    char result[16]; /* of the repository: "clean", "pushed", "already" */
    char branch[128], commit[72]; /* where it is, or was taken from */
    struct fl_strv left;          /* what is not saved, a sentence each */
    char newer[256]; /* a file that is newer than the last backup */
    char *file;      /* the archive that was made */
    char sum[72];
    int64_t bytes;
    int64_t placed, kept, same; /* of restore */
    char kept_one[160];
    /* the room's */
    struct fl_saving *saving;
};
/* Each result's own is a struct fl_saved. */
int fl_save_visit(const struct fl_save_task *task,
                  struct fl_visit_results *results, struct fleet_error *err);
/* Whether the pod has work that is at no remote and in no backup. */
bool fl_saved_newer(const struct fl_saved *saved,
                    const struct fl_backup *backup);

#endif
