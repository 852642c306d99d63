/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include <fleet/format.h>

#include <inttypes.h>
#include <string.h>

/* OpenSSH takes the first value it meets: what all pods share stands in the one
 * block for all of them, and the rest only in the block of each. */
struct config {
    char *known_hosts;
};

/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "SSH_CONFIG_KNOWN_HOSTS", .type = FLEET_OPT_STRING,
     FLEET_AT(struct config, known_hosts),
     .help = "known_hosts file that --host-keys file refers to; default: "
             "~/.ssh/known_hosts.PREFIX"},
    {0},
};
/* clang-format on */

enum policy { PINNED, BY_CA, IN_FILE, OFF };

struct writing {
    const struct config *config;
    const struct fleet_view *view;
    struct fleet_writer *out;
    enum policy policy;
    const char *user; /* of all pods; NULL: they differ */
    const char *ca;   /* the line of the authority; NULL: another policy */
    bool all_pinned, all_certified;
};

static int find_policy(const char *name, enum policy *policy,
                       struct fleet_error *err)
{
    static const char *const names[] = {
        [PINNED] = "pinned", [BY_CA] = "ca", [IN_FILE] = "file", [OFF] = "off"};

    for (int i = PINNED; i <= OFF; i++) {
        if (!name || strcmp(names[i], name) == 0) {
            *policy = (enum policy)i;
            return FLEET_OK;
        }
    }
    return fleet_fail(err, FLEET_EUNSUPPORTED,
                      "host keys '%s': choose pinned, ca, file or off", name);
}

static const char *user_of(const struct fleet_pod *pod)
{
    return fleet_pod_get(pod, FLEET_POD_SSH_USER);
}

static void survey(struct writing *writing)
{
    const struct fleet_view *view = writing->view;

    writing->all_pinned = writing->all_certified = true;
    for (size_t i = 0; i < fleet_view_count(view); i++) {
        const struct fleet_pod *pod = fleet_view_pod(view, i);

        if (i == 0)
            writing->user = user_of(pod);
        else if (writing->user && strcmp(writing->user, user_of(pod)) != 0)
            writing->user = NULL;
        if (!fleet_pod_get(pod, FLEET_POD_HOST_KEY))
            writing->all_pinned = false;
        if (!fleet_pod_get_number(pod, FLEET_POD_HOST_CERT, 0))
            writing->all_certified = false;
    }
}

static void put_pinned(struct fleet_writer *out)
{
    fleet_write(out, "    StrictHostKeyChecking yes\n"
                     "    UserKnownHostsFile /dev/null\n"
                     "    GlobalKnownHostsFile /dev/null\n");
}

/* It vouches for the names of the cohort, whatever machine has them. */
static void put_ca_line(const struct writing *writing)
{
    fleet_writef(writing->out,
                 "    KnownHostsCommand /bin/echo @cert-authority %s-* %s\n",
                 fleet_view_get(writing->view, FLEET_VIEW_COHORT), writing->ca);
}

static void put_ca(const struct writing *writing)
{
    put_ca_line(writing);
    put_pinned(writing->out);
}

/* The path goes between quotes. */
static int check_known_hosts(const char *path, struct fleet_error *err)
{
    for (const char *at = path; at && *at; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f || strchr("\"\\$%", *at))
            return fleet_fail(err, FLEET_ECONFIG,
                              "SSH_CONFIG_KNOWN_HOSTS: a character in it must "
                              "not stand in an SSH configuration");
    }
    return FLEET_OK;
}

static void put_in_file(const struct writing *writing)
{
    const char *cohort = fleet_view_get(writing->view, FLEET_VIEW_COHORT);
    const char *path = writing->config->known_hosts;

    fleet_writef(writing->out,
                 "    # the file: fleet export known-hosts --out FILE\n"
                 "    StrictHostKeyChecking yes\n");
    if (path)
        fleet_writef(writing->out, "    UserKnownHostsFile \"%s\"\n", path);
    else
        fleet_writef(writing->out,
                     "    UserKnownHostsFile ~/.ssh/known_hosts.%s\n", cohort);
    fleet_write(writing->out, "    GlobalKnownHostsFile /dev/null\n");
}

