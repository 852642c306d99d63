/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/proxyhost.h"

#include "core/base/cancel.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/program.h"
#include "core/base/text.h"
#include "core/engine/checkup.h"
#include "core/engine/health.h"
#include "core/engine/proxyscript.h"
#include "core/engine/view.h"
#include "core/engine/who.h"
#include "core/model/shown.h"
#include "core/net/ssh.h"
#include "core/net/wait.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define STEP_MS     120000
#define INSTALL_MS  900000 /* packages come from far away */
#define CONNECT_MS  60000
#define KEEP_MS     5000
#define PAUSE_MS    500
#define OUTPUT_MAX  (20UL * 1024 * 1024)
#define ERRORS_MAX  4096
#define PORTS       65536
#define HOLDER_SIZE 400
#define OWNER       "@proxy" /* of its host key in the state: no pod's name */

struct fl_proxyhost {
    struct fl_engine *engine;
    struct fl_ssh *ssh; /* NULL: this machine */
    char *address, *file, *place;
    char *nginx, *reload; /* commands there */
    char holder[HOLDER_SIZE];
    bool locked;
    int64_t limit_ms; /* for a step */
};

/* ---- settings ---- */

static bool is_here(const char *host)
{
    return strcasecmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
           strncmp(host, "127.", 4) == 0;
}

static bool is_local(const struct fl_settings *settings)
{
    return !settings->proxy_host ||
           (!settings->proxy_key_path && is_here(settings->proxy_host));
}

bool fl_proxyhost_configured(const struct fl_settings *settings,
                             const char **why)
{
    const char *missing = NULL;

    if (!settings->proxy_nginx_path)
        missing = "SSH_PROXY_NGINX_CONFIG_PATH is not set: it names the file "
                  "on the proxy that nginx includes in its stream {} block";
    else if (!is_local(settings) && !settings->proxy_key_path)
        missing = "SSH_PROXY_KEY_PATH is not set: it names the private key "
                  "that opens the proxy, which is not the one of the pods";
    if (why)
        *why = missing;
    return !missing;
}

