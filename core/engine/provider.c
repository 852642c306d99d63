/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/provider.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/engine/invoke.h"

#include <errno.h>
#include <string.h>

#define CLOSE_MS 5000

/* clang-format off */
static const struct function {
    int op;
    size_t offset;
} functions[] = {
    {FLEET_OP_LIST,      offsetof(struct fleet_provider_ops, list)},
    {FLEET_OP_OFFERS,    offsetof(struct fleet_provider_ops, offers)},
    {FLEET_OP_CREATE,    offsetof(struct fleet_provider_ops, create)},
    {FLEET_OP_FIND,      offsetof(struct fleet_provider_ops, find)},
    {FLEET_OP_GET,       offsetof(struct fleet_provider_ops, get)},
    {FLEET_OP_START,     offsetof(struct fleet_provider_ops, start)},
    {FLEET_OP_STOP,      offsetof(struct fleet_provider_ops, stop)},
    {FLEET_OP_RESTART,   offsetof(struct fleet_provider_ops, restart)},
    {FLEET_OP_TERMINATE, offsetof(struct fleet_provider_ops, terminate)},
    {FLEET_OP_RENAME,    offsetof(struct fleet_provider_ops, rename)},
    {FLEET_OP_LOCK,      offsetof(struct fleet_provider_ops, lock)},
    {FLEET_OP_BALANCE,   offsetof(struct fleet_provider_ops, balance)},
    {FLEET_OP_EXPOSE,    offsetof(struct fleet_provider_ops, expose)},
};
/* clang-format on */

static const struct fleet_provider_ops *ops_of(const struct fl_provider *p)
{
    return &p->plugin->provider;
}

/* Bits of the functions that are there. */
static uint64_t offered(const struct fleet_provider_ops *ops)
{
    uint64_t bits = 0;

    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        void (*function)(void);

        memcpy(&function, (const char *)ops + functions[i].offset,
               sizeof(function));
        if (function)
            bits |= FLEET_CAN(functions[i].op);
    }
    return bits;
}

static void provider_free(struct fl_provider *provider)
{
    if (!provider)
        return;
    if (provider->config)
        fl_options_clear(&provider->plugin->options, provider->config);
    free(provider->config);
    fl_looks_clear(&provider->looks);
    fl_host_clear(&provider->host);
    free(provider);
}
FL_CLEANUP(provider_free, struct fl_provider *);

static struct fl_provider *provider_new(const struct fl_provider_entry *entry,
                                        const struct fl_config *config,
                                        const char *state_dir,
                                        struct fleet_error *err)
{
    size_t size = (size_t)entry->plugin->about.config_size;
    struct fl_provider *provider = calloc(1, sizeof(*provider));

    if (!provider) {
        fl_enomem(err);
        return NULL;
    }
    provider->plugin = entry->plugin;
    if (fl_host_init(&provider->host, entry->name, entry->argument, state_dir,
                     config, err) < 0) {
        free(provider);
        return NULL;
    }
    fl_looks_init(&provider->looks);
    provider->config = calloc(1, size ? size : 1);
    if (!provider->config) {
        fl_enomem(err);
        provider_free(provider);
        return NULL;
    }
    return provider;
}

/* From here on no log line shows them, whoever writes it. */
static int hide_secrets(const struct fl_provider *provider,
                        struct fleet_error *err)
{
    struct fleet_option option;

    for (size_t i = 0; fl_option_at(&provider->plugin->options, i, &option);
         i++) {
        const char *secret;

        if (option.type != FLEET_OPT_SECRET)
            continue;
        memcpy(&secret, (const char *)provider->config + option.offset,
               sizeof(secret));
        if (secret && fl_log_hide(secret) < 0)
            return fl_enomem(err);
    }
    return FLEET_OK;
}

static int attempt_open(struct fl_provider *provider, void *arg,
                        struct fleet_error *err)
{
    (void)arg;
    return ops_of(provider)->open(provider->config, &provider->host,
                                  &provider->handle, err);
}

static int attempt_abilities(struct fl_provider *provider, void *arg,
                             struct fleet_error *err)
{
    uint64_t *bits = arg;

    (void)err;
    *bits = ops_of(provider)->abilities(provider->handle);
    return FLEET_OK;
}

static int attempt_effects(struct fl_provider *provider, void *arg,
                           struct fleet_error *err)
{
    const struct fleet_effect **table = arg;

