/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/cmd/admit.h"
#include "core/cmd/admitted.h"
#include "core/cmd/commands.h"
#include "core/cmd/output.h"
#include "core/model/rosteredit.h"

#include <string.h>

struct options {
    char *roster;
    bool kill;
};
/* clang-format off */
static const struct fleet_option options[] = {
    FL_ADMIT_ROSTER_OPTION(struct options, roster),
    FL_ADMIT_KILL_OPTION(struct options, kill),
    {0},
};
/* clang-format on */

struct work {
    struct fl_admit admit;
    const struct fl_person *person; /* NULL: not in the roster any more */
    char *id;
    struct fl_badge badge;
    struct fl_strv pods; /* that let them in until now, short */
};

/* Somebody whose line is gone from the roster may still be on a pod. */
static bool is_known(struct work *work, const char *id)
{
    const struct fl_roster *roster = &work->admit.people.roster;
    bool known = false;

    for (size_t i = 0; i < roster->n; i++)
        known |= roster->at[i].id && strcmp(roster->at[i].id, id) == 0;
    for (size_t i = 0; i < work->admit.accesses.n; i++)
        known |= fl_admitted_was_in(&work->admit.accesses.at[i], id);
    return known || fl_standing_of(&work->admit.people.standings, id);
}

/* A roster with faults is no reason to let somebody stay in. */
static int find(struct work *work, const char *who, struct fleet_error *err)
{
    struct fl_people *people = &work->admit.people;
    char slug[FL_PERSON_ID_MAX + 1];
    int rc = fl_people_check(people, err);

    fl_person_slug(slug, who);
    if (rc < 0)
        fl_say(work->admit.context, "fleet: warning: %s", err->text);
    else
        rc = fl_roster_find(&people->roster, who, &work->person, err);
    if (rc < 0 && !is_known(work, slug))
        return rc;
    work->id = strdup(rc == 0 ? work->person->id : slug);
    work->admit.only = work->id;
    return work->id ? FLEET_OK : fl_enomem(err);
}

static int ask(struct work *work, struct fleet_error *err)
{
    struct fl_admit *admit = &work->admit;
    FL_AUTO_FREE char *question = fl_format(
        "Shut %s out of all %zu pods%s?", work->id, admit->fleet.n_members,
        admit->kill ? ", and end all sessions of those they had" : "");

    return question ? fl_confirm(admit->context, question, err)
                    : fl_enomem(err);
}

/* The line stays, without pods: whoever reads it sees that nobody is let in
 * by it. The mark in the state holds whatever becomes of the file. */
static void empty_line(struct work *work)
{
    struct fl_admit *admit = &work->admit;
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(FL_ROSTER_MAX);
    struct fl_strv none = {0};
    struct fleet_error err = {0};
    int rc;

    if (!work->person || work->person->pods.n == 0)
        return;
    rc = fl_roster_change(admit->people.text, work->person, &none, &text, &err);
    if (rc == 0)
        rc = fl_people_rewrite(&admit->context->engine, &admit->people,
                               fl_buf_text(&text), text.len, &err);
    work->person = NULL; /* its roster is gone */
    if (rc < 0)
        fl_say(admit->context,
               "fleet: warning: the roster still names their pods: %s; they "
               "stay out all the same",
               err.text);
}

/* As if it had been done. */
static void forget_pods(struct work *work)
{
    struct fl_roster *roster = &work->admit.people.roster;

    for (size_t i = 0; i < roster->n; i++)
        if (roster->at[i].id && strcmp(roster->at[i].id, work->id) == 0)
            fl_strv_clear(&roster->at[i].pods);
}

/* Before anything is changed: what they would show. */
static int read_badge(struct work *work, struct fleet_error *err)
{
    struct fl_admit *admit = &work->admit;
    struct fl_person gone = {.id = work->id};
    int rc = fl_badge_look(&admit->people, &admit->context->engine.cohort,
                           &admit->ca, work->person ? work->person : &gone,
                           &work->badge, err);

    if (rc == 0 && work->badge.key && work->badge.public_key &&
        work->badge.cert) {
        admit->key_path = work->badge.key;
        admit->cert_path = work->badge.cert_path;
    }
    return rc;
}

/* As the roster has it, and as the pods were last seen; or, when it is done for
 * the second time, as it was at the first. */
