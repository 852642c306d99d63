/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/cmd/admit.h"
#include "core/cmd/admitted.h"
#include "core/cmd/commands.h"
#include "core/cmd/output.h"
#include "core/model/pubkey.h"
#include "core/model/rosteredit.h"

#include <string.h>

#define KEY_MAX 16384

struct options {
    char *roster, *key, *until, *email, *id;
    bool kill;
};
/* clang-format off */
static const struct fleet_option grant_options[] = {
    FL_ADMIT_ROSTER_OPTION(struct options, roster),
    {.key = "key", .type = FLEET_OPT_PATH, FLEET_AT(struct options, key),
     .help = "of somebody new: the file of their public key; without it fleet "
             "makes a pair"},
    {.key = "until", .type = FLEET_OPT_STRING, FLEET_AT(struct options, until),
     .help = "of somebody new: their last day, like 2026-12-19"},
    {.key = "email", .type = FLEET_OPT_STRING, FLEET_AT(struct options, email),
     .help = "of somebody new: their address"},
    {.key = "id", .type = FLEET_OPT_STRING, FLEET_AT(struct options, id),
     .help = "of somebody new: in place of the one that is made of the name"},
    {0},
};
static const struct fleet_option move_options[] = {
    FL_ADMIT_ROSTER_OPTION(struct options, roster),
    FL_ADMIT_KILL_OPTION(struct options, kill),
    {0},
};
/* clang-format on */

/* One grant or move. */
struct work {
    struct fl_admit admit;
    const struct options *options;
    bool move;
    const char *who;
    struct fl_strv pods; /* as typed, short */
    char *id;
    struct fl_strv touched; /* pods before and after */
};

static int read_key(const char *path, char **key, struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(KEY_MAX);
    int rc = fl_file_read(path, &text, err);
    const char *why;

    if (rc < 0)
        return rc;
    while (text.len && strchr("\r\n \t", text.data[text.len - 1]))
        text.data[--text.len] = '\0';
    why = fl_pubkey_objection(fl_buf_text(&text));
    if (why)
        return fleet_fail(err, FLEET_EINVALID, "--key %s: %s", path, why);
    *key = fl_pubkey_bare(text.data);
    return *key ? FLEET_OK : fl_enomem(err);
}

/* What the roster will say is read back before it is written. */
static int rewrite(struct work *work, const struct fl_buf *text,
                   struct fleet_error *err)
{
    struct fl_engine *engine = &work->admit.context->engine;
    struct fl_people *people = &work->admit.people;
    FL_AUTO(fl_roster_clear) struct fl_roster roster = {0};
    FL_AUTO_FREE char *copy = strdup(fl_buf_text(text));
    int rc = copy ? fl_roster_parse(people->path, copy, &engine->cohort,
                                    &roster, err)
                  : fl_enomem(err);

    if (rc == 0 && roster.faults.n)
        rc = fleet_fail(err, FLEET_EINVALID, "%s", roster.faults.at[0]);
    if (rc < 0)
        return rc;
    if (!work->admit.dry)
        return fl_people_rewrite(engine, people, fl_buf_text(text), text->len,
                                 err);
    fl_roster_clear(&people->roster);
    people->roster = roster;
    roster = (struct fl_roster){0};
    return FLEET_OK;
}

static int add_person(struct work *work, struct fleet_error *err)
{
    const struct options *given = work->options;
    FL_AUTO(fl_person_clear) struct fl_person person = {0};
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(FL_ROSTER_MAX);
    char slug[FL_PERSON_ID_MAX + 1];
    int rc = FLEET_OK;

    fl_person_slug(slug, work->who);
    person.name = strdup(work->who);
    person.id = strdup(given->id ? given->id : slug);
    person.until = given->until ? strdup(given->until) : NULL;
    person.email = given->email ? strdup(given->email) : NULL;
    if (!person.name || !person.id || (given->until && !person.until) ||
        (given->email && !person.email))
        return fl_enomem(err);
    for (size_t i = 0; i < work->pods.n; i++)
        if (fl_strv_add(&person.pods, work->pods.at[i]) < 0)
            return fl_enomem(err);
    if (given->key)
        rc = read_key(given->key, &person.key, err);
    if (rc == 0)
        rc = fl_roster_append(work->admit.people.text,
                              &work->admit.people.roster, &person, &text, err);
    if (rc == 0)
        rc = rewrite(work, &text, err);
    if (rc == 0)
        work->id = fl_take(person.id);
    return rc;
}

static int change_person(struct work *work, const struct fl_person *person,
                         struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(FL_ROSTER_MAX);
    FL_AUTO(fl_strv_clear) struct fl_strv pods = {0};
    int rc = FLEET_OK;

    work->id = strdup(person->id);
    for (size_t i = 0; i < person->pods.n; i++)
        if (fl_strv_add(&work->touched, person->pods.at[i]) < 0 ||
            (!work->move && fl_strv_add(&pods, person->pods.at[i]) < 0))
            return fl_enomem(err);
    for (size_t i = 0; i < work->pods.n; i++)
        if (!fl_strv_has(&pods, work->pods.at[i]) &&
            fl_strv_add(&pods, work->pods.at[i]) < 0)
            return fl_enomem(err);
    if (!work->id)
        return fl_enomem(err);
    if (pods.n == person->pods.n && !work->move)
        return FLEET_OK;
    rc = fl_roster_change(work->admit.people.text, person, &pods, &text, err);
    return rc < 0 ? rc : rewrite(work, &text, err);
}

