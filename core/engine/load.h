/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_LOAD_H
#define FL_ENGINE_LOAD_H

#include "core/engine/plugins.h"

/* Opens the shared object at plugin->path, for ever, and fills about, its
 * functions and options. None of the plugin's functions runs. Any failure but
 * FLEET_ENOMEM is the reason why this file is no plugin for us. */
int fl_plugin_load(struct fl_plugin *plugin, struct fleet_error *err);

#endif