static bool same_file(const char *one, const char *two)
{
    struct stat a, b;

    return one && two && stat(one, &a) == 0 && stat(two, &b) == 0 &&
           a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int check_settings(const struct fl_settings *settings,
                          struct fleet_error *err)
{
    const char *path = settings->proxy_nginx_path, *why;

    if (!fl_proxyhost_configured(settings, &why))
        return fleet_fail(err, FLEET_ECONFIG, "%s", why);
    if ((path[0] != '/' && strncmp(path, "~/", 2) != 0) ||
        path[strlen(path) - 1] == '/')
        return fleet_fail(err, FLEET_ECONFIG,
                          "SSH_PROXY_NGINX_CONFIG_PATH: %.200s: not the "
                          "absolute name of a file",
                          path);
    if (settings->proxy_host && !fl_view_host_valid(settings->proxy_host))
        return fleet_fail(err, FLEET_ECONFIG,
                          "SSH_PROXY_HOST: no host name and no address");
    if (!is_local(settings) &&
        same_file(settings->proxy_key_path, settings->key_path))
        return fleet_fail(err, FLEET_ECONFIG,
                          "SSH_PROXY_KEY_PATH: %.200s is the key of the pods, "
                          "which every participant has: the proxy needs one "
                          "of its own",
                          settings->proxy_key_path);
    return FLEET_OK;
}

/* "USER@HOST pid 12 start 345 boot ... at STAMP NONCE": what tells, later or
 * elsewhere, whether this run is still there. */
static int name_holder(struct fl_proxyhost *host, struct fleet_error *err)
{
    char stamp[FL_STAMP_SIZE], nonce[FL_NONCE_SIZE];
    struct fl_who who;
    int rc = fl_nonce(nonce, err);

    if (rc < 0)
        return rc;
    fl_who_am_i(&who);
    fl_stamp(stamp, time(NULL));
    snprintf(host->holder, sizeof(host->holder),
             "%.63s@%.100s pid=%" PRId64 " start=%" PRId64 " boot=%.63s at %s "
             "%s",
             who.user, who.host, who.pid, who.start, who.boot, stamp, nonce);
    return FLEET_OK;
}

/* ---- over SSH ---- */

static struct fl_host_key *known_key(struct fl_host_key_list *keys,
                                     const char *id)
{
    for (size_t i = 0; i < keys->n; i++) {
        if (strcmp(keys->at[i].provider, OWNER) == 0 &&
            strcmp(keys->at[i].pod_id, id) == 0)
            return &keys->at[i];
    }
    return NULL;
}

static int keep_in(struct fl_state *state, const char *id, char *key,
                   struct fleet_error *err)
{
    char now[FL_STAMP_SIZE];
    struct fl_host_key row = {.name = (char *)OWNER,
                              .provider = (char *)OWNER,
                              .pod_id = (char *)id,
                              .at = now,
                              .key = key};

    fl_stamp(now, time(NULL));
    return fl_health_put(state, NULL, 0, &row, 1, err);
}

/* Under the cohort's lock, which this run may have. */
static int keep_key(struct fl_engine *engine, const char *command,
                    const char *id, char *key, struct fleet_error *err)
{
    FL_AUTO(fl_lock_drop) struct fl_lock *lock = NULL;
    FL_AUTO(fl_state_close) struct fl_state *state = NULL;
    FL_AUTO_FREE char *news = NULL;
    int rc;

    if (engine->lock)
        return keep_in(engine->state, id, key, err);
    rc = fl_dir_make(engine->state_dir, err);
    if (rc == 0)
        rc = fl_lock_take(engine->state_dir, engine->cohort.prefix, command,
                          fl_deadline(KEEP_MS), NULL, NULL, &lock, err);
    if (rc == 0)
        rc = fl_state_open(engine->state_dir, engine->cohort.prefix,
                           FL_STATE_WRITE, &state, &news, err);
    return rc < 0 ? rc : keep_in(state, id, key, err);
}

static int tell_refusal(const struct fl_settings *settings, int rc,
                        struct fleet_error *err)
{
    if (rc == FLEET_EREFUSED)
        return fleet_fail(
            err, rc,
            "the proxy %s shows another host key than before: somebody may be "
            "in between, or it was installed again. Nothing was sent to it. If "
            "you know why, `fleet proxy status --new-host-key` learns the new "
            "one",
            settings->proxy_host);
    fl_error_in(err, "the proxy %s", settings->proxy_host);
    return rc;
}

static int log_in(struct fl_proxyhost *host, const struct fl_ssh_key *key,
                  const char *id, const char *command, bool anew,
                  struct fleet_error *err)
{
    struct fl_engine *engine = host->engine;
    const struct fl_settings *settings = &engine->settings;
    FL_AUTO(fl_host_key_list_clear) struct fl_host_key_list keys = {0};
    FL_AUTO_FREE char *shown = NULL;
    struct fl_ssh_target target = {.host = settings->proxy_host,
                                   .port = (int)settings->proxy_port,
                                   .user = settings->proxy_user};
    struct fl_host_key *known;
    int rc = fl_host_keys_load(engine->state, &keys, err);

    if (rc < 0)
        return rc;
    known = anew ? NULL : known_key(&keys, id);
    target.host_key = known ? known->key : NULL;
    rc = fl_ssh_open(&target, key, fl_engine_deadline(engine, CONNECT_MS),
                     &host->ssh, NULL, &shown, err);
    if (rc < 0)
        return tell_refusal(settings, rc, err);
    return known ? FLEET_OK : keep_key(engine, command, id, shown, err);
}

static int connect_to(struct fl_proxyhost *host, const char *command, bool anew,
                      struct fleet_error *err)
{
    struct fl_engine *engine = host->engine;
    const struct fl_settings *settings = &engine->settings;
    FL_AUTO(fl_ssh_key_close) struct fl_ssh_key *key = NULL;
    FL_AUTO_FREE char *id =
        fl_format("%s:%" PRId64, settings->proxy_host, settings->proxy_port);
    int rc = id ? fl_engine_state(engine, FL_STATE_READ, err) : fl_enomem(err);

    if (rc == 0)
        rc = fl_ssh_key_open(settings->proxy_key_path, &key, err);
    return rc < 0 ? rc : log_in(host, key, id, command, anew, err);
}

static int describe(struct fl_proxyhost *host, struct fleet_error *err)
{
    const struct fl_settings *settings = &host->engine->settings;
    const char *nginx =
        settings->proxy_nginx_cmd ? settings->proxy_nginx_cmd : "nginx";
    bool here = is_local(settings);

    host->address =
        strdup(settings->proxy_host ? settings->proxy_host : "127.0.0.1");
    host->file = strdup(settings->proxy_nginx_path);
    host->place = fl_format("%s%s%s", here ? "" : settings->proxy_host,
                            here ? "" : ":", settings->proxy_nginx_path);
    host->nginx = strdup(nginx);
    host->reload = settings->proxy_reload_cmd
                       ? strdup(settings->proxy_reload_cmd)
                       : fl_format("%s -s reload", nginx);
    if (!host->address || !host->file || !host->place || !host->nginx ||
        !host->reload)
        return fl_enomem(err);
    return name_holder(host, err);
}

int fl_proxyhost_open(struct fl_engine *engine, const char *command, bool anew,
                      struct fl_proxyhost **out, struct fleet_error *err)
{
    FL_AUTO(fl_proxyhost_close) struct fl_proxyhost *host = NULL;
    int rc = check_settings(&engine->settings, err);

    if (rc < 0)
        return rc;
    host = calloc(1, sizeof(*host));
    if (!host)
        return fl_enomem(err);
    host->engine = engine;
    host->limit_ms = STEP_MS;
    rc = describe(host, err);
    if (rc == 0 && !is_local(&engine->settings))
        rc = connect_to(host, command, anew, err);
    if (rc < 0)
        return rc;
    *out = fl_take(host);
    return FLEET_OK;
}

void fl_proxyhost_close(struct fl_proxyhost *host)
{
    if (!host)
        return;
    fl_proxyhost_unlock(host);
    fl_ssh_close(host->ssh);
    free(host->address);
    free(host->file);
    free(host->place);
    free(host->nginx);
    free(host->reload);
    free(host);
}

const char *fl_proxyhost_place(const struct fl_proxyhost *host)
{
    return host->place;
}

const char *fl_proxyhost_address(const struct fl_proxyhost *host)
{
    return host->address;
}

/* ---- a script there ---- */

static int run_here(const struct fl_proxyhost *host, const char *script,
                    const char *input, char **output, struct fleet_error *err)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    struct fleet_program program = {.size = sizeof(program),
                                    .argv = argv,
                                    .input = input,
                                    .max_output = OUTPUT_MAX};

    return fl_program_run(&program, fl_deadline(host->limit_ms), output, err);
}