static int find_pods(struct work *work, struct fleet_error *err)
{
    struct fl_admit *admit = &work->admit;
    const struct fl_standing *standing =
        fl_standing_of(&admit->people.standings, work->id);
    int rc = FLEET_OK;

    if (standing && standing->revoked_at && standing->pods)
        rc = fl_strv_split(&work->pods, standing->pods, " ");
    for (size_t i = 0; rc == 0 && work->person && i < work->person->pods.n; i++)
        rc = fl_strv_add(&work->pods, work->person->pods.at[i]);
    fl_admit_select(admit, NULL, work->id);
    for (size_t i = 0; rc == 0 && i < admit->fleet.n_members; i++)
        if (admit->selected[i])
            rc = fl_strv_add(&work->pods, admit->fleet.members[i].short_name);
    admit->kill_on = &work->pods;
    return rc < 0 ? fl_enomem(err) : FLEET_OK;
}

static int carry_out(struct work *work, struct fleet_error *err)
{
    struct fl_admit *admit = &work->admit;
    struct fl_engine *engine = &admit->context->engine;
    int rc = read_badge(work, err);

    if (rc == 0)
        rc = find_pods(work, err);
    if (rc == 0 && !admit->dry)
        rc = fl_people_revoke(engine, &admit->people, work->id, &work->pods,
                              err);
    if (rc < 0)
        return rc;
    if (admit->dry)
        forget_pods(work);
    else
        empty_line(work);
    fl_admit_select_all(admit);
    return fl_admit_visit(admit, err);
}

static size_t count_proof(const struct fl_visit_results *results,
                          enum fl_proof proof)
{
    size_t n = 0;

    for (size_t i = 0; i < results->n; i++)
        n += !results->at[i].stage &&
             fl_accessed_of(&results->at[i])->proof == proof;
    return n;
}

static void tell(struct work *work)
{
    struct fl_admit *admit = &work->admit;
    const struct fl_visit_results *results = &admit->results;
    size_t refused = count_proof(results, FL_PROOF_REFUSED);
    size_t read_back = count_proof(results, FL_PROOF_UNCLEAR) +
                       count_proof(results, FL_PROOF_NONE);

    fl_json_put(admit->context->document, "person", fl_json_text(work->id));
    fl_admitted_print(admit);
    if (admit->dry) {
        fl_say(admit->context, "would shut %s out", work->id);
        return;
    }
    if (refused)
        fl_say(admit->context,
               "%s: refused by %zu pod%s, tried with their own key and "
               "certificate",
               work->id, refused, refused == 1 ? "" : "s");
    if (read_back)
        fl_say(admit->context,
               "%s: on %zu pod%s no line lets them in, as read back from there",
               work->id, read_back, read_back == 1 ? "" : "s");
    if (!admit->kill)
        fl_say(admit->context,
               "sessions that are open go on; --kill-sessions ends them");
}

static int status_of(struct work *work)
{
    int status = fl_admit_status(&work->admit);

    return status == FL_EXIT_FAILED &&
                   !count_proof(&work->admit.results, FL_PROOF_LET_IN)
               ? FL_EXIT_PARTIAL
               : status;
}

static int run(struct fl_context *context, const void *arg)
{
    const struct options *given = arg;
    struct work work = {.admit = {.context = context, .kill = given->kill}};
    struct fleet_error err = {0};
    int status, rc;

    if (context->n_args != 1)
        return fl_usage(context, "one PERSON is meant");
    rc = fl_admit_open(context, given->roster, true, &work.admit, &err);
    if (rc == 0)
        rc = find(&work, context->args[0], &err);
    if (rc == 0 && !work.admit.dry)
        rc = ask(&work, &err);
    if (rc == 0)
        rc = carry_out(&work, &err);
    if (rc < 0) {
        status = fl_report(context, &err, NULL, NULL);
    } else {
        tell(&work);
        status = status_of(&work);
    }
    fl_admit_close(&work.admit);
    fl_badge_clear(&work.badge);
    fl_strv_clear(&work.pods);
    free(work.id);
    return status;
}

const struct fl_command fl_cmd_revoke = {
    .name = "revoke",
    .group = "People",
    .summary = "shut a participant out of all pods, at once",
    .synopsis = "PERSON",
    .example = "fleet revoke ada\n"
               "fleet revoke ada --kill-sessions --yes",
    .about =
        "Takes the person's line off every pod, and tries to log in with their "
        "key and certificate where fleet has made them: it has to be refused. "
        "Nobody else is touched. A pod that cannot be reached is told of (exit "
        "status 3): it may still let them in, until a `fleet roster apply` "
        "reaches it, or it is started again. What they had never becomes good "
        "again, even when `fleet grant` lets them in later, and they stay out "
        "whatever the roster says.\n"
        "Whose an open session is cannot be told, for all participants log in "
        "as one user: --kill-sessions ends all of the pods that let the person "
        "in until now. What was started there with nohup or tmux goes on.",
    .options = options,
    .options_size = sizeof(struct options),
    .flags = FL_CMD_CHANGES,
    .args = FL_ARGS_PEOPLE,
    .run = run,
};
