/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/view.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/model/shown.h"
#include "core/net/greeting.h"

#include <arpa/inet.h>
#include <string.h>

#define PORT_MAX  65535
#define LABEL_MAX 63

const char *fleet_view_get(const struct fleet_view *view, int field)
{
    return field >= 1 && field <= FLEET_VIEW_CERT_PATH ? view->fields[field]
                                                       : NULL;
}

size_t fleet_view_count(const struct fleet_view *view)
{
    return view->n;
}

const struct fleet_pod *fleet_view_pod(const struct fleet_view *view, size_t i)
{
    return i < view->n ? view->pods[i] : NULL;
}

static bool via_proxy(const struct fleet_view *view)
{
    return view->fields[FLEET_VIEW_VIA_PROXY] != NULL;
}

const char *fleet_view_host(const struct fleet_view *view,
                            const struct fleet_pod *pod)
{
    return via_proxy(view) ? view->fields[FLEET_VIEW_PROXY_HOST]
                           : fleet_pod_get(pod, FLEET_POD_SSH_HOST);
}

int64_t fleet_view_port(const struct fleet_view *view,
                        const struct fleet_pod *pod)
{
    return fleet_pod_get_number(
        pod, via_proxy(view) ? FLEET_POD_PROXY_PORT : FLEET_POD_SSH_PORT, 0);
}

const char *fleet_view_kept(const struct fleet_view *view, size_t i,
                            int64_t *port)
{
    if (i >= view->n_kept)
        return NULL;
    *port = view->kept[i].port;
    return view->kept[i].name;
}

void fl_view_clear(struct fleet_view *view)
{
    for (size_t i = 0; i < view->n; i++)
        fl_pod_free(view->pods[i]);
    free(view->pods);
    free(view->kept);
    for (int i = 0; i <= FLEET_VIEW_CERT_PATH; i++)
        free(view->fields[i]);
    *view = (struct fleet_view){0};
}

/* Each label 1 to 63 long, without a dash at its ends; the last one is no
 * number, for that would be an address gone wrong. */
static bool is_dns_name(const char *host)
{
    bool number = true;

    while (*host) {
        size_t len = strcspn(host, ".");

        if (len == 0 || len > LABEL_MAX || host[0] == '-' ||
            host[len - 1] == '-')
            return false;
        number = strspn(host, "0123456789") == len;
        host += len;
        if (*host == '.' && host[1])
            host++;
        else if (*host)
            return false;
    }
    return !number;
}

bool fl_view_host_valid(const char *host)
{
    struct in6_addr space;

    if (!fl_host_valid(host))
        return false;
    if (strchr(host, ':'))
        return inet_pton(AF_INET6, host, &space) == 1;
    return inet_pton(AF_INET, host, &space) == 1 || is_dns_name(host);
}

/* Paths that mean themselves in a quoted word of any of the files: no quotes,
 * no control characters, nothing that a shell, ssh or a template would expand.
 */
static bool is_plain_path(const char *path)
{
    for (const char *at = path; *at; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f ||
            strchr("\"\\'`$%{}", *at))
            return false;
    }
    return fl_utf8_valid(path, strlen(path));
}

/* OpenSSH takes ~ for the password file's home, so only that one is put so. */
static char *shorten(const char *path)
{
    const char *home = fl_passwd_home();
    size_t len = home ? strlen(home) : 0;

    while (len > 0 && home[len - 1] == '/')
        len--;
    if (len > 0 && strncmp(path, home, len) == 0 && path[len] == '/')
        return fl_format("~%s", path + len);
    return strdup(path);
}

static int put(struct fleet_view *view, int field, const char *text,
               struct fleet_error *err)
{
    view->fields[field] = text ? strdup(text) : NULL;
    return view->fields[field] || !text ? FLEET_OK : fl_enomem(err);
}

static int bad_setting(const char *key, const char *text, const char *what,
                       struct fleet_error *err)
{
    char shown[FL_SHOWN_SIZE];

    fl_shown(shown, text);
    return fleet_fail(err, FLEET_ECONFIG, "%s: '%s' %s", key, shown, what);
}

