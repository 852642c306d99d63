/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_MAKING_H
#define FL_CMD_MAKING_H

#include "core/cmd/cells.h"
#include "core/cmd/forwards.h"
#include "core/cmd/output.h"
#include "core/cmd/work.h"
#include "core/engine/rounds.h"
#include "core/engine/wanted.h"

/* What the commands that make pods have in common: which, at what price, asked
 * and told. */
struct fl_make_options {
    int64_t total, more;
    bool no_wait;
    char *order;
    int64_t keep_trying_ms;
    bool skip_proxy;
};
/* clang-format off */
#define FL_MAKE_OPTIONS(type_, member_)                                        \
    {.key = "number", .type = FLEET_OPT_INT, .aliases = FL_WORDS("n"),         \
     .min = 1, .max = 100000,                                                  \
     .help = "pods there shall be in all; as many as are missing are made",    \
     FLEET_AT(type_, member_.total)},                                          \
    {.key = "add", .type = FLEET_OPT_INT, .aliases = FL_WORDS("a"),            \
     .min = 1, .max = 100000,                                                  \
     .help = "pods to make beside those that are there",                       \
     FLEET_AT(type_, member_.more)},                                           \
    FL_ORDER_OPTION(type_, member_.order),                                     \
    {.key = "keep-trying", .type = FLEET_OPT_DURATION,                         \
     .help = "ask again for so long while there is no room for some of them",  \
     FLEET_AT(type_, member_.keep_trying_ms)},                                 \
    FL_SKIP_PROXY_OPTION(type_, member_.skip_proxy)
/* clang-format on */

struct fl_make {
    struct fl_context *context;
    const struct fl_make_options *options;
    struct fl_fleet fleet;
    struct fl_options_plan plan;
    struct fl_strv create, existing; /* full names */
    struct fl_create_results results;
    struct fl_want want;
    char *public_key;
    const char *question; /* NULL: about what is made */
    const char *at_fault; /* the provider that leaves no option */
    int status;           /* where there is nothing to go on with */
};
/* The lock, the listing, the plan, the question. *go: they may be made;
 * otherwise status is what the command ends with. */
int fl_make_prepare(struct fl_make *make, bool *go, struct fleet_error *err);
/* Its two halves: the lock and the listing; the plan and the question. */
int fl_make_open(struct fl_make *make, bool *go, struct fleet_error *err);
int fl_make_ask(struct fl_make *make, bool *go, struct fleet_error *err);
/* MORE: what comes after making, and progress. */
int fl_make_run(struct fl_make *make, const struct fl_rounds_job *more,
                struct fleet_error *err);
/* Reports what failed, prints the table; the exit status. */
int fl_make_finish(struct fl_make *make);
/* Each option that did not work, where there was more than one to try. */
void fl_make_tell_tried(struct fl_make *make);
/* created, existing, failed, of interface.md section 4. */
void fl_make_document(struct fl_make *make);
json_t *fl_make_json_tried(const struct fl_create_result *result);
void fl_make_clear(struct fl_make *make);

#endif
