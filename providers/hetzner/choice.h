/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef HETZNER_CHOICE_H
#define HETZNER_CHOICE_H

#include "providers/api/api.h"

/* What is to be tried: server types at locations, in order. Pure. */

enum { CHOICE_NAME_MAX = 64 };
struct choice {
    char type[CHOICE_NAME_MAX], location[CHOICE_NAME_MAX];
};
struct choices {
    struct choice *at;
    size_t n;
};
/* TYPES: one a line, a name or NAME@LOCATION; LOCATIONS, one a line, for those
 * without theirs. */
int choices_read(const char *types, const char *locations, struct choices *out,
                 struct fleet_error *err);
void choices_clear(struct choices *choices);

/* "cax21@nbg1", the id of an offer, and back. */
#define CHOICE_TEXT_MAX (2 * CHOICE_NAME_MAX)
void choice_text(const struct choice *choice, char out[CHOICE_TEXT_MAX]);
bool choice_read(const char *text, struct choice *out);

/* The type of that name; NULL: there is none. */
const json_t *choice_type(const json_t *types, const char *name);

enum choice_fit {
    CHOICE_FITS,
    CHOICE_SCARCE,  /* said to be out of stock, which is often wrong */
    CHOICE_ABSENT,  /* the type does not exist there */
    CHOICE_EXPIRED, /* can no longer be ordered there */
};
/* NOW: a time as in RFC 3339, in UTC. */
enum choice_fit choice_fits(const json_t *type, const char *location,
                            const char *now);

#endif
