/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */

/* A whole provider outside the tree: its pods are the machines that DEMO_PODS
 * names, "apple@203.0.113.7:22 basil@203.0.113.8". To begin one of your own,
 * copy this directory. */
#include <fleet/provider.h>

#include <stdlib.h>
#include <string.h>

struct config {
    char *api_key, *pods, *user;
};

static const struct fleet_option options[] = {
    {.key = "DEMO_API_KEY",
     .type = FLEET_OPT_SECRET,
     .flags = FLEET_OPT_REQUIRED,
     .help = "key from the account page; anything will do",
     FLEET_AT(struct config, api_key)},
    {.key = "DEMO_PODS",
     .type = FLEET_OPT_LIST,
     .help = "NAME@HOST[:PORT], several separated by spaces",
     FLEET_AT(struct config, pods)},
    {.key = "DEMO_USER",
     .type = FLEET_OPT_STRING,
     .fallback = "root",
     .help = "who logs in",
     FLEET_AT(struct config, user)},
    {0},
};

struct demo {
    const struct config *config; /* the host keeps it until close */
};

static int demo_open(const void *config, struct fleet_host *host, void **handle,
                     struct fleet_error *err)
{
    struct demo *demo = calloc(1, sizeof(*demo));

    if (!demo)
        return fleet_fail(err, FLEET_ENOMEM, "out of memory");
    demo->config = config;
    fleet_log(FLEET_LOG_INFO, fleet_host_name(host), "opened");
    *handle = demo;
    return FLEET_OK;
}

static void demo_close(void *handle)
{
    free(handle);
}

/* WORD is "apple@203.0.113.7:22" and is cut into its parts. What they hold is
 * checked by the host. */
static int fill(const struct config *config, char *word, struct fleet_pod *pod,
                struct fleet_error *err)
{
    char *host = strchr(word, '@'), *port;

    if (!host)
        return fleet_fail(err, FLEET_ECONFIG,
                          "DEMO_PODS: '%s' is not NAME@HOST[:PORT]", word);
    *host++ = '\0';
    port = strchr(host, ':');
    if (port)
        *port++ = '\0';
    fleet_pod_set(pod, FLEET_POD_ID, word);
    fleet_pod_set(pod, FLEET_POD_NAME, word);
    fleet_pod_set_number(pod, FLEET_POD_STATE, FLEET_STATE_RUNNING);
    fleet_pod_set(pod, FLEET_POD_SSH_HOST, host);
    fleet_pod_set_number(pod, FLEET_POD_SSH_PORT,
                         port ? strtol(port, NULL, 10) : 22);
    fleet_pod_set(pod, FLEET_POD_SSH_USER, config->user);
    return FLEET_OK;
}

static int demo_list(void *handle, struct fleet_sink *pods,
                     struct fleet_error *err)
{
    const struct demo *demo = handle;
    const char *at = demo->config->pods ? demo->config->pods : "";
    char word[256];

    for (;;) {
        size_t len;
        int rc;

        at += strspn(at, " \n");
        len = strcspn(at, " \n");
        if (len == 0)
            return FLEET_OK;
        if (len >= sizeof(word))
            return fleet_fail(err, FLEET_ECONFIG,
                              "DEMO_PODS: an entry is too long");
        memcpy(word, at, len);
        word[len] = '\0';
        at += len;
        rc = fill(demo->config, word, fleet_sink_pod(pods), err);
        if (rc != FLEET_OK)
            return rc;
    }
}

static const struct fleet_provider_ops ops = {
    .open = demo_open,
    .close = demo_close,
    .list = demo_list,
};

const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_PROVIDER, provider, ops),
    .name = "demo",
    .version = "1.0",
    .summary = "an example: machines named in the configuration",
    .threads = FLEET_THREADS_PER_HANDLE,
    .options = options,
    .config_size = sizeof(struct config),
};
