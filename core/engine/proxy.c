/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/proxy.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/engine/portcheck.h"
#include "core/model/shown.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <string.h>

#define FORMAT   "nginx"
#define SUM_MARK "# fleet: sum sha256="
#define NEED     "worker_connections "
#define SUM_SIZE 65
#define PORT_MAX 65535

void fl_proxy_plan_clear(struct fl_proxy_plan *plan)
{
    fl_proxylook_clear(&plan->look);
    fl_forward_list_clear(&plan->deployed);
    fl_forward_rows_clear(&plan->rows);
    free(plan->pods);
    fl_ports_clear(&plan->ports);
    fl_buf_clear(&plan->text);
    fl_strv_clear(&plan->left_out);
    fl_strv_clear(&plan->collisions);
    *plan = (struct fl_proxy_plan){0};
}

/* ---- whose file it is ---- */

static int sum_of(const char *text, size_t len, char out[SUM_SIZE])
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    if (EVP_Digest(text, len, sum, &n, EVP_sha256(), NULL) != 1 ||
        2 * n >= SUM_SIZE)
        return FLEET_EINTERNAL;
    for (unsigned i = 0; i < n; i++)
        snprintf(out + 2 * (size_t)i, 3, "%02x", sum[i]);
    return FLEET_OK;
}

/* Where the last line begins if it is that of the sum, else NULL. */
static const char *sum_line(const char *text)
{
    const char *found = NULL, *at = text;

    while ((at = strstr(at, SUM_MARK))) {
        if (at == text || at[-1] == '\n')
            found = at;
        at++;
    }
    return found;
}

/* Fleet signs what it writes with a sum in the last line; whoever changes a
 * byte by hand does not. */
static bool is_foreign(const struct fl_proxylook *look)
{
    const char *text = fl_buf_text(&look->text), *line = sum_line(text);
    char sum[SUM_SIZE];

    if (look->text.len == 0)
        return false;
    return !line || sum_of(text, (size_t)(line - text), sum) < 0 ||
           strncmp(line + strlen(SUM_MARK), sum, SUM_SIZE - 1) != 0 ||
           strcmp(line + strlen(SUM_MARK) + SUM_SIZE - 1, "\n") != 0;
}

/* All but the first line, which tells the time, and the sum. */
static const char *body_of(const char *text, size_t *len)
{
    const char *line = sum_line(text), *first = strchr(text, '\n');
    const char *body = first ? first + 1 : text + strlen(text);

    *len = line && line > body ? (size_t)(line - body) : strlen(body);
    return body;
}

static bool same_text(const struct fl_buf *one, const struct fl_buf *two)
{
    size_t len_one, len_two;
    const char *a = body_of(fl_buf_text(one), &len_one);
    const char *b = body_of(fl_buf_text(two), &len_two);

    return len_one == len_two && memcmp(a, b, len_one) == 0;
}

/* ---- what the providers say ---- */

/* What fleet itself has ended, "PROVIDER ID", read when it is first asked. */
struct ended {
    struct fl_engine *engine;
    struct fl_strv keys;
    struct fl_map map;
    bool loaded;
};

static void ended_clear(struct ended *ended)
{
    fl_map_clear(&ended->map);
    fl_strv_clear(&ended->keys);
}

FL_CLEANUP_IN_PLACE(ended_clear, struct ended);

static bool is_ending(const struct fl_intent *intent)
{
    return strcmp(intent->op, "terminate") == 0 && intent->pod_id &&
           intent->provider && intent->result &&
           (strcmp(intent->result, "ok") == 0 ||
            strcmp(intent->result, "absent") == 0);
}

/* What cannot be read or kept counts as not ended: the forward stays. */
static void load_ended(struct ended *ended)
{
    FL_AUTO(fl_intent_list_clear) struct fl_intent_list list = {0};

    ended->loaded = true;
    if (fl_journal_history(ended->engine->state, NULL, 0, &list, NULL) < 0)
        return;
    for (size_t i = 0; i < list.n; i++) {
        char *key =
            is_ending(&list.at[i])
                ? fl_format("%s %s", list.at[i].provider, list.at[i].pod_id)
                : NULL;

        if (!key || fl_strv_take(&ended->keys, key) < 0)
            continue;
        fl_map_add(&ended->map, key, ended, NULL);
    }
}

