/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/cmd/admit.h"
#include "core/cmd/admitted.h"
#include "core/cmd/commands.h"
#include "core/cmd/output.h"

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

/* ---- check ---- */

static json_t *json_words(const struct fl_strv *list)
{
    json_t *made = json_array();

    for (size_t i = 0; i < list->n; i++)
        fl_json_add(made, fl_json_text(list->at[i]));
    return made;
}

static json_t *json_person(const struct fl_people *people,
                           const struct fl_person *person)
{
    json_t *made = json_object();

    fl_json_put(made, "id", fl_json_text(person->id));
    fl_json_put(made, "name", fl_json_text(person->name));
    fl_json_put(made, "pods", json_words(&person->pods));
    fl_json_put(made, "until", fl_json_text(person->until));
    fl_json_put(made, "email", fl_json_text(person->email));
    fl_json_put(made, "own_key", json_boolean(person->key != NULL));
    fl_json_put(
        made, "state",
        fl_json_text(fl_presence_name(fl_people_presence(people, person))));
    return made;
}

/* Nothing wrong with the file, but worth a look. */
static void tell_absent(struct fl_context *context,
                        const struct fl_people *people)
{
    for (size_t i = 0; i < people->roster.n; i++) {
        const struct fl_person *person = &people->roster.at[i];
        enum fl_presence presence = fl_people_presence(people, person);

        if (presence == FL_ENDED)
            fl_say(context,
                   "fleet: warning: %s:%d: %s: the last day was %s: no pod "
                   "lets them in any more",
                   people->path, person->line, person->id, person->until);
        if (presence == FL_REVOKED)
            fl_say(context,
                   "fleet: warning: %s:%d: %s was revoked and stays out, "
                   "whatever stands here; `fleet grant %s` lets them in again",
                   people->path, person->line, person->id, person->id);
    }
}

static int report_faults(struct fl_context *context,
                         const struct fl_people *people)
{
    const struct fl_strv *faults = &people->roster.faults;
    int status = FL_EXIT_OK;

    for (size_t i = 0; i < faults->n; i++) {
        struct fleet_error err = {0};

        fleet_fail(&err, FLEET_ECONFIG, "%s", faults->at[i]);
        status = fl_report(context, &err, NULL, NULL);
    }
    return status;
}

static int check(struct fl_context *context, const struct options *given)
{
    FL_AUTO(fl_people_clear) struct fl_people people = {0};
    struct fleet_error err = {0};
    json_t *list = json_array();
    int rc = fl_work_open(context, &err);
    bool sound;

    if (rc == 0)
        rc = fl_people_open(&context->engine, given->roster, &people, &err);
    fl_show_warnings(context);
    sound = rc == 0 && people.roster.faults.n == 0;
    for (size_t i = 0; sound && i < people.roster.n; i++)
        fl_json_add(list, json_person(&people, &people.roster.at[i]));
    fl_json_put(context->document, "people", list);
    if (rc < 0)
        return fl_report(context, &err, NULL, NULL);
    if (!sound)
        return report_faults(context, &people);
    tell_absent(context, &people);
    fl_say(context, "%s: %zu %s, nothing wrong", people.path, people.roster.n,
           people.roster.n == 1 ? "person" : "people");
    return FL_EXIT_OK;
}

/* ---- show ---- */

static void show_person(struct fl_admit *admit, const struct fl_person *person,
                        struct fl_table *table, json_t *list)
{
    const struct fl_people *people = &admit->people;
    FL_AUTO(fl_badge_clear) struct fl_badge badge = {0};
    FL_AUTO(fl_buf_clear) struct fl_buf pods = FL_BUF(1 << 16);
    json_t *made = json_person(people, person);
    char until[FL_STAMP_SIZE] = "";
    bool looked = fl_badge_look(people, &admit->context->engine.cohort,
                                admit->ca.line ? &admit->ca : NULL, person,
                                &badge, NULL) == 0;

