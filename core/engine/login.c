/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/login.h"

#include "core/base/error.h"

#include <sys/resource.h>

const char *fl_login_trouble(const struct fl_member *member,
                             struct fleet_error *error)
{
    enum fleet_state state = fl_pod_state(member->pod);
    const char *word = fleet_state_name(state);

    if (member->unconfirmed) {
        fleet_fail(error, FLEET_EAMBIGUOUS,
                   "unknown: it is remembered, but %s does not list it",
                   member->listing->name);
        return "unknown";
    }
    if (state == FLEET_STATE_STOPPED) {
        fleet_fail(error, FLEET_ECONFLICT,
                   "stopped: `fleet start %s` starts it", member->short_name);
        return word;
    }
    if (state != FLEET_STATE_RUNNING && state != FLEET_STATE_UNKNOWN) {
        fleet_fail(error, FLEET_ECONFLICT, "%s: it does not run", word);
        return word;
    }
    if (!fleet_pod_get(member->pod, FLEET_POD_SSH_HOST)) {
        fleet_fail(error, FLEET_ECONFLICT, "%s: %s tells no address for it",
                   word, member->listing->name);
        return "address";
    }
    return NULL;
}

struct fleet_pod *fl_login_pod(const struct fl_engine *engine,
                               const struct fl_member *member)
{
    struct fleet_pod *pod = fl_pod_copy(member->pod);

    if (pod && !fleet_pod_get(pod, FLEET_POD_SSH_USER))
        fleet_pod_set(pod, FLEET_POD_SSH_USER, engine->settings.ssh_user);
    return pod;
}

int fl_login(const struct fleet_pod *pod, const struct fl_ssh_key *key,
             bool trusting, int64_t deadline, struct fl_ssh **ssh,
             enum fl_ssh_stage *stage, char **host_key, struct fleet_error *err)
{
    const struct fl_ssh_target target = {
        .host = fleet_pod_get(pod, FLEET_POD_SSH_HOST),
        .port = (int)fleet_pod_get_number(pod, FLEET_POD_SSH_PORT, 22),
        .user = fleet_pod_get(pod, FLEET_POD_SSH_USER),
        .host_key = trusting ? NULL : fleet_pod_get(pod, FLEET_POD_HOST_KEY),
    };

    return fl_ssh_open(&target, key, deadline, ssh, stage, host_key, err);
}

/* From the pod itself. */
static int learn(const struct fleet_pod *pod, const struct fl_ssh_key *key,
                 int64_t deadline, enum fl_ssh_stage *stage, char **host_key,
                 struct fleet_error *err)
{
    FL_AUTO(fl_ssh_close) struct fl_ssh *direct = NULL;
    int rc = fl_login(pod, key, true, deadline, &direct, stage, host_key, err);

    return rc < 0
               ? fl_error_in(err, "at its own address, to learn its host key")
               : FLEET_OK;
}

static struct fleet_pod *behind(const char *proxy, const struct fleet_pod *pod,
                                const char *host_key)
{
    struct fleet_pod *made = fl_pod_copy(pod);

    if (!made)
        return NULL;
    fleet_pod_set(made, FLEET_POD_SSH_HOST, proxy);
    fleet_pod_set_number(made, FLEET_POD_SSH_PORT,
                         fleet_pod_get_number(pod, FLEET_POD_PROXY_PORT, 0));
    if (host_key)
        fleet_pod_set(made, FLEET_POD_HOST_KEY, host_key);
    return made;
}

static int tell_via(const char *proxy, const struct fleet_pod *pod,
                    enum fl_ssh_stage stage, struct fleet_error *err)
{
    int64_t port = fleet_pod_get_number(pod, FLEET_POD_PROXY_PORT, 0);

    if (err->code == FLEET_EREFUSED && stage == FL_SSH_HOST_KEY)
        return fleet_fail(err, FLEET_EREFUSED,
                          "host key: another machine is behind port %lld of "
                          "the proxy %.100s; `fleet proxy plan` tells where it "
                          "leads",
                          (long long)port, proxy);
    return fl_error_in(err, "through port %lld of the proxy", (long long)port);
}

int fl_login_via(const char *proxy, const struct fleet_pod *pod,
                 const struct fl_ssh_key *key, bool trusting, int64_t deadline,
                 struct fl_ssh **ssh, enum fl_ssh_stage *stage, char **host_key,
                 struct fleet_error *err)
{
    bool known = !trusting && fleet_pod_get(pod, FLEET_POD_HOST_KEY);
    FL_AUTO(fl_pod_free) struct fleet_pod *target = NULL;
    FL_AUTO_FREE char *own = NULL;
    int rc = known ? FLEET_OK : learn(pod, key, deadline, stage, &own, err);

    if (rc < 0)
        return rc;
    target = behind(proxy, pod, own);
    if (!target)
        return fl_enomem(err);
    rc = fl_login(target, key, false, deadline, ssh, stage, host_key, err);
    return rc < 0 ? tell_via(proxy, pod, *stage, err) : FLEET_OK;
}

void fl_login_raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
        limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}
