/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/login.h"

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

void fl_login_raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
        limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}
