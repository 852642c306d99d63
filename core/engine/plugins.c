/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/plugins.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/strv.h"
#include "core/base/text.h"
#include "core/engine/load.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define SUFFIX ".so"

static void plugin_free(struct fl_plugin *plugin)
{
    if (!plugin)
        return;
    fl_gate_clear(&plugin->gate);
    free(plugin->path);
    free(plugin->reason);
    free(plugin);
}
FL_CLEANUP(plugin_free, struct fl_plugin *);

static struct fl_plugin *plugin_new(const char *path)
{
    struct fl_plugin *plugin = calloc(1, sizeof(*plugin));

    if (!plugin)
        return NULL;
    fl_gate_init(&plugin->gate);
    plugin->path = strdup(path);
    if (!plugin->path) {
        plugin_free(plugin);
        return NULL;
    }
    return plugin;
}

/* The list eats the plugin, also on failure. */
static int add_take(struct fl_plugins *plugins, struct fl_plugin *plugin)
{
    size_t size = plugins->size ? 2 * plugins->size : 8;
    struct fl_plugin **more;

    if (plugins->n == plugins->size) {
        more = reallocarray(plugins->at, size, sizeof(*more));
        if (!more) {
            plugin_free(plugin);
            return FLEET_ENOMEM;
        }
        plugins->at = more;
        plugins->size = size;
    }
    plugins->at[plugins->n++] = plugin;
    return FLEET_OK;
}

/* An entry for what is not loaded. */
static int add_refused(struct fl_plugins *plugins, const char *path,
                       const char *reason)
{
    FL_AUTO(plugin_free) struct fl_plugin *plugin = plugin_new(path);

    if (!plugin)
        return FLEET_ENOMEM;
    plugin->status = FL_PLUGIN_REFUSED;
    plugin->reason = strdup(reason);
    if (!plugin->reason)
        return FLEET_ENOMEM;
    return add_take(plugins, fl_take(plugin));
}

struct fl_plugin *fl_plugins_find(const struct fl_plugins *plugins,
                                  enum fleet_kind kind, const char *name)
{
    for (size_t i = 0; i < plugins->n; i++) {
        struct fl_plugin *plugin = plugins->at[i];

        if (plugin->status == FL_PLUGIN_LOADED &&
            plugin->about.kind == (uint32_t)kind &&
            strcmp(plugin->about.name, name) == 0)
            return plugin;
    }
    return NULL;
}

/* One that could be loaded: the first of its kind and name counts. */
static int add_loaded_take(struct fl_plugins *plugins, struct fl_plugin *made)
{
    FL_AUTO(plugin_free) struct fl_plugin *plugin = made;
    const struct fl_plugin *first = fl_plugins_find(
        plugins, (enum fleet_kind)plugin->about.kind, plugin->about.name);

    fl_gate_pace(&plugin->gate, plugin->about.pace);
    plugin->status = first ? FL_PLUGIN_SHADOWED : FL_PLUGIN_LOADED;
    if (first)
        plugin->reason = fl_format("shadowed by %s", first->path);
    if (first && !plugin->reason)
        return FLEET_ENOMEM;
    return add_take(plugins, fl_take(plugin));
}

int fl_plugins_load(struct fl_plugins *plugins, const char *path,
                    struct fleet_error *err)
{
    FL_AUTO(plugin_free) struct fl_plugin *plugin = plugin_new(path);
    struct fleet_error why = {0};
    int rc;

    if (!plugin)
        return fl_enomem(err);
    rc = fl_plugin_load(plugin, &why);
    if (rc == 0)
        rc = add_loaded_take(plugins, fl_take(plugin));
    else if (rc != FLEET_ENOMEM)
        rc = add_refused(plugins, path, why.text);
    return rc < 0 ? fl_enomem(err) : FLEET_OK;
}

