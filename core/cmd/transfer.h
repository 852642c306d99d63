/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_TRANSFER_H
#define FL_CMD_TRANSFER_H

#include "core/cmd/visiting.h"
#include "core/engine/pace.h"

/* What push and pull have in common. */
struct fl_transfer_flags {
    struct fl_narrowing narrowing;
    char *ignore, *max_size, *limit;
};
/* clang-format off */
#define FL_TRANSFER_OPTIONS(type_, member_)                                    \
    FL_NARROWING_OPTIONS(type_, member_.narrowing),                            \
    {.key = "ignore", .type = FLEET_OPT_LIST, .flags = FLEET_OPT_BLANKS,       \
     .help = "leave out files and directories of these names: patterns such "  \
             "as *.pyc or data/raw, comma separated",                          \
     FLEET_AT(type_, member_.ignore)},                                         \
    {.key = "max-size", .type = FLEET_OPT_STRING,                              \
     .help = "leave out files that are larger: 500K, 20M, 2G",                 \
     FLEET_AT(type_, member_.max_size)},                                       \
    {.key = "limit", .type = FLEET_OPT_STRING,                                 \
     .help = "no more bytes a second than this, all pods together: 10M",       \
     FLEET_AT(type_, member_.limit)}
/* clang-format on */

struct fl_transfer {
    struct fl_context *context;
    const struct fl_transfer_flags *flags;
    const char *verb; /* "pushed" */

    struct fl_strv things; /* what stood behind -- */
    struct fl_strv ignore;
    int64_t max_size, idle_ms;
    struct fl_pace pace;
    int64_t began;
    struct fl_visiting visiting;
};
/* Reads flags and what stands behind --; no pod is asked. */
int fl_transfer_open(struct fl_transfer *transfer, struct fleet_error *err);
/* Finds the pods and visits them; own begins with a struct fl_copied. */
int fl_transfer_run(struct fl_transfer *transfer,
                    const struct fl_visit_kind *kind, const void *arg,
                    struct fleet_error *err);
/* For kind->told. */
bool fl_transfer_told(const void *arg, const struct fl_visit_result *result,
                      char text[64]);
/* Prints the results; the exit status. */
int fl_transfer_finish(struct fl_transfer *transfer);
void fl_transfer_close(struct fl_transfer *transfer);

/* A path on the pods as their tools take it, malloc'd: never like a flag, ""
 * for the login's home. FLAG: where it was given. */
int fl_transfer_path(const char *flag, const char *given, char **out,
                     struct fleet_error *err);

/* "12.4 MB" */
void fl_size_text(char out[32], int64_t bytes);

#endif