static int take_output(struct fl_ssh_exec *exec, const char *place,
                       char **output, struct fleet_error *err)
{
    if (exec->status != 0)
        return fleet_fail(err, FLEET_EINTERNAL,
                          "%s: no shell that runs commands there (exit status "
                          "%d: %.200s)",
                          place, exec->status,
                          exec->err_text ? exec->err_text : "");
    if (exec->truncated || strlen(exec->out) != exec->out_len)
        return fleet_fail(err, FLEET_EINVALID,
                          "%s: too large, or no text: not a file that fleet "
                          "wrote",
                          place);
    *output = fl_take(exec->out);
    return FLEET_OK;
}

static int run_there(struct fl_proxyhost *host, const char *script,
                     const char *input, char **output, struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf command = FL_BUF(1 << 20);
    struct fl_ssh_exec exec = {.input = input,
                               .input_len = input ? strlen(input) : 0,
                               .max_out = OUTPUT_MAX,
                               .max_err = ERRORS_MAX};
    int rc;

    fl_buf_puts(&command, "exec sh -c ");
    fl_shell_quote(&command, script);
    rc = fl_buf_check(&command, host->place, err);
    if (rc < 0)
        return rc;
    exec.command = command.data;
    rc = fl_ssh_run(host->ssh, &exec, fl_deadline(host->limit_ms), err);
    rc = rc < 0 ? rc : take_output(&exec, host->place, output, err);
    fl_ssh_exec_clear(&exec);
    return rc;
}

