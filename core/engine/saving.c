/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/saving.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/engine/archive.h"
#include "core/engine/checkout.h"
#include "core/engine/onpod.h"
#include "core/engine/savescript.h"

#include <stdio.h>
#include <string.h>

#define ANSWER_MAX (256 * 1024)
#define LEFT_MAX   8

/* What one pod's thread works with. */
struct fl_saving {
    struct fl_save_task task;
    char *repo, *key, *branch, *old; /* as text for the scripts; "" for none */
    char *short_name, *paths, *exclude, *dir;
    char why[300];
};

/* ---- what a pod says ---- */

static bool is_hash(const char *text)
{
    size_t len = strspn(text, "0123456789abcdef");

    return (len == 40 || len == 64) && !text[len];
}

static void take_hash(char out[72], const char *text)
{
    if (is_hash(text))
        snprintf(out, 72, "%s", text);
}

/* "WHAT N FIRST" */
static int take_left(struct fl_saved *saved, const char *text)
{
    static const char *const whats[][2] = {
        {"large ", "too large"},
        {"repositories ", "a repository of its own"},
        {"submodules ", "a submodule with work in it"},
        {"unreadable ", "cannot be read"},
    };

    for (size_t i = 0; i < sizeof(whats) / sizeof(*whats); i++) {
        size_t len = strlen(whats[i][0]);
        const char *one = text + len + strcspn(text + len, " ");
        FL_AUTO_FREE char *line = NULL;
        int64_t n = 0;

        if (strncmp(text, whats[i][0], len) != 0)
            continue;
        n = strtoll(text + len, NULL, 10);
        one += *one == ' ';
        line = n > 1 ? fl_format("%.160s and %lld more: %s", one,
                                 (long long)n - 1, whats[i][1])
                     : fl_format("%.160s: %s", one, whats[i][1]);
        if (!line)
            return FLEET_ENOMEM;
        return saved->left.n < LEFT_MAX ? fl_strv_add(&saved->left, line)
                                        : FLEET_OK;
    }
    return FLEET_OK;
}

static void take_result(struct fl_saved *saved, const char *text)
{
    static const char *const results[] = {"clean ", "pushed ", "already "};

    for (size_t i = 0; i < 3; i++) {
        size_t len = strlen(results[i]);

        if (strncmp(text, results[i], len) != 0)
            continue;
        snprintf(saved->result, sizeof(saved->result), "%.*s", (int)len - 1,
                 text);
        take_hash(saved->commit, text + len);
    }
}

static void take_from(struct fl_saved *saved, const char *text)
{
    size_t len = strcspn(text, " ");

    if (len < sizeof(saved->branch) && text[len] && is_hash(text + len + 1)) {
        snprintf(saved->branch, sizeof(saved->branch), "%.*s", (int)len, text);
        take_hash(saved->commit, text + len + 1);
    }
}

static void take_count(int64_t *n, const char *text, char *one, size_t size)
{
    const char *rest = text + strcspn(text, " ");

    *n += strtoll(text, NULL, 10);
    if (one && *rest)
        snprintf(one, size, "%s", rest + 1);
}

static void take_repo(struct fl_saved *saved, const char *text)
{
    saved->has_repo = strcmp(text, "none") != 0;
    if (saved->has_repo)
        snprintf(saved->repo, sizeof(saved->repo), "%s", text);
}

static void take_number(struct fl_saved *saved, const char *key,
                        const char *text)
{
    int64_t n = 0;

    if (!fl_parse_int(text, 0, 1000000, &n))
        return;
    if (strcmp(key, "dirty") == 0)
        saved->dirty = n != 0;
    else
        saved->ahead = n;
}

static int said(void *arg, const char *key, char *text, struct fleet_error *err)
{
    struct fl_saved *saved = arg;
    int rc = FLEET_OK;

    if (strcmp(key, "repo") == 0)
        take_repo(saved, text);
    else if (strcmp(key, "branch") == 0)
        snprintf(saved->branch_now, sizeof(saved->branch_now), "%s", text);
    else if (strcmp(key, "doing") == 0)
        snprintf(saved->doing, sizeof(saved->doing), "%s", text);
    else if (strcmp(key, "head") == 0)
        take_hash(saved->head, text);
    else if (strcmp(key, "tree") == 0)
        take_hash(saved->tree, text);
    else if (strcmp(key, "print") == 0)
        take_hash(saved->print, text);
    else if (strcmp(key, "dirty") == 0 || strcmp(key, "ahead") == 0)
        take_number(saved, key, text);
    else if (strcmp(key, "left") == 0)
        rc = take_left(saved, text);
    else if (strcmp(key, "saved") == 0)
        take_result(saved, text);
    else if (strcmp(key, "from") == 0)
        take_from(saved, text);
    else if (strcmp(key, "newer") == 0)
        snprintf(saved->newer, sizeof(saved->newer), "%s", text);
    else if (strcmp(key, "placed") == 0)
        take_count(&saved->placed, text, NULL, 0);
    else if (strcmp(key, "same") == 0)
        take_count(&saved->same, text, NULL, 0);
    else if (strcmp(key, "kept") == 0)
        take_count(&saved->kept, text, saved->kept_one,
                   sizeof(saved->kept_one));
    else if (strcmp(key, "fail") == 0)
        snprintf(saved->saving->why, sizeof(saved->saving->why), "%s", text);
    return rc < 0 ? fl_enomem(err) : FLEET_OK;
}

