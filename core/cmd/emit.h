/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_EMIT_H
#define FL_CMD_EMIT_H

#include "core/cmd/work.h"
#include "core/engine/format.h"

/* What export, ssh-config and nginx have in common: the fleet is listed, turned
 * into the text of a file by a format, and only then is the first byte of it
 * written. */
struct fl_emit_flags {
    struct fl_narrowing narrowing;
    char *out;
    bool partial;
};
/* clang-format off */
#define FL_EMIT_OPTIONS(type_, member_)                                        \
    {.key = "out", .type = FLEET_OPT_PATH, FLEET_AT(type_, member_.out),       \
     .help = "write this file, whole or not at all, in place of standard "     \
             "output"},                                                        \
    {.key = "partial", .type = FLEET_OPT_BOOL,                                 \
     FLEET_AT(type_, member_.partial),                                         \
     .help = "go on without the pods of providers that cannot be listed"},     \
    FL_NARROWING_OPTIONS(type_, member_.narrowing)
#define FL_EMIT_PROXY_OPTION(type_, member_)                                   \
    {.key = "proxy", .type = FLEET_OPT_BOOL, FLEET_AT(type_, member_),         \
     .help = "for logins through SSH_PROXY_HOST, at the port of each pod"}
#define FL_EMIT_HOST_KEYS_OPTION(type_, member_)                               \
    {.key = "host-keys", .type = FLEET_OPT_CHOICE,                             \
     .choices = FL_WORDS("pinned", "ca", "file", "off"),                       \
     .fallback = "pinned", FLEET_AT(type_, member_),                           \
     .help = "how ssh knows the pods: by keys in the file itself, by a "       \
             "certificate authority, by a known_hosts file, or not at all"}
/* clang-format on */

struct fl_emit {
    const char *format;
    const struct fl_emit_flags *flags;
    bool via_proxy;
    const char *host_keys;
    const char *deployed; /* file that holds ports given out earlier */
    const char *person;   /* of the roster: for him alone; NULL: for all */
    /* Puts the text in its place; NULL: as flags->out says. */
    int (*deliver)(struct fl_context *context, const char *text, size_t len,
                   struct fleet_error *err);
};
/* Returns the exit status. */
int fl_emit(struct fl_context *context, const struct fl_emit *emit);

#endif