/* The words NAME=VALUE end at NULL; *output is what it printed. */
static int run(struct fl_proxyhost *host, const char *step,
               const char *const *words, const char *input, char **output,
               struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf script = FL_BUF(1 << 19);
    const char *const common[] = {"F",         host->file,   "NGINX",
                                  host->nginx, "ME",         host->holder,
                                  "RELOAD",    host->reload, NULL};
    int rc;

    fl_proxyscript(&script, step, common, words);
    rc = fl_buf_check(&script, host->place, err);
    if (rc < 0)
        return rc;
    return host->ssh ? run_there(host, script.data, input, output, err)
                     : run_here(host, script.data, input, output, err);
}

/* The rest of the line that begins with WORD, malloc'd; NULL: there is none. */
static char *line_of(const char *text, const char *word)
{
    size_t len = strlen(word);

    while (text) {
        if (strncmp(text, word, len) == 0 && strchr(" \n", text[len]))
            return strndup(text + len + (text[len] == ' '),
                           strcspn(text + len + (text[len] == ' '), "\n"));
        text = strchr(text, '\n');
        text += text ? 1 : 0;
    }
    return NULL;
}

/* What a step answers: "ok", or what was wrong. */
static int verdict(const struct fl_proxyhost *host, const char *output,
                   struct fleet_error *err)
{
    static const struct {
        const char *word;
        int code;
        const char *before;
    } kinds[] = {
        {"refused", FLEET_ECONFIG, "nginx does not accept it"},
        {"unread", FLEET_ECONFIG, "nginx does not read it"},
        {"unloaded", FLEET_ECONFIG, "nginx cannot be told to read it"},
        {"changed", FLEET_ECONFLICT, "somebody else has changed it meanwhile"},
        {"lost", FLEET_ELOCKED, "the lock is somebody else's by now"},
        {"failed", FLEET_ECONFIG, "cannot be written"},
    };
    if (strncmp(output, "ok\n", 3) == 0)
        return FLEET_OK;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        FL_AUTO_FREE char *text = line_of(output, kinds[i].word);

        if (!text)
            continue;
        return fleet_fail(err, kinds[i].code, "%s: %s%s%.300s", host->place,
                          kinds[i].before, *text ? ": " : "", text);
    }
    return fleet_fail(err, FLEET_EINVALID, "%s: a strange answer: %.200s",
                      host->place, output);
}

static int step(struct fl_proxyhost *host, const char *which,
                const char *const *words, const char *input,
                struct fleet_error *err)
{
    FL_AUTO_FREE char *output = NULL;
    int rc = run(host, which, words, input, &output, err);

    return rc < 0 ? rc : verdict(host, output, err);
}

/* ---- looking ---- */

void fl_proxylook_clear(struct fl_proxylook *look)
{
    fl_buf_clear(&look->text);
    free(look->sum);
    free(look->lock);
    free(look->fault);
    free(look->listening);
    *look = (struct fl_proxylook){0};
}

/* "listen 2EE0": a port of this machine, in hexadecimal. */
static void read_ports(const char *output, bool *listening)
{
    for (const char *at = output; at; at = strchr(at, '\n')) {
        unsigned long port;

        at += *at == '\n';
        if (strncmp(at, "file", 4) == 0)
            return;
        if (strncmp(at, "listen ", 7) != 0)
            continue;
        port = strtoul(at + 7, NULL, 16);
        if (port < PORTS)
            listening[port] = true;
    }
}

static bool says(const char *output, const char *word)
{
    FL_AUTO_FREE char *line = line_of(output, word);

    return line != NULL;
}

static int take_text(struct fl_proxylook *look, const char *output)
{
    static const char mark[] = "\nfile\n";
    const char *at = strstr(output, mark);

    look->text = FL_BUF(OUTPUT_MAX);
    return at ? fl_buf_puts(&look->text, at + strlen(mark)) : FLEET_OK;
}

