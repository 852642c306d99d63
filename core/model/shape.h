/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_MODEL_SHAPE_H
#define FL_MODEL_SHAPE_H

#include <stdint.h>

/* Which fields a record has, and what may stand in them. */
enum fl_field_type {
    FL_FIELD_TEXT = 1,
    FL_FIELD_NUMBER,
    FL_FIELD_BOOL,
    FL_FIELD_STATE
};
struct fl_field {
    const char *name; /* for people */
    uint32_t type;
    uint32_t max;      /* bytes of text */
    int64_t low, high; /* of a number */
    /* What is wrong with a text, or NULL; may be NULL itself. */
    const char *(*check)(const char *text);
};
struct fl_shape {
    const char *noun;              /* "pod" */
    const struct fl_field *fields; /* index 0 is field 1 */
    int count;
};
extern const struct fl_shape fl_pod_shape, fl_offer_shape, fl_spec_shape;

#endif