static bool was_ended(void *arg, const char *provider, const char *id)
{
    struct ended *ended = arg;
    FL_AUTO_FREE char *key = fl_format("%s %s", provider, id);

    if (!ended->loaded)
        load_ended(ended);
    return key && fl_map_get(&ended->map, key);
}

/* One that is stopped keeps the forward it has, and gets none. */
static const char *objection_to(const struct fl_forward_list *deployed,
                                const struct fl_member *member)
{
    const char *objection = fl_view_objection(member);
    const char *name = fleet_pod_get(member->pod, FLEET_POD_NAME);

    if (objection || !name || fl_pod_state(member->pod) != FLEET_STATE_STOPPED)
        return objection;
    for (size_t i = 0; i < deployed->n; i++) {
        if (strcmp(deployed->at[i].name, name) == 0)
            return NULL;
    }
    return "it is stopped: it is forwarded when it is started";
}

static struct fl_told_pod told_of(const struct fl_forward_list *deployed,
                                  const struct fl_member *member)
{
    const struct fleet_pod *pod = member->pod;

    return (struct fl_told_pod){
        .name = fleet_pod_get(pod, FLEET_POD_NAME),
        .provider = member->listing->name,
        .id = fleet_pod_get(pod, FLEET_POD_ID),
        .host = fleet_pod_get(pod, FLEET_POD_SSH_HOST),
        .ssh_port = fleet_pod_get_number(pod, FLEET_POD_SSH_PORT, 0),
        .objection = objection_to(deployed, member),
        .unlisted = member->unconfirmed,
        .origin = member,
    };
}

static int leave_out(struct fl_proxy_plan *plan, const struct fl_told_pod *pod)
{
    FL_AUTO_FREE char *text = NULL;
    char shown[FL_SHOWN_SIZE];

    fl_shown(shown, pod->name ? pod->name : "(no name)");
    text = fl_format("%s: %s", shown, pod->objection);
    return text ? fl_strv_add(&plan->left_out, text) : FLEET_ENOMEM;
}

static int merge(const struct fl_proxy_job *job, struct fl_proxy_plan *plan,
                 struct fleet_error *err)
{
    const struct fl_fleet *fleet = job->fleet;
    FL_AUTO(ended_clear) struct ended ended = {.engine = job->engine};
    FL_AUTO_FREE struct fl_told_provider *providers =
        calloc(fleet->n_listings + 1, sizeof(*providers));
    struct fl_told told = {.providers = providers,
                           .n_providers = fleet->n_listings,
                           .prune = job->prune,
                           .ended = was_ended,
                           .arg = &ended};

    plan->pods = calloc(fleet->n_members + 1, sizeof(*plan->pods));
    if (!providers || !plan->pods)
        return fl_enomem(err);
    for (size_t i = 0; i < fleet->n_listings; i++)
        providers[i] = (struct fl_told_provider){fleet->listings[i].name,
                                                 fleet->listings[i].ok};
    for (size_t i = 0; i < fleet->n_members; i++) {
        struct fl_told_pod pod = told_of(&plan->deployed, &fleet->members[i]);

        if (pod.objection && leave_out(plan, &pod) < 0)
            return fl_enomem(err);
        if (pod.name && fl_name_valid(pod.name))
            plan->pods[told.n_pods++] = pod;
    }
    told.pods = plan->pods;
    return fl_forwards_merge(&plan->deployed, &told, &plan->rows, err);
}

/* ---- ports ---- */

static int64_t port_of(void *arg, const char *name)
{
    return fl_ports_get(arg, name);
}