static int take_look(const char *output, struct fl_proxylook *look,
                     struct fleet_error *err)
{
    const char *text = strstr(output, "\nfile\n");
    FL_AUTO_FREE char *head =
        text ? strndup(output, (size_t)(text + 1 - output)) : strdup(output);
    FL_AUTO_FREE char *connections = head ? line_of(head, "connections") : NULL;

    look->listening = calloc(PORTS, sizeof(*look->listening));
    if (!head || !look->listening || take_text(look, output) < 0)
        return fl_enomem(err);
    look->exists = text != NULL;
    look->sum = line_of(head, "sum");
    look->lock = line_of(head, "lock");
    look->fault = line_of(head, "fault");
    look->unfinished = says(head, "unfinished");
    look->included = says(head, "included");
    if (!connections ||
        !fl_parse_int(connections, 0, INT64_MAX, &look->connections))
        look->connections = -1;
    read_ports(head, look->listening);
    return look->sum ? FLEET_OK : fl_enomem(err);
}

int fl_proxyhost_look(struct fl_proxyhost *host, struct fl_proxylook *out,
                      struct fleet_error *err)
{
    FL_AUTO(fl_proxylook_clear) struct fl_proxylook look = {0};
    FL_AUTO_FREE char *output = NULL;
    int rc = run(host, "look", NULL, NULL, &output, err);

    if (rc < 0)
        return rc;
    if (strncmp(output, "ok\n", 3) != 0)
        return verdict(host, output, err);
    rc = take_look(output, &look, err);
    if (rc < 0)
        return rc;
    *out = look;
    look = (struct fl_proxylook){0};
    return FLEET_OK;
}

/* ---- the lock ---- */

static int64_t number_of(const char *text, const char *key)
{
    const char *at = strstr(text, key);

    return at ? strtoll(at + strlen(key), NULL, 10) : -1;
}

/* Whether the holder ran on this computer and is not there any more. */
static bool has_died(const char *holder)
{
    struct fl_who who;
    const char *at = strchr(holder, '@'), *boot = strstr(holder, " boot=");
    size_t len;

    fl_who_am_i(&who);
    len = strlen(who.host);
    if (!at || !boot || strncmp(at + 1, who.host, len) != 0 ||
        at[1 + len] != ' ')
        return false;
    boot += strlen(" boot=");
    len = strlen(who.boot);
    if (len && (strncmp(boot, who.boot, len) != 0 || boot[len] != ' '))
        return true;
    return fl_process_start(number_of(holder, " pid=")) !=
           number_of(holder, " start=");
}

static int tell_locked(const struct fl_proxyhost *host, const char *holder,
                       struct fleet_error *err)
{
    char shown[FL_SHOWN_SIZE];

    fl_shown(shown, holder);
    return fleet_fail(err, FLEET_ELOCKED,
                      "%s: another operator is at work there: %.150s. A run "
                      "that has died loses the lock after 15 minutes; earlier, "
                      "remove .%.60s.fleet-lock beside the file",
                      host->place, shown, strrchr(host->file, '/') + 1);
}

/* FLEET_OK: it is ours. FLEET_ELOCKED: *holder has it. */
static int try_lock(struct fl_proxyhost *host, const char *seen, char **holder,
                    bool *old, struct fleet_error *err)
{
    const char *const words[] = {"SEEN", seen, NULL};
    FL_AUTO_FREE char *output = NULL;
    int rc = run(host, seen ? "seize" : "lock", seen ? words : NULL, NULL,
                 &output, err);

    if (rc < 0)
        return rc;
    *holder = line_of(output, "busy");
    *old = says(output, "old");
    if (*holder)
        return FLEET_ELOCKED;
    rc = verdict(host, output, err);
    host->locked = rc == 0;
    return rc;
}

int fl_proxyhost_lock(struct fl_proxyhost *host, int64_t deadline,
                      fl_lock_waiting *waiting, void *arg,
                      struct fleet_error *err)
{
    bool told = false;