/* ---- on the pod ---- */

/* With what can be done about it, where that is plain. */
static int tell_failure(const struct fl_saving *saving, struct fleet_error *err)
{
    const char *remedy = "";

    if (strstr(saving->why, "Host key verification"))
        remedy = ": `fleet setup` tells the pod the key of the host of the "
                 "repository";
    else if (strstr(saving->why, "ermission denied (publickey"))
        remedy = ": the remote does not take the deploy key; see "
                 "GIT_SSH_KEY_LOCAL and `fleet setup`";
    return fleet_fail(err, FLEET_ECONFLICT, "%s%s", saving->why, remedy);
}

static void put_common(const struct fl_saving *saving, struct fl_onpod *script)
{
    const struct fl_save_task *task = &saving->task;

    fl_onpod_set(script, "repo", saving->repo);
    fl_onpod_set(script, "key", saving->key);
    fl_onpod_set(script, "name", saving->short_name);
    fl_onpod_set(script, "day", task->day ? task->day : "");
    fl_onpod_set(script, "branch", saving->branch);
    fl_onpod_set(script, "old", saving->old);
    fl_onpod_set(script, "from", task->from ? task->from : "");
    fl_onpod_set(script, "overwrite", task->overwrite ? "1" : "");
    fl_onpod_set(script, "paths", saving->paths);
    fl_onpod_set(script, "exclude", saving->exclude);
    fl_onpod_set_number(script, "max_kb",
                        task->to.engine->settings.backup_max_mb * 1024);
    fl_buf_puts(&script->text, fl_savescript_common);
}

static int run_script(struct fl_visit *visit, const char *body,
                      struct fleet_error *err)
{
    FL_AUTO(fl_onpod_clear) struct fl_onpod script = {0};
    struct fl_saved *saved = visit->own;
    int rc = fl_onpod_open(&script, err);

    if (rc < 0)
        return rc;
    put_common(saved->saving, &script);
    fl_onpod_add(&script, body);
    rc = fl_onpod_run(visit, &script, ANSWER_MAX, said, saved, err);
    if (rc == 0 && saved->saving->why[0])
        rc = tell_failure(saved->saving, err);
    return rc;
}

static int save_files(struct fl_visit *visit, struct fleet_error *err)
{
    FL_AUTO(fl_onpod_clear) struct fl_onpod script = {0};
    struct fl_saved *saved = visit->own;
    const struct fl_saving *saving = saved->saving;
    struct fl_archive archive = {
        .dir = saving->dir,
        .name = saving->short_name,
        .keep = saving->task.to.engine->settings.backup_keep};
    int rc = fl_onpod_open(&script, err);

    if (rc < 0)
        return rc;
    put_common(saving, &script);
    rc = fl_archive_take(visit, &script, &archive, err);
    if (rc < 0)
        return fl_error_in(err, "files");
    saved->has_files = archive.path != NULL;
    saved->file = archive.path;
    snprintf(saved->sum, sizeof(saved->sum), "%s", archive.sum);
    saved->bytes = archive.bytes;
    if (archive.large > 0) {
        FL_AUTO_FREE char *line =
            fl_format("%lld file%s: too large", (long long)archive.large,
                      archive.large == 1 ? "" : "s");

        if (!line || fl_strv_add(&saved->left, line) < 0)
            return fl_enomem(err);
    }
    return FLEET_OK;
}

static int restore_files(struct fl_visit *visit, struct fleet_error *err)
{
    FL_AUTO(fl_onpod_clear) struct fl_onpod script = {0};
    struct fl_saved *saved = visit->own;
    const struct fl_backup *files = saved->saving->task.files;
    int rc = fl_onpod_open(&script, err);

    if (rc == 0) {
        put_common(saved->saving, &script);
        rc = fl_archive_give(visit, files->files, files->sum, &script, err);
    }
    if (rc == 0) {
        fl_visit_step(visit, "putting files in place");
        fl_onpod_add(&script, fl_savescript_unpack);
        rc = fl_onpod_run(visit, &script, ANSWER_MAX, said, saved, err);
    }
    if (rc == 0 && saved->saving->why[0])
        rc = tell_failure(saved->saving, err);
    return rc < 0 ? fl_error_in(err, "files") : FLEET_OK;
}

