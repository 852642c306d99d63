/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_PROXYLOGS_H
#define FL_ENGINE_PROXYLOGS_H

#include "core/engine/engine.h"

/* The logs that nginx writes for the forwards, as the file will name them:
 * absolute names, each once, for whoever sees to their rotation. */
int fl_proxylogs(const struct fl_engine *engine, struct fl_strv *logs,
                 struct fleet_error *err);

#endif
