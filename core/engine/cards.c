/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/cards.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/model/card.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define PAGE_MAX ((size_t)8 << 20)
#define KEY_MAX  65536

/* One card. */
struct making {
    const struct fl_cards_job *job;
    const struct fl_person *person;
    struct fl_badge badge;
    struct fleet_view view;
    struct fl_strv left_out, missing;
    struct fl_card_pod *pods;
    char *dir;
    char *key_name, *cert_name, *config_name, *known_hosts_name;
    char *key_path, *cert_path;
    struct fleet_writer config, known_hosts;
    char written[16], cert_until[16];
};

static void making_clear(struct making *making)
{
    fl_badge_clear(&making->badge);
    fl_view_clear(&making->view);
    fl_strv_clear(&making->left_out);
    fl_strv_clear(&making->missing);
    free(making->pods);
    free(making->dir);
    free(making->key_name);
    free(making->cert_name);
    free(making->config_name);
    free(making->known_hosts_name);
    free(making->key_path);
    free(making->cert_path);
    fl_writer_clear(&making->config);
    fl_writer_clear(&making->known_hosts);
}
FL_CLEANUP_IN_PLACE(making_clear, struct making);

/* ---- names ---- */

/* ssh's own default for a key of his; ours gets a name that tells what it is.
 */
char *fl_cards_key_path(const struct fl_cohort *cohort,
                        const struct fl_person *person)
{
    static const struct {
        const char *type, *name;
    } kinds[] = {
        {"ssh-ed25519 ", "id_ed25519"}, {"ssh-rsa ", "id_rsa"},
        {"ecdsa-", "id_ecdsa"},         {"sk-ssh-ed25519@", "id_ed25519_sk"},
        {"sk-ecdsa-", "id_ecdsa_sk"},
    };

    for (size_t i = 0; person->key && i < sizeof(kinds) / sizeof(*kinds); i++)
        if (strncmp(person->key, kinds[i].type, strlen(kinds[i].type)) == 0)
            return fl_format("~/.ssh/%s", kinds[i].name);
    return fl_format("~/.ssh/%s-%s", cohort->prefix, person->id);
}

char *fl_cards_cert_path(const struct fl_cohort *cohort,
                         const struct fl_person *person)
{
    return fl_format("~/.ssh/%s-%s-cert.pub", cohort->prefix, person->id);
}

static int name_all(struct making *making, struct fleet_error *err)
{
    const struct fl_cohort *cohort = &making->job->engine->cohort;
    const char *id = making->person->id;

    making->dir = fl_format("%s/%s", making->job->dir, id);
    making->cert_name = fl_format("%s-%s-cert.pub", cohort->prefix, id);
    making->config_name = fl_format("%s.conf", cohort->prefix);
    making->known_hosts_name = fl_format("known_hosts.%s", cohort->prefix);
    making->key_path = fl_cards_key_path(cohort, making->person);
    making->cert_path = fl_cards_cert_path(cohort, making->person);
    if (making->badge.key) {
        making->key_name = fl_format("%s-%s", cohort->prefix, id);
        if (!making->key_name)
            return fl_enomem(err);
    }
    return making->dir && making->cert_name && making->config_name &&
                   making->known_hosts_name && making->key_path &&
                   making->cert_path
               ? FLEET_OK
               : fl_enomem(err);
}

/* ---- what stands on it ---- */

static void day_text(char out[16], int64_t when)
{
    time_t at = (time_t)when;
    struct tm local;

    if (!localtime_r(&at, &local) || !strftime(out, 16, "%Y-%m-%d", &local))
        snprintf(out, 16, "?");
}

static int look_badge(struct making *making, struct fleet_error *err)
{
    const struct fl_cards_job *job = making->job;
    int rc = fl_badge_look(job->people, &job->engine->cohort, job->ca,
                           making->person, &making->badge, err);

    if (rc == 0 && making->badge.why)
        rc = fleet_fail(err, FLEET_ENOTFOUND,
                        "the certificate of %s: %s; `fleet roster apply` makes "
                        "one",
                        making->person->id, making->badge.why);
    if (rc < 0)
        return rc;
    day_text(making->written, time(NULL));
    day_text(making->cert_until, making->badge.before - 1);
    return FLEET_OK;
}

bool *fl_cards_members(const struct fl_fleet *fleet,
                       const struct fl_person *person)
{
    bool *selected = calloc(fleet->n_members + 1, sizeof(*selected));

    for (size_t i = 0; selected && i < fleet->n_members; i++)
        selected[i] = fl_strv_has(&person->pods, fleet->members[i].short_name);
    return selected;
}