static int put_key_path(struct fleet_view *view, const char *path,
                        struct fleet_error *err)
{
    if (!path)
        return FLEET_OK;
    if (!is_plain_path(path))
        return bad_setting("SHARED_SSH_KEY_PATH", path,
                           "has a character that must not stand in a file for "
                           "others; move the key",
                           err);
    view->fields[FLEET_VIEW_KEY_PATH] = shorten(path);
    return view->fields[FLEET_VIEW_KEY_PATH] ? FLEET_OK : fl_enomem(err);
}

/* The rule is that of the pods. */
static int check_user(const char *key, const char *user,
                      struct fleet_error *err)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();

    if (!pod)
        return fl_enomem(err);
    fleet_pod_set(pod, FLEET_POD_SSH_USER, user);
    if (fl_pod_starved(pod))
        return fl_enomem(err);
    return fl_pod_fault(pod) ? bad_setting(key, user, "is no user name", err)
                             : FLEET_OK;
}

static int put_proxy(struct fleet_view *view, const struct fl_view_from *from,
                     struct fleet_error *err)
{
    const struct fl_settings *settings = from->settings;
    int rc;

    if (!settings->proxy_host && from->via_proxy)
        return fleet_fail(err, FLEET_ECONFIG,
                          "SSH_PROXY_HOST: not set, and the output is for use "
                          "through it");
    if (!settings->proxy_host)
        return FLEET_OK;
    if (!fl_view_host_valid(settings->proxy_host))
        return bad_setting("SSH_PROXY_HOST", settings->proxy_host,
                           "is no host name and no address", err);
    rc = check_user("SSH_PROXY_USER", settings->proxy_user, err);
    if (rc == 0)
        rc = put(view, FLEET_VIEW_PROXY_HOST, settings->proxy_host, err);
    if (rc == 0)
        rc = put(view, FLEET_VIEW_PROXY_USER, settings->proxy_user, err);
    if (rc == 0 && from->via_proxy)
        rc = put(view, FLEET_VIEW_VIA_PROXY, "yes", err);
    return rc;
}

int fl_view_init(struct fleet_view *view, const struct fl_view_from *from,
                 struct fleet_error *err)
{
    char now[FL_STAMP_SIZE];
    int rc;

    fl_stamp(now, time(NULL));
    rc = put(view, FLEET_VIEW_COHORT, from->cohort->prefix, err);
    if (rc == 0)
        rc = put(view, FLEET_VIEW_WRITTEN_AT, now, err);
    if (rc == 0)
        rc = put(view, FLEET_VIEW_HOST_KEYS, from->host_keys, err);
    if (rc == 0 && from->ca)
        rc = put(view, FLEET_VIEW_HOST_CA, from->ca->signer.line, err);
    if (rc == 0)
        rc = from->key_path
                 ? put(view, FLEET_VIEW_KEY_PATH, from->key_path, err)
                 : put_key_path(view, from->settings->key_path, err);
    if (rc == 0)
        rc = put(view, FLEET_VIEW_CERT_PATH, from->cert_path, err);
    if (rc == 0)
        rc = check_user("SSH_USER", from->settings->ssh_user, err);
    return rc < 0 ? rc : put_proxy(view, from, err);
}

/* Why this pod cannot stand in a file; NULL: it can. A provider that gave
 * rubbish for one thing is not believed in the rest. */
const char *fl_view_objection(const struct fl_member *member)
{
    const struct fleet_pod *pod = member->pod;
    const char *name = fleet_pod_get(pod, FLEET_POD_NAME);
    const char *host = fleet_pod_get(pod, FLEET_POD_SSH_HOST);

    if (!name || !fl_name_valid(name) || !fl_name_valid(member->short_name))
        return "its name is not valid";
    if (!fl_name_valid(member->listing->name))
        return "the name of its provider is not valid";
    if (member->twin)
        return "there are two of that name; terminate one by its id";
    if (fl_pod_fault(pod))
        return fl_pod_fault(pod);
    if (fl_pod_state(pod) == FLEET_STATE_TERMINATING)
        return "it is being terminated";
    if (member->unconfirmed)
        return "no provider lists it";
    if (!host)
        return "no address yet";
    if (!fl_view_host_valid(host))
        return "its address is not valid";
    if (!fl_pod_is_set(pod, FLEET_POD_SSH_PORT))
        return "no SSH port yet";
    return NULL;
}

