/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef AWS_SETTINGS_H
#define AWS_SETTINGS_H

#include "providers/api/api.h"

/* What every AWS tool reads: the variables AWS_..., and the two shared files
 * with their profiles. Pure. */
struct settings {
    json_t *env;           /* AWS_...: text */
    json_t *files;         /* {"profiles": {NAME: {key: text or {key: text}}},
                              "services": {NAME: {SERVICE: {key: text}}}} */
    const char *profile;   /* the name that counts */
    bool chosen;           /* it was named in so many words */
    bool explicit_profile; /* in fleet's own configuration, not AWS_PROFILE */
};

/* One of the files, added to what the other has said. CREDENTIALS: sections are
 * bare names of profiles, and its keys win. */
int settings_read_file(json_t *files, const char *text, bool credentials,
                       struct fleet_error *err);

/* NULL: not set. */
const char *settings_env(const struct settings *settings, const char *name);
/* The profile of that name; NULL: there is none. */
const json_t *settings_profile(const struct settings *settings,
                               const char *name);
/* The variable, or else KEY of the profile that counts. */
const char *settings_get(const struct settings *settings, const char *variable,
                         const char *key);
bool settings_true(const struct settings *settings, const char *variable,
                   const char *key);

#endif