static int fill_view(struct making *making, struct fleet_error *err)
{
    const struct fl_cards_job *job = making->job;
    FL_AUTO_FREE bool *selected = fl_cards_members(job->fleet, making->person);
    const struct fl_view_from from = {
        .settings = &job->engine->settings,
        .cohort = &job->engine->cohort,
        .fleet = job->fleet,
        .selected = selected,
        .ports = job->ports,
        .needs_ports = job->via_proxy,
        .via_proxy = job->via_proxy,
        .host_keys = "file",
        .ca = job->host_ca,
        .key_path = making->key_path,
        .cert_path = making->cert_path,
    };
    int rc =
        selected ? fl_view_init(&making->view, &from, err) : fl_enomem(err);

    return rc < 0 ? rc
                  : fl_view_fill(&making->view, &from, &making->left_out, err);
}

static bool is_on_view(const struct fleet_view *view, const char *short_name)
{
    for (size_t i = 0; i < view->n; i++)
        if (strcmp(fleet_pod_get(view->pods[i], FLEET_POD_SHORT), short_name) ==
            0)
            return true;
    return false;
}

static int list_pods(struct making *making, struct fleet_error *err)
{
    const struct fleet_view *view = &making->view;
    const struct fl_strv *pods = &making->person->pods;

    making->pods = calloc(view->n + 1, sizeof(*making->pods));
    if (!making->pods)
        return fl_enomem(err);
    for (size_t i = 0; i < view->n; i++)
        making->pods[i] = (struct fl_card_pod){
            .name = fleet_pod_get(view->pods[i], FLEET_POD_NAME),
            .host = fleet_view_host(view, view->pods[i]),
            .port = fleet_view_port(view, view->pods[i]),
            .user = fleet_pod_get(view->pods[i], FLEET_POD_SSH_USER)};
    for (size_t i = 0; i < pods->n; i++) {
        char *full;

        if (is_on_view(view, pods->at[i]))
            continue;
        full = fl_cohort_full(&making->job->engine->cohort, pods->at[i]);
        if (fl_strv_take(&making->missing, full) < 0)
            return fl_enomem(err);
    }
    return FLEET_OK;
}

/* Whatever machine has one of the cohort's names, and these keys. */
static int write_known_hosts(struct making *making, struct fleet_error *err)
{
    const struct fl_cards_job *job = making->job;
    struct fleet_writer *out = &making->known_hosts;
    FL_AUTO_FREE char *keys = NULL;
    const struct fl_plugin *format;
    int rc = fl_format_find(&job->engine->plugins, "known-hosts", &format, err);

    if (rc == 0)
        rc = fl_format_render(format, &job->engine->config, &making->view, out,
                              err);
    if (rc < 0 || !job->host_ca)
        return rc;
    keys = strdup(fl_buf_text(&out->buf));
    if (!keys)
        return fl_enomem(err);
    fl_buf_empty(&out->buf);
    fl_buf_printf(&out->buf, "@cert-authority %s-* %s\n%s",
                  job->engine->cohort.prefix, job->host_ca->signer.line, keys);
    return fl_buf_check(&out->buf, "known_hosts", err);
}

static int write_config(struct making *making, struct fleet_error *err)
{
    const struct fl_cards_job *job = making->job;
    const struct fl_plugin *format;
    int rc = fl_format_find(&job->engine->plugins, "ssh-config", &format, err);

    return rc < 0 ? rc
                  : fl_format_render(format, &job->engine->config,
                                     &making->view, &making->config, err);
}

/* ---- the files ---- */

static int put(const struct making *making, const char *name, const char *text,
               size_t len, mode_t mode, struct fleet_error *err)
{
    FL_AUTO_FREE char *path = fl_path_join(making->dir, name);

    return path ? fl_file_write(path, text, len, mode, err) : fl_enomem(err);
}

static int put_pages(const struct making *making, struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf html = FL_BUF(PAGE_MAX);
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(PAGE_MAX);
    const struct fl_card card = {
        .cohort = making->job->engine->cohort.prefix,
        .person = making->person->name,
        .until = making->person->until,
        .cert_until = making->cert_until,
        .contact = making->job->contact,
        .written = making->written,
        .pods = making->pods,
        .n_pods = making->view.n,
        .missing = &making->missing,
        .config = fl_buf_text(&making->config.buf),
        .config_name = making->config_name,
        .known_hosts_name = making->known_hosts_name,
        .cert_name = making->cert_name,
        .key_name = making->key_name,
        .key_path = making->key_path,
    };
    int rc = fl_card_html(&card, &html);

    if (rc == 0)
        rc = fl_card_text(&card, &text);
    if (rc < 0)
        return rc == FLEET_ENOMEM
                   ? fl_enomem(err)
                   : fleet_fail(err, rc, "the card of %s is too large",
                                making->person->id);
    rc = put(making, "card.html", html.data, html.len, 0600, err);
    return rc < 0 ? rc
                  : put(making, "card.txt", text.data, text.len, 0600, err);
}

