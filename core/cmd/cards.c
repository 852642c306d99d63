/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/cards.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/cmd/admit.h"
#include "core/cmd/commands.h"
#include "core/cmd/emit.h"
#include "core/cmd/output.h"

#include <stdlib.h>

struct options {
    char *roster, *out, *contact;
    bool proxy;
};
/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "out", .type = FLEET_OPT_PATH, FLEET_AT(struct options, out),
     .help = "the directory to write; it is made when it is not there"},
    FL_EMIT_PROXY_OPTION(struct options, proxy),
    {.key = "contact", .type = FLEET_OPT_STRING,
     FLEET_AT(struct options, contact),
     .help = "whom to ask for help, as it shall stand on the cards"},
    FL_ADMIT_ROSTER_OPTION(struct options, roster),
    {0},
};
/* clang-format on */

struct work {
    struct fl_context *context;
    const struct options *options;
    struct fl_fleet fleet;
    struct fl_people people;
    struct fl_signer ca;
    struct fl_ports ports;
    struct fl_hostca host_ca;
    const struct fl_person **chosen;
    size_t n;
    struct fl_strv notes;
    size_t failed;
};

static int open_all(struct work *work, struct fleet_error *err)
{
    struct fl_engine *engine = &work->context->engine;
    int rc = fl_work_look(work->context, 0, &work->fleet, err);

    if (rc == 0)
        rc = fl_people_open(engine, work->options->roster, &work->people, err);
    if (rc == 0)
        rc = fl_people_check(&work->people, err);
    if (rc == 0)
        rc = fl_people_signer(engine, &work->ca, err);
    if (rc == 0)
        rc = fl_ports_load(engine->state, &work->ports, err);
    if (rc == 0 && engine->settings.ca_key_path)
        rc = fl_hostca_open(engine, &work->host_ca, err);
    return rc;
}

/* Those who are named, each of whom has to be there; else all who are. */
static int choose(struct work *work, struct fleet_error *err)
{
    const struct fl_context *context = work->context;
    const struct fl_roster *roster = &work->people.roster;

    work->chosen =
        calloc(roster->n + context->n_args + 1, sizeof(struct fl_person *));
    if (!work->chosen)
        return fl_enomem(err);
    for (size_t i = 0; i < context->n_args; i++) {
        const struct fl_person *person = NULL;
        int rc = fl_roster_find(roster, context->args[i], &person, err);
        enum fl_presence presence;

        if (rc < 0)
            return rc;
        presence = fl_people_presence(&work->people, person);
        if (presence != FL_PRESENT)
            return fleet_fail(err, FLEET_ECONFLICT,
                              "%s: %s: nothing to hand "
                              "out",
                              person->id, fl_presence_name(presence));
        work->chosen[work->n++] = person;
    }
    for (size_t i = 0; context->n_args == 0 && i < roster->n; i++)
        if (fl_people_presence(&work->people, &roster->at[i]) == FL_PRESENT)
            work->chosen[work->n++] = &roster->at[i];
    return FLEET_OK;
}

static json_t *json_card(const struct work *work,
                         const struct fl_person *person,
                         const struct fleet_error *err)
{
    FL_AUTO_FREE char *dir = fl_path_join(work->options->out, person->id);
    json_t *made = json_object();

    fl_json_put(made, "id", fl_json_text(person->id));
    fl_json_put(made, "directory", fl_json_text(err->code ? NULL : dir));
    fl_json_put(made, "has_key", json_boolean(!err->code && !person->key));
    fl_json_put(made, "error",
                err->code ? fl_json_error(err, NULL, NULL) : json_null());
    return made;
}

static int write_all(struct work *work, const struct fl_cards_job *job,
                     struct fleet_error *err)
{
    json_t *list = json_array();
    size_t written = 0;

    for (size_t i = 0; i < work->n; i++) {
        const struct fl_person *person = work->chosen[i];
        struct fleet_error why = {0};

        if (fl_cards_write(job, person, &work->notes, &why) < 0) {
            fl_report(work->context, &why, NULL, NULL);
            work->failed++;
        } else {
            work->chosen[written++] = person;
        }
        fl_json_add(list, json_card(work, person, &why));
    }
    fl_json_put(work->context->document, "cards", list);
    work->n = written;
    return written && work->context->n_args == 0
               ? fl_cards_index(job, work->chosen, written, err)
               : FLEET_OK;
}

static int do_work(struct work *work, struct fleet_error *err)
{
    struct fl_cards_job job = {.engine = &work->context->engine,
                               .fleet = &work->fleet,
                               .people = &work->people,
                               .ca = &work->ca,
                               .ports = &work->ports,
                               .via_proxy = work->options->proxy,
                               .dir = work->options->out,
                               .contact = work->options->contact};
    int rc = open_all(work, err);

    if (work->host_ca.signer.line)
        job.host_ca = &work->host_ca;
    if (rc == 0)
        rc = choose(work, err);
    if (rc == 0)
        rc = fl_dir_make(work->options->out, err);
    return rc < 0 ? rc : write_all(work, &job, err);
}

static int tell(struct work *work)
{
    struct fl_context *context = work->context;
    int status = fl_work_incomplete(context, &work->fleet);

    for (size_t i = 0; i < work->notes.n; i++)
        fl_say(context, "fleet: warning: %s", work->notes.at[i]);
    if (work->n)
        fl_say(context,
               "%s%s: %zu card%s; the folders hold keys: give each to one "
               "person, and take them away afterwards",
               work->options->out, context->n_args ? "" : "/index.html",
               work->n, work->n == 1 ? "" : "s");
    else if (!work->failed)
        fl_say(context, "nobody in the roster is to get in anywhere");
    if (work->failed)
        return work->n ? FL_EXIT_PARTIAL : FL_EXIT_FAILED;
    return status ? FL_EXIT_PARTIAL : FL_EXIT_OK;
}

static int run(struct fl_context *context, const void *given)
{
    struct work work = {.context = context, .options = given};
    struct fleet_error err = {0};
    int status;

    if (!work.options->out)
        return fl_usage(context, "--out DIR is meant");
    status = do_work(&work, &err) < 0 ? fl_report(context, &err, NULL, NULL)
                                      : tell(&work);
    free(work.chosen);
    fl_strv_clear(&work.notes);
    fl_hostca_clear(&work.host_ca);
    fl_ports_clear(&work.ports);
    fl_signer_clear(&work.ca);
    fl_people_clear(&work.people);
    fl_fleet_clear(&work.fleet);
    return status;
}

const struct fl_command fl_cmd_cards = {
    .name = "cards",
    .group = "People",
    .summary = "write what each participant is handed out",
    .synopsis = "--out DIR [PERSON...]",
    .example = "fleet cards --out cards --contact 'help@example.org'\n"
               "fleet cards --out cards --proxy ada",
    .about =
        "For each person of the roster a folder in DIR, for its owner alone: "
        "card.html, which prints on two sheets, and the same as card.txt; the "
        "SSH configuration of their pods with host keys that are checked; "
        "their certificate; and their key where fleet has made it. The page "
        "has the steps for macOS, Linux, Windows and VS Code. index.html "
        "leads to all of them, unless people are named. With --proxy logins go "
        "through SSH_PROXY_HOST. "
        "Nothing is sent to anybody.",
    .options = options,
    .options_size = sizeof(struct options),
    .args = FL_ARGS_PEOPLE,
    .run = run,
};
