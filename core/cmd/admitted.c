/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/admitted.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/cmd/output.h"

#include <inttypes.h>
#include <string.h>

#define SKEW_S (5 * 60)
#define DAY_S  86400

bool fl_admitted_behind(struct fl_admit *admit, const struct fl_member *member)
{
    const struct fl_access *access = fl_admit_access(admit, member);
    FL_AUTO(fl_strv_clear) struct fl_strv ids = {0}, principals = {0};
    FL_AUTO_FREE char *wanted = NULL;

    if (fl_access_wanted(&admit->context->engine, &admit->people, admit->only,
                         member, &ids, &principals, NULL) < 0)
        return true;
    if (admit->only)
        return fl_admitted_was_in(access, admit->only) != (principals.n > 0);
    wanted = fl_access_text(&principals);
    if (!access)
        return principals.n > 0;
    return !wanted || strcmp(access->people, wanted) != 0;
}

/* Of a pod that was not reached: nobody gets in on one that does not run, and
 * it is as it was when it runs again. */
static bool owes(struct fl_admit *admit, const struct fl_member *member)
{
    enum fleet_state state = fl_pod_state(member->pod);

    return member->unconfirmed || state == FLEET_STATE_RUNNING ||
           state == FLEET_STATE_UNKNOWN || fl_admitted_behind(admit, member);
}

static const char *result_of(const struct fl_admit *admit,
                             const struct fl_visit_result *result)
{
    const struct fl_accessed *accessed = fl_accessed_of(result);

    if (result->stage)
        return "failed";
    if (accessed->proof == FL_PROOF_LET_IN)
        return "still lets in";
    if (!fl_authkeys_changed(&accessed->change))
        return "kept";
    return admit->dry ? "would change" : "changed";
}

static char *join(const struct fl_strv *first, const struct fl_strv *second)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(1 << 20);

    for (size_t i = 0; i < first->n; i++)
        fl_buf_printf(&text, "%s%s", i ? " " : "", first->at[i]);
    for (size_t i = 0; second && i < second->n; i++)
        fl_buf_printf(&text, "%s%s", text.len ? " " : "", second->at[i]);
    return text.len ? fl_buf_take(&text) : NULL;
}

static json_t *json_list(const struct fl_strv *list)
{
    json_t *made = json_array();

    for (size_t i = 0; i < list->n; i++)
        fl_json_add(made, fl_json_text(list->at[i]));
    return made;
}

static const char *proof_name(enum fl_proof proof)
{
    static const char *const names[] = {
        [FL_PROOF_NONE] = NULL,
        [FL_PROOF_REFUSED] = "login refused",
        [FL_PROOF_LET_IN] = "login worked",
        [FL_PROOF_UNCLEAR] = "read back",
    };

    return names[proof];
}

static json_t *json_pod(const struct fl_admit *admit,
                        const struct fl_visit_result *result)
{
    const struct fl_accessed *accessed = fl_accessed_of(result);
    json_t *made = json_object();

    fl_json_put(made, "name", fl_json_text(result->name));
    fl_json_put(made, "result", fl_json_text(result_of(admit, result)));
    fl_json_put(made, "added", json_list(&accessed->change.added));
    fl_json_put(made, "renewed", json_list(&accessed->change.renewed));
    fl_json_put(made, "removed", json_list(&accessed->change.removed));
    fl_json_put(made, "kept", json_integer((json_int_t)accessed->change.kept));
    fl_json_put(made, "clock_skew_s",
                result->stage ? json_null() : json_integer(accessed->skew_s));
    fl_json_put(made, "sessions_ended", json_integer(accessed->ended));
    fl_json_put(made, "proof", fl_json_text(proof_name(accessed->proof)));
    fl_json_put(made, "error",
                result->stage ? fl_json_error(&result->error, result->name,
                                              result->member->listing->name)
                              : json_null());
    return made;
}

void fl_admitted_print(struct fl_admit *admit)
{
    static const char *const headings[] = {"NAME", "RESULT", "ADDED", "REMOVED",
                                           "KEPT"};
    json_t *pods = json_array();
    struct fl_table table;

    fl_table_init(&table, 5, headings, 1u << 4);
    for (size_t i = 0; i < admit->results.n; i++) {
        const struct fl_visit_result *result = &admit->results.at[i];
        const struct fl_authkeys_change *change =
            &fl_accessed_of(result)->change;
        FL_AUTO_FREE char *added = join(&change->added, &change->renewed);
        FL_AUTO_FREE char *removed = join(&change->removed, NULL);

        fl_table_cell(&table, result->name);
        fl_table_cell(&table, result_of(admit, result));
        fl_table_cell(&table, added);
        fl_table_cell(&table, removed);
        fl_table_cellf(&table, "%zu", change->kept);
        fl_json_add(pods, json_pod(admit, result));
    }
    fl_table_print(&table, admit->context);
    fl_table_clear(&table);
    fl_json_put(admit->context->document, "pods", pods);
    fl_json_put(admit->context->document, "certificates",
                json_list(&admit->made));
}

