/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_BRING_H
#define FL_CMD_BRING_H

#include "core/cmd/making.h"
#include "core/engine/up.h"

/* What the commands that bring pods up have in common: each made, set up and
 * tested. */
struct fl_bring_options {
    int64_t attempts;
    char *checks;
    bool skip_test, skip_setup;
};
/* clang-format off */
#define FL_BRING_OPTIONS(type_, member_)                                       \
    {.key = "check-attempts", .type = FLEET_OPT_INT, .min = 1, .max = 20,      \
     .fallback = "3",                                                          \
     .help = "pods that are tried under one name until one passes its test",   \
     FLEET_AT(type_, member_.attempts)},                                       \
    {.key = "checks", .type = FLEET_OPT_STRING,                                \
     .help = "test these only, with commas between",                           \
     FLEET_AT(type_, member_.checks)},                                         \
    {.key = "skip-setup", .type = FLEET_OPT_BOOL,                              \
     .help = "leave out set-up",                                               \
     FLEET_AT(type_, member_.skip_setup)},                                     \
    {.key = "skip-test", .type = FLEET_OPT_BOOL,                               \
     .help = "leave out the test, and keep whatever was made",                 \
     FLEET_AT(type_, member_.skip_test)}
/* clang-format on */

struct fl_bring {
    struct fl_make make; /* its context and options are the caller's to set */
    const struct fl_bring_options *options;
    struct fl_steps steps;
    struct fl_checks checks;
    struct fl_ssh_key *key;
    struct fl_up up;
};
/* What it takes beside the providers; hidden: steps that are left out, may be
 * NULL. */
int fl_bring_open(struct fl_bring *bring,
                  const struct fl_bring_options *options, const char *hidden,
                  struct fleet_error *err);
/* Makes what make is to make, and brings it up with the existing ones. */
int fl_bring_run(struct fl_bring *bring, const struct fl_strv *existing,
                 fl_event_sink *event, void *event_arg,
                 struct fleet_error *err);
/* Verdicts, host keys and certificates into the state. */
void fl_bring_keep(struct fl_bring *bring);
void fl_bring_close(struct fl_bring *bring);

#endif