    for (size_t i = 0; i < person->pods.n; i++)
        fl_buf_printf(&pods, "%s%s", i ? " " : "", person->pods.at[i]);
    if (looked && badge.cert)
        fl_stamp(until, (time_t)badge.before);
    fl_table_cell(table, person->id);
    fl_table_cell(table, person->name);
    fl_table_cell(table, pods.len ? fl_buf_text(&pods) : NULL);
    fl_table_cell(table, person->until);
    fl_table_cell(table, fl_presence_name(fl_people_presence(people, person)));
    fl_table_cell(table, person->key ? "their own" : "fleet's");
    fl_table_cell(table, !looked     ? "unreadable"
                         : badge.why ? badge.why
                                     : until);
    fl_json_put(made, "certificate",
                fl_json_text(looked && !badge.why ? badge.cert_path : NULL));
    fl_json_put(made, "certificate_until",
                fl_json_text(looked && !badge.why ? until : NULL));
    fl_json_put(made, "certificate_trouble",
                fl_json_text(looked ? badge.why : "unreadable"));
    fl_json_add(list, made);
}

static void show_people(struct fl_admit *admit)
{
    static const char *const headings[] = {
        "ID", "NAME", "PODS", "UNTIL", "STATE", "KEY", "CERTIFICATE"};
    json_t *list = json_array();
    struct fl_table table;

    fl_table_init(&table, 7, headings, 0);
    for (size_t i = 0; i < admit->people.roster.n; i++)
        show_person(admit, &admit->people.roster.at[i], &table, list);
    fl_table_print(&table, admit->context);
    fl_table_clear(&table);
    fl_json_put(admit->context->document, "people", list);
}

/* Which pods are known to let in others than the roster says. */
static size_t show_pods(struct fl_admit *admit)
{
    struct fl_context *context = admit->context;
    json_t *list = json_array();
    size_t behind = 0;

    for (size_t i = 0; i < admit->fleet.n_members; i++) {
        const struct fl_member *member = &admit->fleet.members[i];
        const struct fl_access *access = fl_admit_access(admit, member);
        bool is_behind = fl_admitted_behind(admit, member);
        json_t *made = json_object();

        behind += is_behind;
        if (is_behind && access)
            fl_say(context,
                   "fleet: warning: %s lets in: %s (as of %s), which is not "
                   "what the roster says",
                   fleet_pod_get(member->pod, FLEET_POD_NAME),
                   *access->people ? access->people : "nobody", access->at);
        fl_json_put(made, "name",
                    fl_json_text(fleet_pod_get(member->pod, FLEET_POD_NAME)));
        fl_json_put(made, "current", json_boolean(!is_behind));
        fl_json_put(made, "people",
                    fl_json_text(access ? access->people : NULL));
        fl_json_put(made, "at", fl_json_text(access ? access->at : NULL));
        fl_json_add(list, made);
    }
    fl_json_put(context->document, "pods", list);
    if (behind)
        fl_say(context, "%zu pod%s to be brought to this: `fleet roster apply`",
               behind, behind == 1 ? "" : "s");
    return behind;
}

static int show(struct fl_context *context, const struct options *given)
{
    struct fl_admit admit = {.context = context};
    struct fleet_error err = {0};
    int status, rc = fl_work_look(context, 0, &admit.fleet, &err);

    if (rc == 0)
        rc = fl_people_open(&context->engine, given->roster, &admit.people,
                            &err);
    if (rc == 0)
        rc = fl_people_check(&admit.people, &err);
    if (rc == 0)
        rc = fl_accesses_load(context->engine.state, &admit.accesses, &err);
    if (rc == 0 && context->engine.settings.user_ca_key_path)
        rc = fl_people_signer(&context->engine, &admit.ca, &err);
    if (rc < 0) {
        status = fl_report(context, &err, NULL, NULL);
    } else {
        show_people(&admit);
        show_pods(&admit);
        status = fl_work_incomplete(context, &admit.fleet);
    }
    fl_admit_close(&admit);
    return status;
}

/* ---- apply ---- */

static void tell_badges(struct fl_admit *admit)
{
    for (size_t i = 0; i < admit->made.n; i++)
        fl_say(admit->context, "%s: %s a certificate", admit->made.at[i],
               admit->dry ? "would get" : "was given");
    if (admit->made.n && !admit->dry)
        fl_say(admit->context, "`fleet cards --out DIR` writes what to hand "
                               "out");
}

