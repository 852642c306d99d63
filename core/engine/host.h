/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_HOST_H
#define FL_ENGINE_HOST_H

#include "core/engine/config.h"

#include <fleet/host.h>
#include <pthread.h>

/* The other side of fleet/host.h. Any thread, as the plugin likes. */
struct fl_host_settings; /* those of one prefix */
struct fl_web;
struct fleet_host {
    char *name, *argument; /* argument: NULL unless an instance */
    char *state_dir;
    const struct fl_config *config;
    pthread_mutex_t mutex; /* guards the rest, made when it is asked for */
    struct fl_host_settings *settings;
    struct fl_web *web;
};

int fl_host_init(struct fleet_host *host, const char *name,
                 const char *argument, const char *state_root,
                 const struct fl_config *config, struct fleet_error *err);
void fl_host_clear(struct fleet_host *host);

#endif
