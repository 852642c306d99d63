/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/emit.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/cmd/output.h"
#include "core/engine/cards.h"

#include <string.h>

#define OUT_MODE 0644 /* no secret is in it, and other programs read it */

struct work {
    struct fl_context *context;
    const struct fl_emit *emit;
    const struct fl_plugin *format;
    bool needs_ports;
    struct fl_fleet fleet;
    bool *selected;
    struct fl_ports deployed, ports;
    struct fleet_view view;
    struct fl_hostca ca;
    struct fl_strv left_out;
    char *key_path, *cert_path; /* of one person */
    struct fleet_writer out;
};

static void tell_waiting(void *arg, const char *holder)
{
    fl_say(arg, "waiting for another run on this cohort: %s", holder);
}

static int read_ports(struct work *work, const char *path,
                      struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(FL_DEPLOYED_MAX);
    int rc = fl_file_read(path, &text, err);

    if (rc < 0)
        return rc;
    return fl_ports_parse(&work->context->engine.cohort, path,
                          fl_buf_text(&text), text.len, &work->deployed, err);
}

/* Ports that were given out by a file which fleet wrote earlier: the one that
 * is named, or the one that is about to be replaced. */
static int read_deployed(struct work *work, struct fleet_error *err)
{
    const char *named = work->emit->deployed, *old = work->emit->flags->out;
    int rc = FLEET_OK;

    if (named) {
        rc = read_ports(work, named, err);
        if (rc == 0 && work->deployed.n == 0)
            rc = fleet_fail(err, FLEET_ECONFIG,
                            "%s: no ports in it: not a file that `fleet nginx` "
                            "wrote",
                            named);
    } else if (old && fl_format_needs_ports(work->format)) {
        rc = read_ports(work, old, err);
        rc = rc == FLEET_ENOTFOUND ? FLEET_OK : rc;
    }
    return rc;
}

static int collect_names(const struct fl_fleet *fleet, struct fl_strv *names)
{
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < fleet->n_members; i++) {
        const struct fl_member *member = &fleet->members[i];
        const char *name = fleet_pod_get(member->pod, FLEET_POD_NAME);

        if (fl_name_valid(name) && fl_name_valid(member->short_name))
            rc = fl_strv_add(names, name);
    }
    return rc;
}

/* Whoever reads the text relies on its ports for ever, so they are given out
 * and stored before it is shown. */
static int give_ports(struct work *work, struct fleet_error *err)
{
    struct fl_context *context = work->context;
    FL_AUTO(fl_strv_clear) struct fl_strv names = {0};
    struct fl_ports_job job = {
        .engine = &context->engine,
        .names = &names,
        .deployed = &work->deployed,
        .command = context->words,
        .lock_wait_ms = context->globals.lock_wait_ms,
        .waiting = tell_waiting,
        .arg = context,
    };
    int rc;

    if (!work->needs_ports)
        return fl_ports_load(context->engine.state, &work->ports, err);
    if (collect_names(&work->fleet, &names) < 0)
        return fl_enomem(err);
    rc = read_deployed(work, err);
    if (rc == 0)
        rc = fl_ports_give(&job, &work->ports, err);
    fl_show_warnings(context);
    return rc;
}

static bool wants_ca(const struct work *work)
{
    const char *policy = work->emit->host_keys;

    return policy && strcmp(policy, "ca") == 0;
}

/* His pods, and key and certificate as a card has them. */
static int select_person(struct work *work, struct fleet_error *err)
{
    struct fl_engine *engine = &work->context->engine;
    FL_AUTO(fl_people_clear) struct fl_people people = {0};
    const struct fl_person *person = NULL;
    int rc = fl_people_open(engine, NULL, &people, err);

    if (rc == 0)
        rc = fl_people_check(&people, err);
    if (rc == 0)
        rc = fl_roster_find(&people.roster, work->emit->person, &person, err);
    if (rc < 0)
        return rc;
    work->selected = fl_cards_members(&work->fleet, person);
    work->key_path = fl_cards_key_path(&engine->cohort, person);
    work->cert_path = fl_cards_cert_path(&engine->cohort, person);
    return work->selected && work->key_path && work->cert_path ? FLEET_OK
                                                               : fl_enomem(err);
}

