/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_SUMMARY_H
#define FL_CMD_SUMMARY_H

#include "core/engine/tested.h"

/* What went wrong, and where: pods with the same trouble share a line, and a
 * public address where several pods fail is named as a bad host. Pure. */
struct fl_trouble {
    int verdict;          /* of these findings; above FLEET_FAIL: a host's */
    char *alike;          /* what they have in common */
    char *text;           /* "disk: 0.2 GB free on /"; the first of them */
    bool varies;          /* their numbers differ */
    struct fl_strv names; /* short names of the pods */
};
struct fl_troubles {
    struct fl_trouble *at; /* hosts, then failures, then warnings; each kind
                              with the largest first */
    size_t n;
};
int fl_troubles_find(const struct fl_checks *checks,
                     const struct fl_test_results *results,
                     struct fl_troubles *out);
void fl_troubles_clear(struct fl_troubles *troubles);
FL_CLEANUP_IN_PLACE(fl_troubles_clear, struct fl_troubles);
/* "fail  disk: 0.2 GB free on / (or alike): apple banjo and 12 more" */
int fl_trouble_text(const struct fl_trouble *trouble, struct fl_buf *out);

#endif
