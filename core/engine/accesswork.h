/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_ACCESSWORK_H
#define FL_ENGINE_ACCESSWORK_H

#include "core/engine/access.h"

/* What access.c lets each thread do, on its pod: the visit's own is a struct
 * fl_accessed. */
int fl_access_work(struct fl_visit *visit, struct fleet_error *err);

#endif
