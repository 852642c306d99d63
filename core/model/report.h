/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_MODEL_REPORT_H
#define FL_MODEL_REPORT_H

#include "core/base/buf.h"

#include <fleet/check.h>

/* What a judge has found: the worst verdict, and what belongs to it. */
#define FL_REPORT_MAX 4096
struct fleet_report {
    int verdict; /* 0: nothing was reported */
    struct fl_buf detail;
};
void fl_report_init(struct fleet_report *report);
void fl_report_clear(struct fleet_report *report);
FL_CLEANUP_IN_PLACE(fl_report_clear, struct fleet_report);
/* FLEET_PASS when nothing was reported. */
int fl_report_verdict(const struct fleet_report *report);

/* "pass", "skip", "warn", "fail"; "unknown" for anything else. */
const char *fl_verdict_name(int verdict);

#endif
