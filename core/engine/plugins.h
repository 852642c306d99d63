/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_PLUGINS_H
#define FL_ENGINE_PLUGINS_H

#include "core/engine/gate.h"
#include "core/model/option.h"

#include <fleet/check.h>
#include <fleet/format.h>
#include <fleet/provider.h>
#include <stddef.h>

/* Every plugin file that the search path holds, loaded or not, and why. */
enum fl_plugin_status {
    FL_PLUGIN_LOADED = 1,
    FL_PLUGIN_SHADOWED,
    FL_PLUGIN_REFUSED
};
struct fl_plugin {
    char *path;
    enum fl_plugin_status status;
    char *reason; /* of shadowed and refused */
    /* The rest stands where the file was one: loaded or shadowed. */
    struct fleet_plugin about; /* our copy, zero-filled behind what it knew */
    union {                    /* likewise; which one, about.kind says */
        struct fleet_provider_ops provider;
        struct fleet_format_ops format;
        struct fleet_check_ops check;
    };
    struct fl_options options; /* never NULL inside */
    struct fl_gate gate;       /* for all calls into it */
};
struct fl_plugins {
    struct fl_plugin **at;
    size_t n, size;
};

/* Directories in order: search (FLEET_PLUGIN_PATH, colon separated, may be
 * NULL), then the build tree when the program runs from there, else
 * $(pkglibdir). A missing directory is fine; one that is not safe is an entry
 * of its own, refused. Never unloads. FLEET_OK unless out of memory. */
int fl_plugins_open(const char *search, struct fl_plugins *plugins,
                    struct fleet_error *err);
/* Where the programs that come with fleet are, found likewise; malloc'd, NULL
 * when out of memory. */
char *fl_plugins_programs(void);
/* One file, for the above and for tests; always adds an entry. */
int fl_plugins_load(struct fl_plugins *plugins, const char *path,
                    struct fleet_error *err);
/* The loaded plugin of that kind and name, or NULL. */
struct fl_plugin *fl_plugins_find(const struct fl_plugins *plugins,
                                  enum fleet_kind kind, const char *name);
/* Frees the entries, not the shared objects. */
void fl_plugins_close(struct fl_plugins *plugins);
FL_CLEANUP_IN_PLACE(fl_plugins_close, struct fl_plugins);

const char *fl_plugin_status_name(enum fl_plugin_status status);
const char *fl_kind_name(uint32_t kind); /* "provider", "format", "check" */

#endif