static int settle_ports(const struct fl_proxy_job *job,
                        const struct fl_ports *deployed,
                        struct fl_proxy_plan *plan, struct fleet_error *err)
{
    FL_AUTO(fl_strv_clear) struct fl_strv names = {0};
    struct fl_ports_job give = {.engine = job->engine,
                                .names = &names,
                                .deployed = deployed,
                                .dry = job->dry,
                                .command = job->command,
                                .lock_wait_ms = job->lock_wait_ms,
                                .waiting = job->waiting,
                                .arg = job->arg};
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < plan->rows.n; i++)
        rc = fl_strv_add(&names, plan->rows.at[i].name);
    if (rc < 0)
        return fl_enomem(err);
    rc = fl_ports_give(&give, &plan->ports, err);
    if (rc == 0)
        fl_forwards_settle(&plan->rows, port_of, &plan->ports);
    return rc;
}

/* nginx -t does not see that somebody else listens already. After an apply that
 * did not end it may be nginx itself. */
static int find_collisions(struct fl_proxy_plan *plan, struct fleet_error *err)
{
    FL_AUTO_FREE bool *served = calloc(PORT_MAX + 1, sizeof(*served));

    if (!served)
        return fl_enomem(err);
    for (size_t i = 0; i < plan->deployed.n; i++)
        served[plan->deployed.at[i].port] = true;
    for (size_t i = 0; !plan->look.unfinished && i < plan->rows.n; i++) {
        const struct fl_forward_row *row = &plan->rows.at[i];
        FL_AUTO_FREE char *text = NULL;

        if (!row->now || served[row->port] || !plan->look.listening[row->port])
            continue;
        text = fl_format("%s: something else listens on port %" PRId64 " there",
                         row->name, row->port);
        if (!text || fl_strv_add(&plan->collisions, text) < 0)
            return fl_enomem(err);
    }
    return FLEET_OK;
}

/* ---- the text ---- */

/* As it was deployed. */
static int add_stale(struct fleet_view *view, const struct fl_forward_row *row,
                     struct fleet_error *err)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
    const struct fl_forward *was = row->was;

    if (!pod)
        return fl_enomem(err);
    if (!fl_view_host_valid(was->host) || !fl_name_valid(was->provider))
        return fleet_fail(err, FLEET_ECONFIG,
                          "the deployed file: %s has no target or no provider "
                          "that makes sense",
                          was->name);
    fleet_pod_set(pod, FLEET_POD_NAME, was->name);
    fleet_pod_set(pod, FLEET_POD_PROVIDER, was->provider);
    fleet_pod_set(pod, FLEET_POD_ID, was->id);
    fleet_pod_set(pod, FLEET_POD_SSH_HOST, was->host);
    fleet_pod_set_number(pod, FLEET_POD_SSH_PORT, was->ssh_port);
    fleet_pod_set_number(pod, FLEET_POD_PROXY_PORT, row->port);
    if (fl_pod_fault(pod))
        return fleet_fail(err, FLEET_ECONFIG, "the deployed file: %s: %s",
                          was->name, fl_pod_fault(pod));
    view->pods[view->n++] = fl_take(pod);
    return FLEET_OK;
}

static int fill(struct fleet_view *view, const struct fl_view_from *from,
                const struct fl_forward_rows *rows, struct fleet_error *err)
{
    int rc = FLEET_OK;

    view->pods = calloc(rows->n + 1, sizeof(*view->pods));
    if (!view->pods)
        return fl_enomem(err);
    for (size_t i = 0; rc == 0 && i < rows->n; i++) {
        const struct fl_forward_row *row = &rows->at[i];

        if (row->now)
            rc = fl_view_add(view, from, row->now->origin, err);
        else if (row->move != FL_MOVE_REMOVED)
            rc = add_stale(view, row, err);
    }
    return rc < 0 ? rc : fl_view_keep(view, from->ports, err);
}

static int sign(const struct fleet_writer *out, struct fl_buf *text,
                struct fleet_error *err)
{
    char sum[SUM_SIZE];

    *text = FL_BUF(FL_FORMAT_MAX);
    fl_buf_add(text, fl_buf_text(&out->buf), out->buf.len);
    if (sum_of(fl_buf_text(text), text->len, sum) < 0)
        return fleet_fail(err, FLEET_EINTERNAL, "no SHA-256 here");
    fl_buf_printf(text, SUM_MARK "%s\n", sum);
    return fl_buf_check(text, "the nginx file", err);
}

