/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/proxymake.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/cmd/cells.h"
#include "core/cmd/document.h"
#include "core/cmd/setting.h"
#include "core/engine/keyfile.h"
#include "core/engine/proxymachine.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define KEY_KEY    "SSH_PROXY_KEY_PATH"
#define KEY_HOST   "SSH_PROXY_HOST"
#define NGINX_FILE "/etc/nginx/fleet/%s.conf"

/* Everything one making works with. */
struct making {
    struct fl_context *context;
    struct fl_fleet fleet;
    struct fl_options_plan plan;
    struct fl_create_results results;
    const char *on;
};

static void making_clear(struct making *making)
{
    fl_create_results_clear(&making->results);
    fl_options_plan_clear(&making->plan);
    fl_fleet_clear(&making->fleet);
}
FL_CLEANUP_IN_PLACE(making_clear, struct making);

static const char *name_of(const struct fl_fleet *fleet)
{
    return fleet_pod_get(fleet->proxy.pod, FLEET_POD_NAME);
}

/* ---- settings: in this run, and in the file ---- */

static int put_text(char **field, const char *text, struct fleet_error *err)
{
    char *copy = strdup(text);

    if (!copy)
        return fl_enomem(err);
    free(*field);
    *field = copy;
    return FLEET_OK;
}

/* Where there is no file the user has to do it. */
static int keep(struct fl_context *context, const char *key, const char *value,
                struct fleet_error *err)
{
    const char *path = fl_setting_file(&context->engine.config);
    int rc = path ? fl_setting_write(path, key, value, false, err) : FLEET_OK;

    if (rc == 0)
        fl_say(context, "%s: %s=%s",
               path ? path : "there is no configuration file: set", key, value);
    return rc;
}

static int keep_text(struct fl_context *context, char **field, const char *key,
                     const char *value, struct fleet_error *err)
{
    int rc;

    if (*field && strcmp(*field, value) == 0)
        return FLEET_OK;
    rc = keep(context, key, value, err);
    return rc < 0 ? rc : put_text(field, value, err);
}

/* Beside the cohort's key: "arena_proxy". */
static char *key_path(const struct fl_engine *engine)
{
    const char *key = engine->settings.key_path;
    const char *slash = key ? strrchr(key, '/') : NULL;
    FL_AUTO_FREE char *name = fl_format("%s_proxy", engine->cohort.prefix);

    if (!name)
        return NULL;
    return slash ? fl_format("%.*s%s", (int)(slash + 1 - key), key, name)
                 : fl_path_join(engine->config.dir, name);
}

/* The key that opens it, which is not the one that participants have. */
static int ensure_key(struct fl_context *context, struct fleet_error *err)
{
    struct fl_settings *settings = &context->engine.settings;
    FL_AUTO_FREE char *path = settings->proxy_key_path
                                  ? strdup(settings->proxy_key_path)
                                  : key_path(&context->engine);
    FL_AUTO_FREE char *comment =
        fl_format("fleet %s proxy", context->engine.cohort.prefix);
    bool made = false;
    int rc = path && comment ? fl_keyfile_ensure(path, comment, &made, err)
                             : fl_enomem(err);

    if (rc < 0)
        return rc;
    if (made)
        fl_say(context, "made the key of the proxy, %s", path);
    return keep_text(context, &settings->proxy_key_path, KEY_KEY, path, err);
}

/* Of an earlier run that did not come to write it down. */
static int find_key(struct fl_context *context, struct fleet_error *err)
{
    struct fl_settings *settings = &context->engine.settings;
    FL_AUTO_FREE char *path = NULL;

    if (settings->proxy_key_path)
        return FLEET_OK;
    path = key_path(&context->engine);
    if (!path)
        return fl_enomem(err);
    return access(path, R_OK) == 0
               ? keep_text(context, &settings->proxy_key_path, KEY_KEY, path,
                           err)
               : FLEET_OK;
}

static int keep_port(struct fl_context *context, const struct fleet_pod *pod,
                     struct fleet_error *err)
{
    struct fl_settings *settings = &context->engine.settings;
    int64_t port = fleet_pod_get_number(pod, FLEET_POD_SSH_PORT, 22);
    char text[32];
    int rc;

    if (port == settings->proxy_port)
        return FLEET_OK;
    snprintf(text, sizeof(text), "%" PRId64, port);
    rc = keep(context, "SSH_PROXY_PORT", text, err);
    settings->proxy_port = port;
    return rc;
}