    (void)err;
    *table = ops_of(provider)->effects(provider->handle);
    return FLEET_OK;
}

static int attempt_close(struct fl_provider *provider, void *arg,
                         struct fleet_error *err)
{
    (void)arg;
    (void)err;
    ops_of(provider)->close(provider->handle);
    return FLEET_OK;
}

/* What both the plugin's pointers and the opened handle say. */
static int learn_abilities(struct fl_provider *provider, int64_t deadline,
                           struct fleet_error *err)
{
    const struct fleet_provider_ops *ops = ops_of(provider);
    uint64_t bits = UINT64_MAX;
    int rc = FLEET_OK;

    if (ops->abilities)
        rc = fl_invoke(provider, 0, attempt_abilities, &bits, deadline, err);
    provider->abilities = (bits | FLEET_CAN(FLEET_OP_LIST)) & offered(ops);
    provider->effects = provider->plugin->about.effects;
    if (rc == 0 && ops->effects)
        rc = fl_invoke(provider, 0, attempt_effects, &provider->effects,
                       deadline, err);
    return rc;
}

int fl_provider_open(const struct fl_provider_entry *entry,
                     const struct fl_config *config, const char *state_dir,
                     int64_t deadline, struct fl_provider **out,
                     struct fleet_error *err)
{
    FL_AUTO(provider_free)
    struct fl_provider *provider = provider_new(entry, config, state_dir, err);
    int rc;

    if (!provider)
        return FLEET_ENOMEM;
    rc = fl_config_fill(config, &provider->plugin->options, provider->config,
                        true, err);
    if (rc < 0)
        return fl_error_in(err, "%s", entry->name);
    rc = hide_secrets(provider, err);
    if (rc == 0)
        rc = fl_invoke(provider, 0, attempt_open, NULL, deadline, err);
    if (rc < 0)
        return rc;
    rc = learn_abilities(provider, deadline, err);
    if (rc < 0)
        fl_provider_close(fl_take(provider));
    else
        *out = fl_take(provider);
    return rc;
}

static void run_close(struct fl_job *job)
{
    struct fl_provider *provider =
        (struct fl_provider *)((char *)job -
                               offsetof(struct fl_provider, closing));

    provider->closed = fl_invoke(provider, 0, attempt_close, NULL,
                                 fl_deadline(CLOSE_MS), NULL) == FLEET_OK;
}

/* A plugin that hangs must not keep the program from ending. */
static bool close_in_time(struct fl_provider *provider)
{
    int64_t deadline = fl_deadline(CLOSE_MS + CLOSE_MS / 10);
    struct fl_pool *pool = NULL;
    bool back;

    provider->closing.run = run_close;
    if (fl_pool_open(1, &pool, NULL) < 0) {
        run_close(&provider->closing);
        return provider->closed;
    }
    fl_pool_add(pool, &provider->closing);
    back = fl_pool_next(pool, deadline, NULL) != NULL;
    fl_pool_close(pool, back ? FL_FOREVER : deadline);
    return back && provider->closed;
}

void fl_provider_close(struct fl_provider *provider)
{
    int saved = errno;

    if (!provider)
        return;
    if (atomic_load(&provider->inside) == 0 && close_in_time(provider))
        provider_free(provider);
    else
        fleet_log(FLEET_LOG_WARNING, provider->host.name,
                  "does not close: left alone");
    errno = saved;
}

const struct fleet_effect *fl_effect_of(const struct fleet_effect *table,
                                        int op)
{
    for (; table && table->op; table++) {
        if (table->op == (uint32_t)op && table->text)
            return table;
    }
    return NULL;
}

const struct fleet_effect *
fl_provider_effect(const struct fl_provider *provider, int op)
{
    return fl_effect_of(provider->effects, op);
}

const struct fleet_effect *
fl_provider_effects(const struct fl_provider *provider)
{
    return provider->effects;
}

const char *fl_provider_name(const struct fl_provider *provider)
{
    return provider->host.name;
}

uint64_t fl_provider_caps(const struct fl_provider *provider)
{
    return provider->plugin->about.caps;
}

int64_t fl_provider_settle_ms(const struct fl_provider *provider)
{
    return provider->plugin->about.settle_ms;
}

uint64_t fl_provider_abilities(const struct fl_provider *provider)
{
    return provider->abilities;
}

bool fl_provider_can(const struct fl_provider *provider, int op)
{
    return provider->abilities & FLEET_CAN(op);
}