/* A person at a terminal sees what would be done before it is. */
static int ask(struct fl_admit *admit, bool *wanted, struct fleet_error *err)
{
    struct fl_context *context = admit->context;
    int rc;

    *wanted = true;
    if (context->globals.yes || admit->dry)
        return FLEET_OK;
    if (!fl_can_ask())
        return fl_consent(context, "roster apply", err);
    admit->dry = true;
    rc = fl_admit_badges(admit, NULL, err);
    if (rc == 0)
        rc = fl_admit_visit(admit, err);
    if (rc == 0) {
        fl_admitted_print(admit);
        tell_badges(admit);
        *wanted = fl_admit_changed(admit) || admit->made.n;
    }
    admit->dry = false;
    fl_strv_clear(&admit->made);
    return rc < 0 || !*wanted
               ? rc
               : fl_confirm(context, "Bring the pods to this?", err);
}

static int apply_in(struct fl_admit *admit, struct fleet_error *err)
{
    bool wanted;
    int rc;

    fl_admit_select_all(admit);
    rc = ask(admit, &wanted, err);
    if (rc < 0 || !wanted)
        return rc;
    rc = fl_admit_badges(admit, NULL, err);
    if (rc == 0)
        rc = fl_admit_visit(admit, err);
    if (rc < 0)
        return rc;
    fl_admitted_print(admit);
    tell_badges(admit);
    return FLEET_OK;
}

static int apply(struct fl_context *context, const struct options *given)
{
    struct fl_admit admit = {.context = context, .kill = given->kill};
    struct fleet_error err = {0};
    int status, rc = fl_admit_open(context, given->roster, false, &admit, &err);

    if (rc == 0)
        tell_absent(context, &admit.people);
    if (rc == 0)
        rc = apply_in(&admit, &err);
    status =
        rc < 0 ? fl_report(context, &err, NULL, NULL) : fl_admit_status(&admit);
    if (rc == 0 && status == FL_EXIT_OK && !admit.made.n &&
        !fl_admit_changed(&admit))
        fl_say(context, "nothing to apply");
    fl_admit_close(&admit);
    return status;
}

static int run(struct fl_context *context, const void *given)
{
    const char *what = context->n_args == 1 ? context->args[0] : "";

    if (strcmp(what, "check") == 0)
        return check(context, given);
    if (strcmp(what, "show") == 0)
        return show(context, given);
    if (strcmp(what, "apply") == 0)
        return apply(context, given);
    return fl_usage(context, "one of check, show and apply is meant");
}

const struct fl_command fl_cmd_roster = {
    .name = "roster",
    .group = "People",
    .summary = "let each participant in on their own pods, until their last "
               "day",
    .synopsis = "check | show | apply",
    .example = "fleet config set ROSTER roster.csv; fleet ca init --users\n"
               "fleet roster check\n"
               "fleet roster apply\n"
               "fleet cards --out cards",
    .about =
        "The roster is a CSV file with a header line:\n"
        "    person,pods,until,email\n"
        "    Ada Lovelace,apple birch,2026-12-19,ada@example.org\n"
        "Columns: person (a "
        "name), pods (one or several, blanks or semicolons between), key (a "
        "public key of their own; without it fleet makes a pair), until (the "
        "last day, 2026-12-19; it ends at midnight of this computer's time "
        "zone), email, id (in place of the one that is made of the name).\n"
        "check: reads it and tells every fault; asks nobody.\n"
        "show: who is in it, what they have, and which pods are not as it "
        "says.\n"
        "apply: gives everybody a certificate and brings all pods to what the "
        "roster says: each gets one line a person in authorized_keys of its "
        "user, and loses those of others. No other line is touched, the "
        "cohort's own key works as before, and sshd needs no change. Twice in "
        "a row changes nothing. A pod that cannot be reached is told of (exit "
        "status 3), and put right by the next apply that reaches it; pods that "
        "are made or started later let in who belongs there by themselves.",
    .options = options,
    .options_size = sizeof(struct options),
    .flags = FL_CMD_CHANGES,
    .args = FL_ARGS_WORDS,
    .words = FL_WORDS("check", "show", "apply"),
    .run = run,
};
