/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef HETZNER_LEFT_H
#define HETZNER_LEFT_H

#include "providers/hetzner/handle.h"

#include <fleet/check.h>

/* What bills in the project and hangs on no server: volumes, and addresses that
 * outlived theirs. */
int left_report(struct hetzner *h, struct fleet_report *report,
                struct fleet_error *err);

#endif
