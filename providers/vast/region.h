/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef VAST_REGION_H
#define VAST_REGION_H

#include <fleet/error.h>
#include <jansson.h>
#include <stdbool.h>

/* Countries are all that Vast knows of places. Pure. */

/* "DE" out of "Hesse, DE"; false when there is none. */
bool vast_country(const char *geolocation, char country[3]);

/* LIST (one entry a line: two-letter codes, or continents by name) as an array
 * of codes; *codes is NULL for no entry at all. FLEET_ECONFIG names what is
 * neither. */
int vast_countries(const char *list, json_t **codes, struct fleet_error *err);

#endif