/* The private key last: whoever finds it finds all that belongs to it. */
static int put_key(const struct making *making, struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf key = FL_BUF(KEY_MAX);
    FL_AUTO_FREE char *cert = fl_format("%s\n", making->badge.cert);
    int rc = cert
                 ? put(making, making->cert_name, cert, strlen(cert), 0600, err)
                 : fl_enomem(err);

    if (rc < 0 || !making->badge.key)
        return rc;
    rc = fl_file_read(making->badge.key, &key, err);
    if (rc == 0)
        rc = put(making, making->key_name, fl_buf_text(&key), key.len, 0600,
                 err);
    if (key.data)
        fl_wipe(key.data, key.len);
    return rc;
}

static int put_all(struct making *making, struct fleet_error *err)
{
    const struct fl_buf *config = &making->config.buf;
    const struct fl_buf *known = &making->known_hosts.buf;
    int rc = fl_dir_make(making->dir, err);

    if (rc == 0 && chmod(making->dir, 0700) < 0)
        rc = fleet_fail(err, FLEET_ECONFIG, "%s: %m", making->dir);
    if (rc == 0)
        rc = put_pages(making, err);
    if (rc == 0)
        rc = put(making, making->config_name, fl_buf_text(config), config->len,
                 0600, err);
    if (rc == 0)
        rc = put(making, making->known_hosts_name, fl_buf_text(known),
                 known->len, 0600, err);
    return rc < 0 ? rc : put_key(making, err);
}

static int tell_missing(struct making *making, struct fl_strv *notes,
                        struct fleet_error *err)
{
    for (size_t i = 0; i < making->left_out.n; i++)
        if (fl_strv_take(notes,
                         fl_format("%s: left out: %s", making->person->id,
                                   making->left_out.at[i])) < 0)
            return fl_enomem(err);
    for (size_t i = 0; making->left_out.n == 0 && i < making->missing.n; i++)
        if (fl_strv_take(notes, fl_format("%s: %s is not there yet",
                                          making->person->id,
                                          making->missing.at[i])) < 0)
            return fl_enomem(err);
    for (size_t i = 0; i < making->view.n; i++)
        if (!fleet_pod_get(making->view.pods[i], FLEET_POD_HOST_KEY) &&
            fl_strv_take(notes,
                         fl_format("%s: the host key of %s is not known yet, "
                                   "so SSH will refuse it: `fleet test` learns "
                                   "it",
                                   making->person->id,
                                   fleet_pod_get(making->view.pods[i],
                                                 FLEET_POD_NAME))) < 0)
            return fl_enomem(err);
    return FLEET_OK;
}

int fl_cards_write(const struct fl_cards_job *job,
                   const struct fl_person *person, struct fl_strv *notes,
                   struct fleet_error *err)
{
    FL_AUTO(making_clear)
    struct making making = {.job = job,
                            .person = person,
                            .config = FL_WRITER(FL_FORMAT_MAX),
                            .known_hosts = FL_WRITER(FL_FORMAT_MAX)};
    int rc = look_badge(&making, err);

    if (rc == 0)
        rc = name_all(&making, err);
    if (rc == 0)
        rc = fill_view(&making, err);
    if (rc == 0)
        rc = list_pods(&making, err);
    if (rc == 0)
        rc = write_config(&making, err);
    if (rc == 0)
        rc = write_known_hosts(&making, err);
    if (rc == 0)
        rc = put_all(&making, err);
    return rc < 0 ? rc : tell_missing(&making, notes, err);
}

/* ---- the page with all of them ---- */

static char *join_pods(const struct fl_person *person)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(1 << 16);

    for (size_t i = 0; i < person->pods.n; i++)
        fl_buf_printf(&text, "%s%s", i ? ", " : "", person->pods.at[i]);
    return strdup(fl_buf_text(&text));
}

int fl_cards_index(const struct fl_cards_job *job,
                   const struct fl_person *const *people, size_t n,
                   struct fleet_error *err)
{
    FL_AUTO_FREE struct fl_card_entry *entries =
        calloc(n + 1, sizeof(*entries));
    FL_AUTO(fl_strv_clear) struct fl_strv pods = {0};
    FL_AUTO(fl_buf_clear) struct fl_buf html = FL_BUF(PAGE_MAX);
    FL_AUTO_FREE char *path = fl_path_join(job->dir, "index.html");
    char written[16];

    if (!entries || !path)
        return fl_enomem(err);
    for (size_t i = 0; i < n; i++) {
        if (fl_strv_take(&pods, join_pods(people[i])) < 0)
            return fl_enomem(err);
        entries[i] = (struct fl_card_entry){.id = people[i]->id,
                                            .person = people[i]->name,
                                            .pods = pods.at[i],
                                            .until = people[i]->until,
                                            .email = people[i]->email,
                                            .has_key = !people[i]->key};
    }
    day_text(written, time(NULL));
    if (fl_card_index(job->engine->cohort.prefix, written, entries, n, &html) <
        0)
        return fl_buf_check(&html, "the index", err);
    return fl_file_write(path, html.data, html.len, 0600, err);
}
