/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef EXEC_SECRETS_H
#define EXEC_SECRETS_H

#include <fleet/error.h>
#include <stddef.h>

/* What a program was told in confidence, so that nothing it says, be it with
 * "set -x" or in a traceback, carries it to a terminal or a log. */
struct exec_secrets {
    char **at;
    size_t n;
};

/* Remembers VALUE if KEY sounds like that of a secret. A value of several
 * lines is remembered line by line; lines under 6 bytes are not. FLEET_OK or
 * FLEET_ENOMEM. */
int exec_secrets_add(struct exec_secrets *secrets, const char *key,
                     const char *value);
/* What may be shown of LEN bytes from the program: each secret, plain or as
 * JSON writes it, has become "***"; what does not fit ends in "...". */
void exec_secrets_show(const struct exec_secrets *secrets, const char *text,
                       size_t len, char *shown, size_t size);
/* Wipes them. */
void exec_secrets_clear(struct exec_secrets *secrets);

#endif