    for (;;) {
        FL_AUTO_FREE char *holder = NULL, *again = NULL;
        bool old = false;
        int rc = try_lock(host, NULL, &holder, &old, err);

        if (rc == FLEET_ELOCKED && (old || has_died(holder)))
            rc = try_lock(host, holder, &again, &old, err);
        if (rc != FLEET_ELOCKED)
            return rc;
        if (fl_left_ms(deadline) == 0)
            return tell_locked(host, holder, err);
        if (waiting && !told)
            waiting(arg, holder);
        told = true;
        if (fl_wait(NULL, 0, fl_deadline(PAUSE_MS)) == FLEET_ECANCELLED)
            return fleet_fail(err, FLEET_ECANCELLED, "cancelled");
    }
}

void fl_proxyhost_unlock(struct fl_proxyhost *host)
{
    if (host->locked)
        step(host, "unlock", NULL, NULL, NULL);
    host->locked = false;
}

/* ---- changing ---- */

int fl_proxyhost_swap(struct fl_proxyhost *host, const char *sum,
                      const char *text, size_t len, struct fleet_error *err)
{
    char size[32];
    const char *const words[] = {"SIZE", size, "WAS", sum, NULL};
    int rc;

    snprintf(size, sizeof(size), "%zu", len);
    rc = step(host, "put", words, text, err);
    return rc < 0 ? rc : step(host, "swap", words, NULL, err);
}

int fl_proxyhost_back(struct fl_proxyhost *host, struct fleet_error *err)
{
    return step(host, "back", NULL, NULL, err);
}

int fl_proxyhost_settle(struct fl_proxyhost *host, struct fleet_error *err)
{
    return step(host, "settle", NULL, NULL, err);
}

/* ---- setting up ---- */

/* "did installed nginx": what stands behind the word, line by line. */
static int take_deeds(const char *output, struct fl_strv *did)
{
    static const char word[] = "did ";
    int rc = FLEET_OK;

    for (const char *at = output; rc == 0 && *at;) {
        size_t len = strcspn(at, "\n");

        if (strncmp(at, word, strlen(word)) == 0)
            rc = fl_strv_add_n(did, at + strlen(word), len - strlen(word));
        at += len + (at[len] == '\n');
    }
    return rc;
}

/* Behind what was done stands what came of it. */
static const char *last_line(const char *output)
{
    const char *at = output;

    while (strncmp(at, "did ", 4) == 0 && strchr(at, '\n'))
        at = strchr(at, '\n') + 1;
    return at;
}

/* A step that tells what it has done. */
static int deed(struct fl_proxyhost *host, const char *which,
                const char *const *words, struct fl_strv *did,
                struct fleet_error *err)
{
    FL_AUTO_FREE char *output = NULL;
    int rc = run(host, which, words, NULL, &output, err);

    if (rc < 0)
        return rc;
    if (take_deeds(output, did) < 0)
        return fl_enomem(err);
    return verdict(host, last_line(output), err);
}

int fl_proxyhost_install(struct fl_proxyhost *host, int64_t needs,
                         struct fl_strv *did, struct fleet_error *err)
{
    char number[32];
    const char *const words[] = {"NEEDS", number, NULL};
    int rc;

    snprintf(number, sizeof(number), "%" PRId64, needs);
    host->limit_ms = INSTALL_MS;
    rc = deed(host, "install", words, did, err);
    host->limit_ms = STEP_MS;
    return rc;
}

int fl_proxyhost_rotate(struct fl_proxyhost *host, const struct fl_strv *logs,
                        struct fl_strv *did, struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf names = FL_BUF(4096);
    const char *words[] = {"LOGS", NULL, NULL};

    for (size_t i = 0; i < logs->n; i++)
        fl_buf_printf(&names, "%s%s", i ? " " : "", logs->at[i]);
    if (names.failed)
        return fl_buf_check(&names, "the names of the logs", err);
    words[1] = fl_buf_text(&names);
    return deed(host, "rotate", words, did, err);
}