static int render(const struct fl_proxy_job *job, struct fl_proxy_plan *plan,
                  struct fleet_error *err)
{
    struct fl_engine *engine = job->engine;
    FL_AUTO(fl_view_clear) struct fleet_view view = {0};
    struct fl_view_from from = {.settings = &engine->settings,
                                .cohort = &engine->cohort,
                                .fleet = job->fleet,
                                .ports = &plan->ports,
                                .needs_ports = true};
    struct fleet_writer out = FL_WRITER(FL_FORMAT_MAX);
    const struct fl_plugin *format;
    int rc = fl_format_find(&engine->plugins, FORMAT, &format, err);

    if (rc == 0)
        rc = fl_view_init(&view, &from, err);
    if (rc == 0)
        rc = fill(&view, &from, &plan->rows, err);
    if (rc == 0)
        rc = fl_format_render(format, &engine->config, &view, &out, err);
    if (rc == 0)
        rc = sign(&out, &plan->text, err);
    fl_writer_clear(&out);
    return rc;
}

/* The file itself says how many connections a worker needs. */
static int64_t needs_of(const struct fl_buf *text)
{
    const char *at = strstr(fl_buf_text(text), NEED);

    return at ? strtoll(at + strlen(NEED), NULL, 10) : 0;
}

int fl_proxy_plan(const struct fl_proxy_job *job, struct fl_proxyhost *host,
                  struct fl_proxy_plan *out, struct fleet_error *err)
{
    FL_AUTO(fl_proxy_plan_clear) struct fl_proxy_plan plan = {0};
    FL_AUTO(fl_ports_clear) struct fl_ports deployed = {0};
    const char *place = fl_proxyhost_place(host);
    int rc = fl_proxyhost_look(host, &plan.look, err);

    if (rc == 0)
        rc = fl_ports_parse(&job->engine->cohort, place,
                            fl_buf_text(&plan.look.text), plan.look.text.len,
                            &deployed, err);
    if (rc == 0)
        rc = fl_forwards_parse(place, fl_buf_text(&plan.look.text),
                               plan.look.text.len, &plan.deployed, err);
    if (rc == 0)
        rc = merge(job, &plan, err);
    if (rc == 0)
        rc = settle_ports(job, &deployed, &plan, err);
    if (rc == 0)
        rc = find_collisions(&plan, err);
    if (rc == 0)
        rc = render(job, &plan, err);
    if (rc < 0)
        return rc;
    plan.foreign = is_foreign(&plan.look);
    plan.needs = needs_of(&plan.text);
    plan.differs = plan.foreign || plan.look.unfinished ||
                   !same_text(&plan.look.text, &plan.text);
    *out = plan;
    plan = (struct fl_proxy_plan){0};
    return FLEET_OK;
}

/* ---- applying ---- */

static int check_tree(const struct fl_proxyhost *host,
                      const struct fl_proxy_plan *plan, struct fleet_error *err)
{
    const char *place = fl_proxyhost_place(host);
    const char *file = strrchr(place, ':') ? strrchr(place, ':') + 1 : place;

    /* With our own file at fault, or missing, a new one is the remedy. */
    if (!plan->look.fault || strstr(plan->look.fault, file))
        return FLEET_OK;
    if (strstr(plan->look.fault, "not found"))
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s: there is no nginx (%.200s): install it, or set "
                          "SSH_PROXY_NGINX_CMD",
                          place, plan->look.fault);
    return fleet_fail(err, FLEET_ECONFIG,
                      "%s: nothing was changed: nginx does not accept its "
                      "configuration, for another file's sake: %.300s",
                      place, plan->look.fault);
}

int fl_proxy_check(const struct fl_proxyhost *host,
                   const struct fl_proxy_plan *plan, bool force,
                   struct fleet_error *err)
{
    int rc = check_tree(host, plan, err);

