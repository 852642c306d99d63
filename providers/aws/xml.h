/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef AWS_XML_H
#define AWS_XML_H

#include "providers/api/api.h"

/* An XML answer as JSON, so that it is read like all others: an element with
 * text is a string, one with elements in it an object of them by local name,
 * and one that holds nothing but <item> or <member> an array. What is empty is
 * left out, since that means "not set"; so is everything but elements and text.
 * The root's name is not in it. Pure: no network, no DTD, no entities.
 *
 * FLEET_EINTERNAL: no XML, or more of it than an answer has. */
int xml_read(const char *text, size_t len, json_t **out,
             struct fleet_error *err);

/* The text at "a/b/c"; NULL: none. */
const char *xml_text(const json_t *object, const char *path);
/* The array at such a path; NULL where it has no member. */
const json_t *xml_list(const json_t *object, const char *path);

#endif