static int edit(struct work *work, struct fleet_error *err)
{
    const struct options *given = work->options;
    const struct fl_person *person = NULL;
    int rc = fl_roster_find(&work->admit.people.roster,
                            given->id ? given->id : work->who, &person, err);

    if (rc == FLEET_ENOTFOUND && !work->move &&
        (given->key || given->until || given->email || given->id))
        return add_person(work, err);
    if (rc == FLEET_ENOTFOUND && !work->move)
        return fl_error_in(err,
                           "to add somebody, give --until, --email, --key or "
                           "--id");
    if (rc < 0)
        return rc;
    if (given->key || given->until || given->email)
        return fleet_fail(err, FLEET_EUSAGE,
                          "%s is in the roster already: change key, until and "
                          "email there",
                          person->id);
    if (!work->move && work->pods.n == 0 && person->pods.n == 0)
        return fleet_fail(err, FLEET_EUSAGE, "which pods?");
    return change_person(work, person, err);
}

static int carry_out(struct work *work, struct fleet_error *err)
{
    struct fl_admit *admit = &work->admit;
    struct fl_engine *engine = &admit->context->engine;
    const struct fl_person *person = NULL;
    int rc = edit(work, err);

    for (size_t i = 0; rc == 0 && i < work->pods.n; i++)
        if (fl_strv_add(&work->touched, work->pods.at[i]) < 0)
            rc = fl_enomem(err);
    if (rc == 0)
        rc = fl_roster_find(&admit->people.roster, work->id, &person, err);
    if (rc == 0 && !admit->dry)
        rc = fl_people_readmit(engine, &admit->people, work->id, err);
    if (rc == 0)
        rc = fl_admit_badges(admit, person, err);
    if (rc < 0)
        return rc;
    fl_admit_select(admit, &work->touched, work->id);
    admit->only = work->id;
    return fl_admit_visit(admit, err);
}

static void tell(struct work *work)
{
    struct fl_context *context = work->admit.context;
    const struct fl_strv *touched = &work->touched;

    fl_json_put(context->document, "person", fl_json_text(work->id));
    fl_admitted_print(&work->admit);
    for (size_t i = 0; i < touched->n; i++) {
        FL_AUTO_FREE char *full =
            fl_cohort_full(&context->engine.cohort, touched->at[i]);

        if (full && !fl_fleet_member(&work->admit.fleet, full))
            fl_say(context, "%s is not there yet: it lets %s in once it is",
                   full, work->id);
    }
    if (work->admit.made.n)
        fl_say(context,
               "%s %s a new certificate: `fleet cards --out DIR %s` writes "
               "what to hand out",
               work->id, work->admit.dry ? "would get" : "has", work->id);
}

static int run_work(struct fl_context *context, const struct options *given,
                    bool move)
{
    struct work work = {.options = given,
                        .move = move,
                        .admit = {.context = context, .kill = given->kill}};
    struct fleet_error err = {0};
    int status, rc = FLEET_OK;

    if (context->n_args < 1 || (move && context->n_args < 2))
        return fl_usage(context, "PERSON and POD are meant");
    work.who = context->args[0];
    rc = fl_admit_open(context, given->roster, false, &work.admit, &err);
    for (size_t i = 1; rc == 0 && i < context->n_args; i++)
        rc = fl_roster_pods(&context->engine.cohort, context->args[i],
                            &work.pods, &err);
    if (rc == 0 && !work.admit.dry)
        rc = fl_consent(context, move ? "move" : "grant", &err);
    if (rc == 0)
        rc = carry_out(&work, &err);
    if (rc < 0) {
        status = fl_report(context, &err, NULL, NULL);
    } else {
        tell(&work);
        status = fl_admit_status(&work.admit);
    }
    fl_admit_close(&work.admit);
    fl_strv_clear(&work.pods);
    fl_strv_clear(&work.touched);
    free(work.id);
    return status;
}

static int run_grant(struct fl_context *context, const void *given)
{
    return run_work(context, given, false);
}

static int run_move(struct fl_context *context, const void *given)
{
    return run_work(context, given, true);
}

const struct fl_command fl_cmd_grant = {
    .name = "grant",
    .group = "People",
    .summary = "let a participant in on more pods",
    .synopsis = "PERSON [POD...]",
    .example = "fleet grant ada apple birch\n"
               "fleet grant 'Grace Hopper' cedar --until 2026-12-19 --key "
               "grace.pub",
    .about = "Changes the person's line in the roster, and nothing else of it, "
             "then the pods. Somebody who is not in it yet is added when one "
             "of --until, --email, --key and --id is given. Somebody who was "
             "revoked is let in again with a new certificate; what they had "
             "before stays worthless.",
    .options = grant_options,
    .options_size = sizeof(struct options),
    .flags = FL_CMD_CHANGES,
    .args = FL_ARGS_PEOPLE,
    .run = run_grant,
};

const struct fl_command fl_cmd_move = {
    .name = "move",
    .group = "People",
    .summary = "let a participant in on these pods, in place of others",
    .synopsis = "PERSON POD...",
    .example = "fleet move ada birch",
    .about = "Changes the person's line in the roster, then the pods: the new "
             "ones let them in, those they had before do no more. The "
             "certificate stays as it is; `fleet cards` writes the new SSH "
             "configuration. Files are not moved.",
    .options = move_options,
    .options_size = sizeof(struct options),
    .flags = FL_CMD_CHANGES,
    .args = FL_ARGS_PEOPLE,
    .run = run_move,
};
