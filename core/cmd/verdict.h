/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_VERDICT_H
#define FL_CMD_VERDICT_H

#include "core/cmd/command.h"
#include "core/engine/tested.h"

/* Results of a test as documents, and what of them is kept. */

/* results and summary of interface.md section 4, into the document. */
void fl_verdict_document(struct fl_context *context,
                         const struct fl_checks *checks,
                         const struct fl_test_results *results);
/* JUnit XML: a suite for each pod, a case for each check. */
int fl_verdict_junit(const struct fl_checks *checks,
                     const struct fl_test_results *results, const char *cohort,
                     struct fl_buf *out);
/* Verdicts and newly learnt host keys into the state, in one transaction. Where
 * that cannot be, it is a warning. */
void fl_verdict_record(struct fl_context *context,
                       const struct fl_checks *checks,
                       const struct fl_test_results *results);

#endif
