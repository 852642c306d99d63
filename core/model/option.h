/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_MODEL_OPTION_H
#define FL_MODEL_OPTION_H

#include "core/base/cleanup.h"

#include <fleet/plugin.h>

/* One table of struct fleet_option drives config keys, command flags, plugin
 * options, their help and their completion. These functions walk it by stride
 * and put values into the struct it describes. */
struct fl_options {
    const struct fleet_option *first;
    size_t stride; /* sizeof the entry as its author knew it */
};
/* Copies entry I into *out with fields that the author lacked as zero; false at
 * the end. */
bool fl_option_at(const struct fl_options *options, size_t i,
                  struct fleet_option *out);
/* The index whose key or alias is NAME, or -1. */
long fl_option_find(const struct fl_options *options, const char *name);

/* FLEET_ECONFIG when the table itself is wrong: no key, no help, member type
 * that does not fit the option type, offset outside SIZE, bad default, a name
 * twice. */
int fl_options_check(const struct fl_options *options, size_t size,
                     struct fleet_error *err);

/* Puts TEXT into the struct at BASE. Text values are allocated. base_dir: what
 * relative paths stand on (NULL: left alone). A list takes one entry a line
 * where TEXT has lines; else blanks and commas split it, or only commas with
 * FLEET_OPT_BLANKS. FLEET_EINVALID says "KEY: '12x' is not a whole number from
 * 1 to 600", secrets never shown; the old value then stays. */
int fl_option_set(const struct fleet_option *option, void *base,
                  const char *text, const char *base_dir,
                  struct fleet_error *err);
/* Fallbacks into a zeroed struct. */
int fl_options_defaults(const struct fl_options *options, void *base,
                        const char *base_dir, struct fleet_error *err);
/* Wipes secrets, frees text. */
void fl_options_clear(const struct fl_options *options, void *base);
/* "text", "secret", "yes or no", "number", "duration", "a|b|c", "path", ...
 * A choice's text lasts until this thread asks again. */
const char *fl_option_type_name(const struct fleet_option *option);

#endif