static const char *body_of(enum fl_save_verb verb)
{
    return verb == FL_SAVE_SAVE      ? fl_savescript_save
           : verb == FL_SAVE_RESTORE ? fl_savescript_restore
                                     : fl_savescript_look;
}

static int do_files(struct fl_visit *visit, struct fleet_error *err)
{
    const struct fl_saved *saved = visit->own;
    const struct fl_save_task *task = &saved->saving->task;

    if (task->verb == FL_SAVE_RESTORE)
        return task->files ? restore_files(visit, err) : FLEET_OK;
    if (!saved->saving->paths[0])
        return FLEET_OK;
    if (task->verb == FL_SAVE_LOOK)
        return run_script(visit, fl_savescript_newer, err);
    fl_visit_step(visit, "copying files");
    return save_files(visit, err);
}

static int work(struct fl_visit *visit, struct fleet_error *err)
{
    const struct fl_saved *saved = visit->own;
    const struct fl_save_task *task = &saved->saving->task;
    struct fleet_error second = {0};
    int rc = FLEET_OK;

    fl_visit_step(visit, task->verb == FL_SAVE_SAVE      ? "saving"
                         : task->verb == FL_SAVE_RESTORE ? "restoring"
                                                         : "looking for work");
    if (!task->skip_repo && saved->saving->repo[0])
        rc = run_script(visit, body_of(task->verb), err);
    if (task->skip_files || (rc < 0 && rc != FLEET_ECONFLICT))
        return rc;
    /* What is wrong with a repository does no harm to the files. */
    saved->saving->why[0] = '\0';
    if (rc == 0)
        return do_files(visit, err);
    do_files(visit, &second);
    return rc;
}

/* ---- in the calling thread ---- */

static char *or_empty(const char *text, const char *fallback)
{
    return strdup(text ? text : fallback);
}

static int begin(const void *arg, const struct fl_member *member, void *own,
                 struct fleet_error *err)
{
    static const char excluded[] =
        ".git\n.cache\n.local\nsite-packages\nnode_modules\n__pycache__";
    const struct fl_save_task *task = arg;
    const struct fl_settings *settings = &task->to.engine->settings;
    const struct fl_backup *known =
        fl_backup_of(task->known, member->listing->name, member->pod);
    struct fl_saved *saved = own;
    struct fl_saving *saving = calloc(1, sizeof(*saving));
    FL_AUTO(fl_checkout_clear) struct fl_checkout checkout = {0};
    int rc;

    saved->saving = saving;
    if (!saving)
        return fl_enomem(err);
    rc = fl_checkout_read(settings, &checkout, err);
    if (rc < 0)
        return rc;
    saving->task = *task;
    saving->short_name = strdup(member->short_name);
    saving->repo = fl_take(checkout.dir);
    saving->key = fl_take(checkout.key);
    saving->branch =
        fl_backup_branch(task->to.engine->cohort.prefix,
                         task->day ? task->day : "w0d0", member->short_name);
    saving->old = or_empty(known ? known->branch : NULL, "");
    saving->paths = or_empty(settings->backup_paths, "");
    saving->exclude = or_empty(settings->backup_exclude, excluded);
    saving->dir = settings->backup_dir
                      ? fl_format("%s/%s", settings->backup_dir,
                                  fleet_pod_get(member->pod, FLEET_POD_NAME))
                      : fl_format("%s/backups/%s", task->to.engine->state_dir,
                                  fleet_pod_get(member->pod, FLEET_POD_NAME));
    return saving->short_name && saving->repo && saving->key &&
                   saving->branch && saving->old && saving->paths &&
                   saving->exclude && saving->dir
               ? FLEET_OK
               : fl_enomem(err);
}

static void clear(void *own)
{
    struct fl_saved *saved = own;
    struct fl_saving *saving = saved->saving;

    fl_strv_clear(&saved->left);
    free(saved->file);
    if (!saving)
        return;
    free(saving->short_name);
    free(saving->repo);
    free(saving->key);
    free(saving->branch);
    free(saving->old);
    free(saving->paths);
    free(saving->exclude);
    free(saving->dir);
    free(saving);
}

int fl_save_visit(const struct fl_save_task *task,
                  struct fl_visit_results *results, struct fleet_error *err)
{
    static const struct fl_visit_kind kind = {
        .own_size = sizeof(struct fl_saved),
        .begin = begin,
        .work = work,
        .clear = clear,
    };

    return fl_visit_all(&task->to, &kind, task, results, err);
}

bool fl_saved_newer(const struct fl_saved *saved,
                    const struct fl_backup *backup)
{
    bool lone = saved->has_repo && (saved->dirty || saved->ahead > 0);
    bool same = backup && backup->print && saved->print[0] &&
                strcmp(backup->print, saved->print) == 0;

    return (lone && !same) || saved->newer[0];
}