static int make_text(struct work *work, struct fleet_error *err)
{
    struct fl_engine *engine = &work->context->engine;
    struct fl_view_from from = {
        .settings = &engine->settings,
        .cohort = &engine->cohort,
        .fleet = &work->fleet,
        .ports = &work->ports,
        .needs_ports = work->needs_ports,
        .via_proxy = work->emit->via_proxy,
        .host_keys = work->emit->host_keys,
    };
    int rc = work->emit->person ? select_person(work, err)
                                : fl_work_select(work->context, &work->fleet,
                                                 &work->emit->flags->narrowing,
                                                 true, &work->selected, err);

    from.selected = work->selected;
    from.key_path = work->key_path;
    from.cert_path = work->cert_path;
    if (rc == 0 && wants_ca(work)) {
        rc = fl_hostca_open(engine, &work->ca, err);
        from.ca = &work->ca;
    }
    if (rc == 0)
        rc = fl_view_init(&work->view, &from, err);
    if (rc == 0)
        rc = give_ports(work, err);
    if (rc == 0)
        rc = fl_view_fill(&work->view, &from, &work->left_out, err);
    if (rc == 0)
        rc = fl_format_render(work->format, &engine->config, &work->view,
                              &work->out, err);
    return rc;
}

static int put_text(struct work *work, struct fleet_error *err)
{
    struct fl_context *context = work->context;
    const struct fl_buf *text = &work->out.buf;
    const char *path = work->emit->flags->out;

    if (work->emit->deliver)
        return work->emit->deliver(context, fl_buf_text(text), text->len, err);
    if (path)
        return fl_file_write(path, fl_buf_text(text), text->len, OUT_MODE, err);
    if (context->format != FL_FORMAT_JSON)
        fl_print_n(context, fl_buf_text(text), text->len);
    return FLEET_OK;
}

/* Those that are known by their key alone, where the others have more. */
static void tell_uncertified(struct work *work)
{
    for (size_t i = 0; wants_ca(work) && i < work->view.n; i++) {
        const struct fleet_pod *pod = work->view.pods[i];

        if (!fleet_pod_get_number(pod, FLEET_POD_HOST_CERT, 0))
            fl_say(work->context,
                   "fleet: warning: %s has no host certificate: its key is "
                   "pinned; `fleet ca sign %s` gives it one",
                   fleet_pod_get(pod, FLEET_POD_NAME),
                   fleet_pod_get(pod, FLEET_POD_SHORT));
    }
}

static void tell(struct work *work)
{
    struct fl_context *context = work->context;
    const char *path = work->emit->flags->out;
    bool printed = !path && !work->emit->deliver;
    json_t *left_out = json_array();

    for (size_t i = 0; i < work->left_out.n; i++) {
        fl_say(context, "fleet: warning: left out: %s", work->left_out.at[i]);
        fl_json_add(left_out, fl_json_text(work->left_out.at[i]));
    }
    tell_uncertified(work);
    if (path)
        fl_say(context, "%s: %zu pods written", path, work->view.n);
    fl_json_put(context->document, "format",
                fl_json_text(work->format->about.name));
    fl_json_put(context->document, "count",
                json_integer((json_int_t)work->view.n));
    fl_json_put(context->document, "left_out", left_out);
    fl_json_put(context->document, "complete",
                json_boolean(work->fleet.complete));
    fl_json_put(context->document, "file", fl_json_text(path));
    fl_json_put(context->document, "text",
                printed ? fl_json_text(fl_buf_text(&work->out.buf))
                        : json_null());
}

static int run_work(struct work *work, struct fleet_error *err)
{
    struct fl_context *context = work->context;
    const struct fl_emit *emit = work->emit;
    int rc = fl_work_open(context, err);

    if (rc == 0)
        rc = fl_format_find(&context->engine.plugins, emit->format,
                            &work->format, err);
    if (rc < 0)
        return rc;
    work->needs_ports = emit->via_proxy || fl_format_needs_ports(work->format);
    return fl_work_look(context, 0, &work->fleet, err);
}

static int show(struct work *work)
{
    struct fl_context *context = work->context;
    int status = fl_work_incomplete(context, &work->fleet);
    struct fleet_error err = {0};
    int rc;

    if (status && !work->emit->flags->partial) {
        fl_say(context, "nothing is written while a provider cannot be "
                        "listed; --partial writes the rest");
        return status == FL_EXIT_AUTH ? status : FL_EXIT_PROVIDER;
    }
    rc = make_text(work, &err);
    if (rc == 0)
        rc = put_text(work, &err);
    if (rc < 0)
        return fl_report(context, &err, NULL, NULL);
    tell(work);
    return status ? FL_EXIT_PARTIAL : FL_EXIT_OK;
}

int fl_emit(struct fl_context *context, const struct fl_emit *emit)
{
    struct work work = {
        .context = context, .emit = emit, .out = FL_WRITER(FL_FORMAT_MAX)};
    struct fleet_error err = {0};
    int status = run_work(&work, &err) < 0
                     ? fl_report(context, &err, NULL, NULL)
                     : show(&work);

    fl_writer_clear(&work.out);
    fl_view_clear(&work.view);
    fl_ports_clear(&work.deployed);
    fl_ports_clear(&work.ports);
    fl_strv_clear(&work.left_out);
    fl_hostca_clear(&work.ca);
    free(work.selected);
    free(work.key_path);
    free(work.cert_path);
    fl_fleet_clear(&work.fleet);
    return status;
}