static bool is_candidate(DIR *dir, const char *name)
{
    size_t len = strlen(name);
    struct stat about;

    if (name[0] == '.' || len <= strlen(SUFFIX) ||
        strcmp(name + len - strlen(SUFFIX), SUFFIX) != 0)
        return false;
    return fstatat(dirfd(dir), name, &about, AT_SYMLINK_NOFOLLOW) == 0 &&
           (S_ISREG(about.st_mode) || S_ISLNK(about.st_mode));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_candidates(DIR *dir, struct fl_strv *names)
{
    const struct dirent *entry;

    while ((entry = readdir(dir))) {
        if (is_candidate(dir, entry->d_name) &&
            fl_strv_add(names, entry->d_name) < 0)
            return FLEET_ENOMEM;
    }
    if (names->n > 0)
        qsort(names->at, names->n, sizeof(*names->at), by_name);
    return FLEET_OK;
}

static int load_each(struct fl_plugins *plugins, const char *path,
                     const struct fl_strv *names, struct fleet_error *err)
{
    for (size_t i = 0; i < names->n; i++) {
        FL_AUTO_FREE char *file = fl_path_join(path, names->at[i]);
        int rc = file ? fl_plugins_load(plugins, file, err) : fl_enomem(err);

        if (rc < 0)
            return rc;
    }
    return FLEET_OK;
}

static int open_dir(const char *path, DIR **dir, struct fleet_error *err)
{
    int rc = fl_path_trusted(path, err);

    if (rc < 0)
        return rc;
    *dir = opendir(path);
    if (*dir)
        return FLEET_OK;
    return errno == ENOMEM
               ? fl_enomem(err)
               : fleet_fail(err, FLEET_EREFUSED, "%s", strerror(errno));
}

/* SEEN holds where we have been: a search path may name a directory twice. */
static int load_dir(struct fl_plugins *plugins, const char *path,
                    struct fl_strv *seen, struct fleet_error *err)
{
    FL_AUTO(fl_strv_clear) struct fl_strv names = {0};
    FL_AUTO_FREE char *real = realpath(path, NULL);
    FL_AUTO(closedir) DIR *dir = NULL;
    struct fleet_error why = {0};
    int rc;

    if (!real && (errno == ENOENT || errno == ENOTDIR))
        return FLEET_OK;
    if (real && fl_strv_has(seen, real))
        return FLEET_OK;
    if (real && fl_strv_add(seen, real) < 0)
        return fl_enomem(err);
    rc = open_dir(real ? real : path, &dir, &why);
    if (rc == 0)
        rc = list_candidates(dir, &names);
    if (rc == 0)
        return load_each(plugins, path, &names, err);
    if (rc != FLEET_ENOMEM)
        rc = add_refused(plugins, path, why.text);
    return rc < 0 ? fl_enomem(err) : FLEET_OK;
}

/* Is the file below FLEET_BUILD_DIR where libtool leaves what it has built? */
static bool is_built(const char *file)
{
    static const char *const places[] = {"", ".libs/", "tests/"};
    FL_AUTO_FREE char *real = realpath(file, NULL);
    FL_AUTO_FREE char *tree = realpath(FLEET_BUILD_DIR, NULL);
    const char *rest, *slash;
    size_t len;

    if (!real || !tree)
        return false;
    len = strlen(tree);
    if (strncmp(real, tree, len) != 0 || real[len] != '/')
        return false;
    rest = real + len + 1;
    slash = strchr(rest, '/');
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        len = strlen(places[i]);
        if (len ? strncmp(rest, places[i], len) == 0 : !slash)
            return true;
    }
    return false;
}

/* The file that holds this very code: libfleet, or a program linked with it. */
static const char *own_file(void)
{
    static const char here;
    Dl_info about = {0};

    return dladdr(&here, &about) && about.dli_fname ? about.dli_fname : "";
}

/* An installed libfleet has its modules beside it, wherever DESTDIR has put the
 * two; FLEET_PLUGIN_DIR is where they were meant to be. */
static int add_installed(struct fl_strv *dirs)
{
    const char *own = own_file(), *slash = strrchr(own, '/');
    const char *base = strrchr(FLEET_PLUGIN_DIR, '/');
    char *beside;

    if (slash && base && strncmp(slash, "/libfleet.so", 12) == 0) {
        beside = fl_format("%.*s%s", (int)(slash - own), own, base);
        if (!beside || fl_strv_take(dirs, beside) < 0)
            return FLEET_ENOMEM;
    }
    return fl_strv_add(dirs, FLEET_PLUGIN_DIR);
}

static int find_dirs(const char *search, struct fl_strv *dirs)
{
    int rc = search ? fl_strv_split(dirs, search, ":") : FLEET_OK;

    if (rc < 0)
        return rc;
    if (!is_built("/proc/self/exe") && !is_built(own_file()))
        return add_installed(dirs);
    rc = fl_strv_add(dirs, FLEET_BUILD_DIR "/providers/.libs");
    return rc < 0 ? rc : fl_strv_add(dirs, FLEET_BUILD_DIR "/plugins/.libs");
}

/* Whatever DESTDIR has put in front of libfleet's place is in front of this
 * one, too. */
char *fl_plugins_programs(void)
{
    const char *own = own_file(), *slash = strrchr(own, '/');
    const char *base = strrchr(FLEET_PLUGIN_DIR, '/');
    size_t here = slash ? (size_t)(slash - own) : 0;
    size_t meant = base ? (size_t)(base - FLEET_PLUGIN_DIR) : 0;

    if (is_built("/proc/self/exe") || is_built(own))
        return strdup(FLEET_BUILD_DIR "/tests/servers/sim");
    if (here < meant ||
        strncmp(own + here - meant, FLEET_PLUGIN_DIR, meant) != 0)
        return strdup(FLEET_PROGRAM_DIR);
    return fl_format("%.*s%s", (int)(here - meant), own, FLEET_PROGRAM_DIR);
}

int fl_plugins_open(const char *search, struct fl_plugins *plugins,
                    struct fleet_error *err)
{
    FL_AUTO(fl_strv_clear) struct fl_strv dirs = {0}, seen = {0};
    int rc = find_dirs(search, &dirs);

    if (rc < 0)
        return fl_enomem(err);
    for (size_t i = 0; rc == 0 && i < dirs.n; i++)
        rc = load_dir(plugins, dirs.at[i], &seen, err);
    return rc;
}

void fl_plugins_close(struct fl_plugins *plugins)
{
    for (size_t i = 0; i < plugins->n; i++)
        plugin_free(plugins->at[i]);
    free(plugins->at);
    memset(plugins, 0, sizeof(*plugins));
}

const char *fl_plugin_status_name(enum fl_plugin_status status)
{
    static const char *const names[] = {
        [FL_PLUGIN_LOADED] = "loaded",
        [FL_PLUGIN_SHADOWED] = "shadowed",
        [FL_PLUGIN_REFUSED] = "refused",
    };

    return names[status];
}

const char *fl_kind_name(uint32_t kind)
{
    static const char *const names[] = {
        [FLEET_PROVIDER] = "provider",
        [FLEET_FORMAT] = "format",
        [FLEET_CHECK] = "check",
    };
    const size_t count = sizeof(names) / sizeof(names[0]);

    return kind > 0 && kind < count ? names[kind] : "unknown";
}