    if (rc < 0 || force)
        return rc;
    if (plan->foreign)
        return fleet_fail(err, FLEET_EREFUSED,
                          "%s: it is not as `fleet proxy apply` has written "
                          "it: somebody else has changed it; --force "
                          "overwrites it",
                          fl_proxyhost_place(host));
    if (plan->collisions.n)
        return fleet_fail(err, FLEET_ECONFLICT,
                          "%s: %s%s: end that, or set SSH_PROXY_STARTING_PORT "
                          "before ports are given out",
                          fl_proxyhost_place(host), plan->collisions.at[0],
                          plan->collisions.n > 1 ? ", and more" : "");
    return FLEET_OK;
}

/* What is new, leads elsewhere or has to be closed; after an apply that did not
 * end, all. */
static size_t choose(const struct fl_proxy_plan *plan,
                     struct fl_port_check *checks, const char **names)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->rows.n; i++) {
        const struct fl_forward_row *row = &plan->rows.at[i];

        if (row->move == FL_MOVE_STALE ||
            (row->move == FL_MOVE_KEPT && !plan->look.unfinished))
            continue;
        names[n] = row->name;
        checks[n] = (struct fl_port_check){.port = row->port};
        if (row->now) {
            checks[n].host = row->now->host;
            checks[n].ssh_port = row->now->ssh_port;
        }
        n++;
    }
    return n;
}

static int judge(const struct fl_port_check *check, const char *name,
                 struct fl_strv *silent, struct fleet_error *err)
{
    FL_AUTO_FREE char *text = NULL;

    if (check->verdict == FL_PORT_SERVED)
        return FLEET_OK;
    if (check->verdict == FL_PORT_BROKEN)
        return fleet_fail(err, check->error.code,
                          "%s cannot be reached through the proxy: %.300s",
                          name, check->error.text);
    text = fl_format(check->host ? "%s: forwarded, but no SSH server answers "
                                   "there: %s"
                                 : "%s: not forwarded any more, but %s",
                     name, check->error.text);
    return text && fl_strv_add(silent, text) == 0 ? FLEET_OK : fl_enomem(err);
}

static int check_ports(struct fl_engine *engine,
                       const struct fl_proxyhost *host,
                       const struct fl_proxy_plan *plan, struct fl_strv *silent,
                       struct fleet_error *err)
{
    size_t room = plan->rows.n + 1;
    FL_AUTO_FREE struct fl_port_check *checks = calloc(room, sizeof(*checks));
    FL_AUTO_FREE const char **names = calloc(room, sizeof(*names));
    size_t n;
    int rc;

    if (!checks || !names)
        return fl_enomem(err);
    n = choose(plan, checks, names);
    rc = fl_port_checks_run(engine, fl_proxyhost_address(host), checks, n, err);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = judge(&checks[i], names[i], silent, err);
    return rc;
}

/* The failure stays what it was; whether that worked is added to it. */
static int put_back(struct fl_proxyhost *host, struct fleet_error *err)
{
    struct fleet_error was = *err, why = {0};

    if (fl_proxyhost_back(host, &why) < 0)
        return fleet_fail(err, was.code,
                          "%.250s; and what was there before could not be put "
                          "back: %.150s",
                          was.text, why.text);
    return fleet_fail(err, was.code, "%.400s; what was there before is back",
                      was.text);
}

int fl_proxy_apply(struct fl_engine *engine, struct fl_proxyhost *host,
                   const struct fl_proxy_plan *plan, bool force,
                   struct fl_strv *silent, struct fleet_error *err)
{
    struct fleet_error why = {0};
    int rc = fl_proxy_check(host, plan, force, &why);

    if (rc == 0)
        rc = fl_proxyhost_swap(host, plan->look.sum, fl_buf_text(&plan->text),
                               plan->text.len, &why);
    if (rc == 0) {
        rc = check_ports(engine, host, plan, silent, &why);
        rc = rc < 0 ? put_back(host, &why) : fl_proxyhost_settle(host, &why);
    }
    if (rc < 0 && err)
        *err = why;
    return rc;
}
