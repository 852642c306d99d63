/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/guard.h"

#include "core/base/error.h"
#include "core/base/pool.h"
#include "core/base/text.h"
#include "core/cmd/document.h"
#include "core/cmd/progress.h"
#include "core/cmd/visiting.h"
#include "core/engine/saving.h"

#include <string.h>

#define LIMIT_MS    120000
#define NAMES_SHOWN 5

struct guard {
    struct fl_context *context;
    const struct fl_fleet *fleet;
    const bool *selected;
    const char *what;
    struct fl_backup_list known;
    struct fl_ssh_key *key;
    struct fl_visit_results results;
    struct fl_strv newer, unasked; /* short names */
    json_t *list;
};

static const char *describe(const struct fl_saved *saved)
{
    if (saved->newer[0])
        return saved->newer;
    if (saved->dirty && saved->ahead > 0)
        return "changed files, and commits that no remote has";
    return saved->dirty ? "changed files" : "commits that no remote has";
}

static int judge(struct guard *guard, const struct fl_visit_result *result)
{
    const struct fl_saved *saved = result->own;
    const struct fl_backup *backup = fl_backup_of(
        &guard->known, result->member->listing->name, result->member->pod);
    bool asked = !result->stage && saved;
    bool newer = asked && fl_saved_newer(saved, backup);
    const char *why = asked ? describe(saved) : result->error.text;
    json_t *made;

    if (asked && !newer)
        return FLEET_OK;
    fl_say(guard->context, "%s: %s: %s (last backup: %s)",
           result->member->short_name,
           asked ? "work that is in no backup" : "it cannot be asked", why,
           backup && backup->at[0] ? backup->at : "never");
    made = json_object();
    fl_json_put(made, "name", fl_json_text(result->name));
    fl_json_put(made, "asked", json_boolean(asked));
    fl_json_put(made, "why", fl_json_text(why));
    fl_json_put(made, "backup_at",
                fl_json_text(backup && backup->at[0] ? backup->at : NULL));
    fl_json_add(guard->list, made);
    return fl_strv_add(asked ? &guard->newer : &guard->unasked,
                       result->member->short_name);
}

static int put_names(struct fl_buf *out, const struct fl_strv *names)
{
    for (size_t i = 0; i < names->n && i < NAMES_SHOWN; i++)
        fl_buf_printf(out, "%s%s", i ? " " : "", names->at[i]);
    if (names->n > NAMES_SHOWN)
        fl_buf_printf(out, " and %zu more", names->n - NAMES_SHOWN);
    return out->failed;
}

static int refuse(const struct guard *guard, struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf newer = FL_BUF(1024);
    FL_AUTO(fl_buf_clear) struct fl_buf unasked = FL_BUF(1024);

    put_names(&newer, &guard->newer);
    put_names(&unasked, &guard->unasked);
    if (guard->newer.n == 0)
        return fleet_fail(err, FLEET_EREFUSED,
                          "%s: nobody can say what would be lost on %s, which "
                          "cannot be asked: give --lose-work to go ahead; "
                          "nothing was done",
                          guard->what, fl_buf_text(&unasked));
    return fleet_fail(err, FLEET_EREFUSED,
                      "%s: work on %s would be lost%s%s: `fleet backup %s` "
                      "saves it, --lose-work goes ahead without; nothing was "
                      "done",
                      guard->what, fl_buf_text(&newer),
                      guard->unasked.n ? ", and perhaps on " : "",
                      fl_buf_text(&unasked), guard->newer.at[0]);
}

static int ask(struct guard *guard, struct fleet_error *err)
{
    struct fl_context *context = guard->context;
    struct fl_progress *progress = fl_progress_open(context, "asked");
    const struct fl_save_task task = {
        .to = {.engine = &context->engine,
               .fleet = guard->fleet,
               .selected = guard->selected,
               .key = guard->key,
               .limit_ms = LIMIT_MS,
               .event = fl_progress_event,
               .event_arg = progress},
        .verb = FL_SAVE_LOOK,
        .known = &guard->known,
    };
    int rc = fl_save_visit(&task, &guard->results, err);

    fl_progress_close(progress);
    return rc;
}

static int look(struct guard *guard, struct fleet_error *err)
{
    int rc = ask(guard, err);

    if (rc < 0)
        return rc;
    guard->list = json_array();
    for (size_t i = 0; rc == 0 && i < guard->results.n; i++)
        rc = judge(guard, &guard->results.at[i]);
    fl_json_put(guard->context->document, "unsaved", guard->list);
    if (rc < 0)
        return fl_enomem(err);
    return guard->newer.n + guard->unasked.n > 0 ? refuse(guard, err)
                                                 : FLEET_OK;
}

int fl_guard_work(struct fl_context *context, const struct fl_fleet *fleet,
                  const bool *selected, const char *what,
                  struct fleet_error *err)
{
    struct guard guard = {
        .context = context, .fleet = fleet, .selected = selected, .what = what};
    struct fleet_error why = {0};
    bool any = false;
    int rc = fl_backups_load(context->engine.state, &guard.known, err);

    for (size_t i = 0; i < fleet->n_members; i++)
        any |= selected[i];
    if (rc == 0 && any &&
        fl_backups_used(&context->engine.settings, &guard.known)) {
        rc = fl_visiting_key(context, &guard.key, &why);
        if (rc < 0)
            rc = fleet_fail(err, FLEET_EREFUSED,
                            "%s: the pods cannot be asked for work that is in "
                            "no backup (%.200s): give --lose-work to go ahead; "
                            "nothing was done",
                            what, why.text);
        else
            rc = look(&guard, err);
    }
    if (fl_pool_wedged()) /* a thread may still use what is freed below */
        return rc;
    fl_visit_results_clear(&guard.results);
    fl_backup_list_clear(&guard.known);
    fl_strv_clear(&guard.newer);
    fl_strv_clear(&guard.unasked);
    fl_ssh_key_close(guard.key);
    return rc;
}