/* Certificates begin a day ago, and end when the pod thinks so. */
static void tell_clock(struct fl_context *context, const char *name,
                       int64_t skew_s)
{
    char text[32];

    if (skew_s > -SKEW_S && skew_s < SKEW_S)
        return;
    fl_duration_text(text, (skew_s < 0 ? -skew_s : skew_s) * 1000);
    if (skew_s <= -DAY_S)
        fl_say(context,
               "fleet: warning: %s: its clock is %s behind: certificates are "
               "not good there yet; set it right (date -s, or chrony)",
               name, text);
    else
        fl_say(context,
               "fleet: warning: %s: its clock is %s %s: certificates end "
               "%s there",
               name, text, skew_s < 0 ? "behind" : "ahead",
               skew_s < 0 ? "late" : "early");
}

/* 0: as it should be; 1: it is not known to be; 2: it is known not to be. */
static int tell_pod(struct fl_admit *admit,
                    const struct fl_visit_result *result)
{
    struct fl_context *context = admit->context;
    const struct fl_accessed *accessed = fl_accessed_of(result);
    struct fleet_error err = {0};

    if (result->stage && !owes(admit, result->member))
        return 0;
    if (result->stage) {
        fl_report(context, &result->error, result->name,
                  result->member->listing->name);
        return 1;
    }
    tell_clock(context, result->name, accessed->skew_s);
    if (accessed->ended)
        fl_say(context, "%s: %" PRId64 " session%s ended", result->name,
               accessed->ended, accessed->ended == 1 ? "" : "s");
    if (accessed->proof != FL_PROOF_LET_IN)
        return 0;
    fleet_fail(&err, FLEET_ECONFLICT,
               "the login of who was shut out still works there, by something "
               "else than fleet's line: look at its authorized_keys");
    fl_report(context, &err, result->name, result->member->listing->name);
    return 2;
}

int fl_admitted_tell(struct fl_admit *admit)
{
    size_t bad = 0;
    int worst = 0;

    for (size_t i = 0; i < admit->results.n; i++) {
        int one = tell_pod(admit, &admit->results.at[i]);

        bad += one > 0;
        worst = one > worst ? one : worst;
    }
    if (bad && worst == 1)
        fl_say(admit->context,
               "fleet: warning: %zu pod%s could not be put right: who may log "
               "in there is as it was; the next `fleet roster apply` that "
               "reaches %s does it",
               bad, bad == 1 ? "" : "s", bad == 1 ? "it" : "them");
    if (worst == 2 || (bad && bad == admit->results.n && !admit->key_path))
        return FL_EXIT_FAILED;
    return bad ? FL_EXIT_PARTIAL : FL_EXIT_OK;
}

int fl_admitted_journal(struct fl_admit *admit, struct fleet_error *err)
{
    struct fl_engine *engine = &admit->context->engine;
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < admit->results.n; i++) {
        const struct fl_visit_result *result = &admit->results.at[i];
        const struct fl_authkeys_change *change =
            &fl_accessed_of(result)->change;
        FL_AUTO_FREE char *added = join(&change->added, &change->renewed);
        FL_AUTO_FREE char *removed = join(&change->removed, NULL);
        FL_AUTO_FREE char *detail =
            fl_format("%s%s%s%s%s", added ? "let in " : "", added ? added : "",
                      added && removed ? "; " : "", removed ? "shut out " : "",
                      removed ? removed : "");
        struct fl_intent intent = {
            .op = (char *)"access",
            .name = (char *)result->name,
            .provider = (char *)result->member->listing->name,
            .pod_id = (char *)fleet_pod_get(result->member->pod, FLEET_POD_ID),
            .detail = detail};
        int64_t number = 0;

        if (!result->stage && !fl_authkeys_changed(change))
            continue;
        if (result->stage && !owes(admit, result->member))
            continue;
        rc = detail ? fl_journal_begin(engine->state, engine->run, &intent,
                                       &number, err)
                    : fl_enomem(err);
        if (rc == 0)
            rc = fl_journal_end(
                engine->state, number,
                result->stage ? fleet_code_name(result->error.code) : "ok",
                NULL, result->stage ? result->error.text : NULL, NULL, NULL,
                err);
    }
    return rc;
}