static const char *objection(const struct fl_view_from *from,
                             const struct fl_member *member)
{
    const char *why = fl_view_objection(member);
    const char *name = fleet_pod_get(member->pod, FLEET_POD_NAME);

    if (!why && from->needs_ports &&
        !(from->ports && fl_ports_get(from->ports, name)))
        return "no port on the proxy";
    return why;
}

static int leave_out(const struct fl_member *member, const char *why,
                     struct fl_strv *left_out, struct fleet_error *err)
{
    const char *name = fleet_pod_get(member->pod, FLEET_POD_NAME);
    FL_AUTO_FREE char *text = NULL;
    char shown[FL_SHOWN_SIZE];

    fl_shown(shown, name ? name : "(no name)");
    text = fl_format("%s: %s", shown, why);
    if (!text || fl_strv_add(left_out, text) < 0)
        return fl_enomem(err);
    return FLEET_OK;
}

int fl_view_add(struct fleet_view *view, const struct fl_view_from *from,
                const struct fl_member *member, struct fleet_error *err)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_copy(member->pod);
    const char *name = fleet_pod_get(member->pod, FLEET_POD_NAME);
    int64_t port = from->ports ? fl_ports_get(from->ports, name) : 0;

    if (!pod)
        return fl_enomem(err);
    fleet_pod_set(pod, FLEET_POD_SHORT, member->short_name);
    fleet_pod_set(pod, FLEET_POD_PROVIDER, member->listing->name);
    fleet_pod_set(pod, FLEET_POD_PROXY_PORT, NULL);
    fleet_pod_set(pod, FLEET_POD_HOST_CERT, NULL);
    if (from->ca && fl_hostca_has(from->ca, member))
        fleet_pod_set_number(pod, FLEET_POD_HOST_CERT, 1);
    if (port)
        fleet_pod_set_number(pod, FLEET_POD_PROXY_PORT, port);
    if (!fl_pod_is_set(pod, FLEET_POD_SSH_USER))
        fleet_pod_set(pod, FLEET_POD_SSH_USER, from->settings->ssh_user);
    if (fl_pod_fault(pod)) /* what was put here is sound */
        return fl_enomem(err);
    view->pods[view->n++] = fl_take(pod);
    return FLEET_OK;
}

static int add_pods(struct fleet_view *view, const struct fl_view_from *from,
                    struct fl_strv *left_out, struct fleet_error *err)
{
    const struct fl_fleet *fleet = from->fleet;
    int rc = FLEET_OK;

    view->pods = calloc(fleet->n_members + 1, sizeof(*view->pods));
    if (!view->pods)
        return fl_enomem(err);
    for (size_t i = 0; rc == 0 && i < fleet->n_members; i++) {
        const struct fl_member *member = &fleet->members[i];
        const char *why;

        if (!from->selected[i])
            continue;
        why = objection(from, member);
        rc = why ? leave_out(member, why, left_out, err)
                 : fl_view_add(view, from, member, err);
    }
    return rc;
}

int fl_view_keep(struct fleet_view *view, const struct fl_ports *ports,
                 struct fleet_error *err)
{
    struct fl_map there = {0};
    int rc = FLEET_OK;

    view->kept = calloc(ports->n + 1, sizeof(*view->kept));
    if (!view->kept)
        return fl_enomem(err);
    for (size_t i = 0; rc == 0 && i < view->n; i++)
        rc = fl_map_add(&there, fleet_pod_get(view->pods[i], FLEET_POD_NAME),
                        view->pods[i], NULL);
    for (size_t i = 0; rc == 0 && i < ports->n; i++) {
        const struct fl_port *port = &ports->at[i];

        if (fl_name_valid(port->name) && port->port > 0 &&
            port->port <= PORT_MAX && !fl_map_get(&there, port->name))
            view->kept[view->n_kept++] = *port;
    }
    fl_map_clear(&there);
    return rc < 0 ? fl_enomem(err) : FLEET_OK;
}

int fl_view_fill(struct fleet_view *view, const struct fl_view_from *from,
                 struct fl_strv *left_out, struct fleet_error *err)
{
    int rc = add_pods(view, from, left_out, err);

    return rc == 0 && from->ports ? fl_view_keep(view, from->ports, err) : rc;
}
