/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/load.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/model/names.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define NAME_MAX_BYTES 32
#define SIZE_MAX_BYTES 4096 /* of anything that a later ABI may have grown */
#define CONFIG_MAX     (1 << 20)
#define END_OF(type_, member_)                                                 \
    (offsetof(type_, member_) + sizeof(((type_ *)0)->member_))

/* The sizes that things had when ABI 1 was new: nothing is smaller. */
#define ABOUT_MIN  END_OF(struct fleet_plugin, ops)
#define OPTION_MIN END_OF(struct fleet_option, holds)

struct head {
    uint32_t abi, size;
};

/* Where the file really is: that one is examined, and that one is opened. */
static int find_file(const char *path, char **real, struct fleet_error *err)
{
    struct stat about;

    *real = realpath(path, NULL);
    if (!*real && errno == ENOMEM)
        return fl_enomem(err);
    if (!*real || stat(*real, &about) < 0)
        return fleet_fail(err, FLEET_EREFUSED, "%s", strerror(errno));
    if (!S_ISREG(about.st_mode))
        return fleet_fail(err, FLEET_EREFUSED, "not a regular file");
    return fl_path_trusted(*real, err);
}

static int open_object(const char *path, const void **symbol,
                       struct fleet_error *err)
{
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const char *why;

    if (!object) {
        why = dlerror();
        return fleet_fail(err, FLEET_EREFUSED, "%s",
                          why ? why : "cannot be loaded");
    }
    *symbol = dlsym(object, "fleet_plugin");
    if (!*symbol)
        return fleet_fail(err, FLEET_EREFUSED,
                          "not a plugin: no symbol fleet_plugin");
    return FLEET_OK;
}

static bool plausible(uint64_t size, size_t least)
{
    return size >= least && size <= SIZE_MAX_BYTES &&
           size % sizeof(uint32_t) == 0;
}

/* What both sides know; the rest of TO is zero. */
static void copy_known(void *to, size_t to_size, const void *from,
                       size_t from_size)
{
    memset(to, 0, to_size);
    memcpy(to, from, from_size < to_size ? from_size : to_size);
}

static int copy_about(struct fl_plugin *plugin, const void *symbol,
                      struct fleet_error *err)
{
    struct head head;

    memcpy(&head, symbol, sizeof(head));
    if (head.abi != FLEET_PLUGIN_ABI)
        return fleet_fail(err, FLEET_EREFUSED,
                          "made for ABI %u, this fleet takes %u", head.abi,
                          FLEET_PLUGIN_ABI);
    if (!plausible(head.size, ABOUT_MIN))
        return fleet_fail(err, FLEET_EREFUSED,
                          "its descriptor cannot be %u bytes long", head.size);
    copy_known(&plugin->about, sizeof(plugin->about), symbol, head.size);
    return FLEET_OK;
}

static int check_name(struct fl_plugin *plugin, struct fleet_error *err)
{
    struct fleet_plugin *about = &plugin->about;

    if (!about->name || !fl_name_valid(about->name) ||
        strlen(about->name) > NAME_MAX_BYTES)
        return fleet_fail(err, FLEET_EREFUSED,
                          "its name is not of [a-z0-9-], at most %d long",
                          NAME_MAX_BYTES);
    if (!about->version)
        about->version = "";
    if (!about->summary)
        about->summary = "";
    /* A model that is newer than we are: the careful one is always right. */
    if (about->threads > FLEET_THREADS_PARALLEL)
        about->threads = FLEET_THREADS_SERIAL;
    return FLEET_OK;
}

static int check_options(struct fl_plugin *plugin, struct fleet_error *err)
{
    static const struct fleet_option none[1];
    const struct fleet_plugin *about = &plugin->about;

    plugin->options.first = none;
    plugin->options.stride = sizeof(none[0]);
    if (about->config_size > CONFIG_MAX)
        return fleet_fail(err, FLEET_EREFUSED,
                          "its configuration cannot be %llu bytes long",
                          (unsigned long long)about->config_size);
    if (!about->options)
        return FLEET_OK;
    if (!plausible(about->option_size, OPTION_MIN) ||
        about->option_size % _Alignof(struct fleet_option))
        return fleet_fail(err, FLEET_EREFUSED,
                          "its options cannot be %u bytes long each",
                          about->option_size);
    plugin->options.first = about->options;
    plugin->options.stride = about->option_size;
    return fl_options_check(&plugin->options, (size_t)about->config_size, err);
}

/* What a kind of plugin must bring. */
struct kind {
    size_t size, least; /* of its functions: as we know them, as they began */
    struct need {
        size_t at;
        const char *name;
    } needs[3];
};
/* clang-format off */
#define NEED(type_, member_) {offsetof(type_, member_), #member_ "()"}
static const struct kind kinds[] = {
    [FLEET_PROVIDER] = {
        sizeof(struct fleet_provider_ops),
        END_OF(struct fleet_provider_ops, list),
        {NEED(struct fleet_provider_ops, open),
         NEED(struct fleet_provider_ops, close),
         NEED(struct fleet_provider_ops, list)}},
    [FLEET_FORMAT] = {
        sizeof(struct fleet_format_ops),
        END_OF(struct fleet_format_ops, render),
        {NEED(struct fleet_format_ops, render)}},
    [FLEET_CHECK] = {
        sizeof(struct fleet_check_ops),
        END_OF(struct fleet_check_ops, judge),
        {NEED(struct fleet_check_ops, judge)}},
};
/* clang-format on */

static bool is_null(const void *ops, size_t at)
{
    void (*function)(void);

    memcpy(&function, (const char *)ops + at, sizeof(function));
    return !function;
}

static int take_ops(struct fl_plugin *plugin, const struct kind *kind,
                    struct fleet_error *err)
{
    const struct fleet_plugin *about = &plugin->about;
    void *ops = &plugin->provider; /* where all of them begin */

    if (!about->ops.any || !plausible(about->ops_size, kind->least))
        return fleet_fail(err, FLEET_EREFUSED,
                          "its functions cannot be %u bytes long",
                          about->ops_size);
    copy_known(ops, kind->size, about->ops.any, about->ops_size);
    for (size_t i = 0; i < sizeof(kind->needs) / sizeof(*kind->needs); i++) {
        const struct need *need = &kind->needs[i];

        if (need->name && is_null(ops, need->at))
            return fleet_fail(err, FLEET_EREFUSED, "lacks %s", need->name);
    }
    return FLEET_OK;
}

static int take_kind(struct fl_plugin *plugin, struct fleet_error *err)
{
    uint32_t kind = plugin->about.kind;

    if (kind < sizeof(kinds) / sizeof(*kinds) && kinds[kind].size)
        return take_ops(plugin, &kinds[kind], err);
    return fleet_fail(err, FLEET_EREFUSED, "kind %u is not known to this fleet",
                      kind);
}

int fl_plugin_load(struct fl_plugin *plugin, struct fleet_error *err)
{
    FL_AUTO_FREE char *real = NULL;
    const void *symbol = NULL;
    int rc;

    rc = find_file(plugin->path, &real, err);
    if (rc == 0)
        rc = open_object(real, &symbol, err);
    if (rc == 0)
        rc = copy_about(plugin, symbol, err);
    if (rc == 0)
        rc = check_name(plugin, err);
    if (rc == 0)
        rc = take_kind(plugin, err);
    if (rc == 0)
        rc = check_options(plugin, err);
    return rc;
}