/* Where it is, and what it is to read. */
static int keep_address(struct fl_context *context,
                        const struct fl_fleet *fleet, struct fleet_error *err)
{
    struct fl_settings *settings = &context->engine.settings;
    const struct fleet_pod *pod = fleet->proxy.pod;
    const char *host = fleet_pod_get(pod, FLEET_POD_SSH_HOST);
    const char *user = fleet_pod_get(pod, FLEET_POD_SSH_USER);
    FL_AUTO_FREE char *file =
        settings->proxy_nginx_path
            ? strdup(settings->proxy_nginx_path)
            : fl_format(NGINX_FILE, context->engine.cohort.prefix);
    int rc;

    if (!file)
        return fl_enomem(err);
    if (!host)
        return fleet_fail(err, FLEET_ETRANSIENT, "%s has no address yet",
                          name_of(fleet));
    rc = keep_text(context, &settings->proxy_host, KEY_HOST, host, err);
    if (rc == 0)
        rc = keep_port(context, pod, err);
    if (rc == 0 && user)
        rc = keep_text(context, &settings->proxy_user, "SSH_PROXY_USER", user,
                       err);
    if (rc == 0)
        rc = keep_text(context, &settings->proxy_nginx_path,
                       "SSH_PROXY_NGINX_CONFIG_PATH", file, err);
    return rc;
}

/* A proxy that somebody else runs is not put aside. */
static int check_host(const struct fl_settings *settings,
                      const struct fl_fleet *fleet, struct fleet_error *err)
{
    const char *is = fleet->proxy.pod
                         ? fleet_pod_get(fleet->proxy.pod, FLEET_POD_SSH_HOST)
                         : NULL;

    if (!settings->proxy_host || (is && strcmp(is, settings->proxy_host) == 0))
        return FLEET_OK;
    return fleet_fail(err, FLEET_EREFUSED,
                      KEY_HOST " names %.100s already, which fleet did not "
                               "make: `fleet proxy install` without --create "
                               "sets that one up; `fleet config set " KEY_HOST
                               " ''` gives it up",
                      settings->proxy_host);
}

/* ---- making ---- */

static void tell_plan(struct making *making, const struct fl_option_row *first)
{
    char option[160], price[64];

    fl_option_text(option, first);
    fl_price_text(price, fl_plan_price(first), fl_plan_currency(first));
    fl_say(making->context,
           "a machine to be the proxy, at %s, %s%s until `fleet proxy remove`",
           option, price, fl_plan_price(first) < 0 ? "" : " an hour");
}

static int ask(struct making *making, struct fleet_error *err)
{
    struct fl_engine *engine = &making->context->engine;
    const struct fl_option_row *first;
    FL_AUTO_FREE char *name = fl_cohort_proxy(&engine->cohort);
    FL_AUTO_FREE char *question =
        name ? fl_format("Create %s and set it up?", name) : NULL;
    int rc = fl_proxymachine_plan(engine, &making->fleet, making->on,
                                  &making->plan, err);

    if (rc == 0)
        rc = fl_plan_check_total(&engine->settings, &making->fleet,
                                 &making->plan, 1, err);
    if (rc < 0)
        return rc;
    first = fl_plan_first(&making->plan);
    if (!first)
        return fl_plan_fault(&making->plan, NULL, err);
    tell_plan(making, first);
    fl_json_put(making->context->document, "options",
                fl_json_options(&making->plan));
    if (making->context->globals.dry_run)
        return FLEET_OK;
    return question ? fl_confirm(making->context, question, err)
                    : fl_enomem(err);
}

static int make(struct making *making, struct fleet_error *err)
{
    struct fl_context *context = making->context;
    struct fl_progress *progress;
    struct fl_proxymachine_job job = {.engine = &context->engine,
                                      .fleet = &making->fleet,
                                      .plan = &making->plan,
                                      .event = fl_progress_event};
    int rc = ensure_key(context, err);

    if (rc < 0)
        return rc;
    progress = fl_progress_open(context, "created");
    job.event_arg = progress;
    rc = fl_proxymachine_make(&job, &making->results, err);
    fl_progress_close(progress);
    return rc;
}

static int wake(struct making *making, struct fleet_error *err)
{
    struct fl_context *context = making->context;
    int rc;

    fl_proxymake_tell(context, &making->fleet);
    if (context->globals.dry_run)
        return FLEET_OK;
    fl_say(context, "waiting for its sshd");
    rc = fl_proxymachine_wake(&context->engine, &making->fleet, err);
    return rc < 0 ? rc : find_key(context, err);
}

static int open_ports(struct making *making, struct fleet_error *err)
{
    FL_AUTO_FREE char *ports = NULL;
    struct fl_engine *engine = &making->context->engine;
    int rc = fl_proxymachine_ports(engine, &making->fleet, &ports, err);

    if (rc == 0)
        rc = fl_proxymachine_expose(engine, &making->fleet, ports, err);
    if (rc < 0)
        return rc;
    fl_say(making->context, "its firewall lets TCP in on %s, and nothing else",
           ports);
    fl_json_put(making->context->document, "open", fl_json_text(ports));
    return FLEET_OK;
}

static int run(struct making *making, bool *ready, bool *fresh,
               struct fleet_error *err)
{
    struct fl_context *context = making->context;
    bool dry = context->globals.dry_run;
    int rc = check_host(&context->engine.settings, &making->fleet, err);