static void put_shared_policy(const struct writing *writing)
{
    if (writing->policy == OFF)
        fleet_write(writing->out, "    StrictHostKeyChecking no\n"
                                  "    UserKnownHostsFile /dev/null\n"
                                  "    GlobalKnownHostsFile /dev/null\n"
                                  "    LogLevel ERROR\n");
    else if (writing->policy == IN_FILE)
        put_in_file(writing);
    else if (writing->policy == BY_CA && writing->all_certified)
        put_ca(writing);
    else if (writing->all_pinned)
        put_pinned(writing->out);
}

static void put_shared(const struct writing *writing)
{
    const char *cohort = fleet_view_get(writing->view, FLEET_VIEW_COHORT);
    const char *key = fleet_view_get(writing->view, FLEET_VIEW_KEY_PATH);
    const char *cert = fleet_view_get(writing->view, FLEET_VIEW_CERT_PATH);
    size_t n = fleet_view_count(writing->view);

    fleet_writef(writing->out,
                 "# fleet: cohort %s, %zu pod%s, written %s\n"
                 "Host %s-*\n",
                 cohort, n, n == 1 ? "" : "s",
                 fleet_view_get(writing->view, FLEET_VIEW_WRITTEN_AT), cohort);
    if (writing->user)
        fleet_writef(writing->out, "    User %s\n", writing->user);
    if (key)
        fleet_writef(writing->out,
                     strchr(key, ' ') ? "    IdentityFile \"%s\"\n"
                                      : "    IdentityFile %s\n",
                     key);
    if (cert)
        fleet_writef(writing->out, "    CertificateFile %s\n", cert);
    if (key)
        fleet_write(writing->out, "    IdentitiesOnly yes\n");
    put_shared_policy(writing);
}

static void put_policy(const struct writing *writing,
                       const struct fleet_pod *pod, const char *name)
{
    const char *key = fleet_pod_get(pod, FLEET_POD_HOST_KEY);

    if (writing->policy != PINNED && writing->policy != BY_CA)
        return;
    if (writing->policy == BY_CA && writing->all_certified)
        return;
    if (writing->policy == BY_CA &&
        fleet_pod_get_number(pod, FLEET_POD_HOST_CERT, 0)) {
        put_ca_line(writing);
        if (!writing->all_pinned)
            put_pinned(writing->out);
        return;
    }
    if (writing->policy == BY_CA)
        fleet_write(writing->out, "    # it has no host certificate\n");
    if (!key) {
        fleet_write(writing->out,
                    "    # its host key is not known yet: the one it shows at "
                    "the first login is kept\n"
                    "    StrictHostKeyChecking accept-new\n");
        return;
    }
    fleet_writef(writing->out, "    KnownHostsCommand /bin/echo %s %s\n", name,
                 key);
    if (!writing->all_pinned)
        put_pinned(writing->out);
}

static void put_pod(const struct writing *writing, const struct fleet_pod *pod)
{
    const char *name = fleet_pod_get(pod, FLEET_POD_NAME);

    fleet_writef(writing->out,
                 "\n"
                 "Host %s\n"
                 "    HostName %s\n"
                 "    Port %" PRId64 "\n"
                 "    HostKeyAlias %s\n",
                 name, fleet_view_host(writing->view, pod),
                 fleet_view_port(writing->view, pod), name);
    if (!writing->user)
        fleet_writef(writing->out, "    User %s\n", user_of(pod));
    put_policy(writing, pod, name);
}

static int render(const void *config, const struct fleet_view *view,
                  struct fleet_writer *out, struct fleet_error *err)
{
    struct writing writing = {.config = config, .view = view, .out = out};
    int rc = find_policy(fleet_view_get(view, FLEET_VIEW_HOST_KEYS),
                         &writing.policy, err);

    writing.ca = fleet_view_get(view, FLEET_VIEW_HOST_CA);
    if (rc == 0 && writing.policy == BY_CA && !writing.ca)
        rc = fleet_fail(err, FLEET_ECONFIG,
                        "host keys 'ca': this cohort has no certificate "
                        "authority; `fleet ca init` makes one");
    if (rc == 0)
        rc = check_known_hosts(writing.config->known_hosts, err);
    if (rc < 0)
        return rc;
    survey(&writing);
    put_shared(&writing);
    for (size_t i = 0; i < fleet_view_count(view); i++)
        put_pod(&writing, fleet_view_pod(view, i));
    return FLEET_OK;
}

static const struct fleet_format_ops ops = {.render = render};
const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_FORMAT, format, ops),
    .name = "ssh-config",
    .version = "1.0",
    .summary = "configuration of the OpenSSH client",
    .options = options,
    .config_size = sizeof(struct config),
};
