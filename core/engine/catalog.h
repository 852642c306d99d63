/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_CATALOG_H
#define FL_ENGINE_CATALOG_H

#include "core/base/strv.h"
#include "core/engine/config.h"
#include "core/engine/plugins.h"

/* Which providers there are, and which of them this cohort uses. */
struct fl_provider_entry {       /* a provider that could be opened */
    const char *name, *argument; /* argument: NULL unless an instance */
    struct fl_plugin *plugin;
};
struct fl_catalog {
    struct fl_provider_entry *at;
    size_t n, size;
    struct fl_strv owned;
};
/* Every loaded provider plugin, with instances keys resolved to instances.
 * FLEET_ECONFIG: an instance with a bad or doubled name. */
int fl_catalog_open(struct fl_catalog *catalog, struct fl_plugins *plugins,
                    const struct fl_config *config, struct fleet_error *err);
const struct fl_provider_entry *
fl_catalog_find(const struct fl_catalog *catalog, const char *name);
/* PROVIDERS when it is set (an unknown name: FLEET_ECONFIG, did you mean), else
 * those whose required options are set, or that are instances; none: those
 * with FLEET_CAP_NO_ACCOUNT. *chosen is the caller's to free; the entries in it
 * are borrowed from the catalog. */
int fl_catalog_choose(const struct fl_catalog *catalog,
                      const struct fl_config *config, const char *providers,
                      const struct fl_provider_entry ***chosen, size_t *n,
                      struct fleet_error *err);
void fl_catalog_clear(struct fl_catalog *catalog);
FL_CLEANUP_IN_PLACE(fl_catalog_clear, struct fl_catalog);

#endif