    *fresh = rc == 0 && !making->fleet.proxy.pod;
    if (rc == 0 && *fresh)
        rc = ask(making, err);
    if (rc == 0 && *fresh && !dry)
        rc = make(making, err);
    else if (rc == 0 && !*fresh)
        rc = wake(making, err);
    if (rc == 0 && !dry)
        rc = open_ports(making, err);
    if (rc == 0 && !dry)
        rc = keep_address(context, &making->fleet, err);
    *ready = rc == 0 && !dry;
    return rc;
}

int fl_proxymake(struct fl_context *context, const char *on, bool *ready,
                 bool *fresh)
{
    FL_AUTO(making_clear) struct making making = {.context = context, .on = on};
    struct fleet_error err = {0};
    int rc = fl_work_open(context, &err);

    *ready = false;
    if (rc == 0 && on)
        rc = fl_engine_add_provider(&context->engine, on, &err);
    if (rc == 0)
        rc = fl_work_begin(context, &making.fleet, &err);
    if (rc == 0 && !making.fleet.complete) {
        fl_say(context, "nothing is made while a provider cannot be listed:");
        return fl_work_incomplete(context, &making.fleet);
    }
    if (rc == 0)
        rc = run(&making, ready, fresh, &err);
    fl_json_put(context->document, "machine", fl_proxymake_json(&making.fleet));
    return rc < 0 ? fl_report(context, &err, NULL, NULL) : FL_EXIT_OK;
}

/* ---- ending ---- */

/* Its address is nobody's from now on, or somebody else's. */
static int forget_address(struct fl_context *context, const char *host,
                          struct fleet_error *err)
{
    struct fl_settings *settings = &context->engine.settings;

    if (!host || !settings->proxy_host ||
        strcmp(host, settings->proxy_host) != 0)
        return FLEET_OK;
    return keep(context, KEY_HOST, "", err);
}

static int end(struct fl_context *context, struct fl_fleet *fleet,
               struct fleet_error *err)
{
    const char *host = fleet_pod_get(fleet->proxy.pod, FLEET_POD_SSH_HOST);
    FL_AUTO_FREE char *address = host ? strdup(host) : NULL;
    FL_AUTO_FREE char *question = fl_format(
        "End %s? Nobody reaches a pod through it any more.", name_of(fleet));
    int rc = question ? FLEET_OK : fl_enomem(err);

    fl_proxymake_tell(context, fleet);
    if (rc < 0 || context->globals.dry_run)
        return rc;
    rc = fl_confirm(context, question, err);
    if (rc == 0)
        rc = fl_proxymachine_end(&context->engine, fleet, err);
    if (rc < 0)
        return rc;
    fl_say(context, "%s has gone, and costs nothing any more", name_of(fleet));
    return forget_address(context, address, err);
}

int fl_proxymake_undo(struct fl_context *context)
{
    FL_AUTO(fl_fleet_clear) struct fl_fleet fleet = {0};
    struct fleet_error err = {0};
    int rc = fl_work_begin(context, &fleet, &err);
    bool there = rc == 0 && fleet.proxy.pod;

    fl_json_put(context->document, "machine", fl_proxymake_json(&fleet));
    if (there)
        rc = end(context, &fleet, &err);
    else if (rc == 0 && fleet.complete)
        fl_say(context, "there is no machine that fleet has made to be the "
                        "proxy");
    fl_json_put(context->document, "removed",
                json_boolean(there && rc == 0 && !context->globals.dry_run));
    if (rc < 0)
        return fl_report(context, &err, NULL, NULL);
    return there ? FL_EXIT_OK : fl_work_incomplete(context, &fleet);
}

/* ---- telling ---- */

void fl_proxymake_tell(struct fl_context *context, const struct fl_fleet *fleet)
{
    const struct fl_member *proxy = &fleet->proxy;
    int64_t micros;
    char price[64];

    if (!proxy->pod)
        return;
    micros = fleet_pod_get_number(proxy->pod, FLEET_POD_PRICE_MICROS, -1);
    fl_price_text(price, micros, fleet_pod_get(proxy->pod, FLEET_POD_CURRENCY));
    fl_say(context, "and the proxy: %s at %s, %s, %s%s%s", name_of(fleet),
           proxy->listing->name,
           proxy->unconfirmed ? "not listed"
                              : fleet_state_name(fl_pod_state(proxy->pod)),
           price, micros < 0 ? "" : " an hour",
           proxy->twin ? "; there are two of that name" : "");
}

json_t *fl_proxymake_json(const struct fl_fleet *fleet)
{
    const struct fl_member *proxy = &fleet->proxy;

    return proxy->pod ? fl_json_pod(proxy->pod, proxy->short_name,
                                    proxy->listing->name)
                      : json_null();
}
