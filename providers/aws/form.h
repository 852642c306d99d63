/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef AWS_FORM_H
#define AWS_FORM_H

#include <fleet/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The body of a request of the query protocol: Action=X&Version=Y&... The first
 * failure sticks, so that only the end has to be looked at. */
struct form {
    char *text; /* NULL after a failure */
    size_t len, size;
    bool failed;
};
void form_open(struct form *form, const char *action, const char *version);
void form_close(struct form *form);

/* What is NULL or empty is left out: an empty value often means something else.
 * FORMAT gives the name, which needs no encoding. */
void form_add(struct form *form, const char *value, const char *format, ...)
    FLEET_PRINTF(3, 4);
/* Also where it is empty, for the few places where that is what is meant. */
void form_add_empty(struct form *form, const char *value, const char *name);
void form_add_number(struct form *form, int64_t value, const char *format, ...)
    FLEET_PRINTF(3, 4);
/* Base64 of TEXT. */
void form_add_base64(struct form *form, const char *text, const char *name);

static inline void form_auto_close(struct form *form)
{
    form_close(form);
}
#define AUTO_FORM __attribute__((cleanup(form_auto_close)))

#endif
