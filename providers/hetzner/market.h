/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef HETZNER_MARKET_H
#define HETZNER_MARKET_H

#include "providers/hetzner/handle.h"

/* What the project can order, read once. What comes out is borrowed from the
 * handle. */

int market_types(struct hetzner *h, const json_t **types,
                 struct fleet_error *err);
int market_tariff(struct hetzner *h, struct tariff *tariff,
                  struct fleet_error *err);
/* For listings, which do without prices rather than fail. */
void market_tariff_if_any(struct hetzner *h, struct tariff *tariff);
/* The image that a server of this type is made from. WANTED: the setting of all
 * providers, NULL: none. FLEET_ECONFIG or FLEET_EINVALID: there is none that
 * fits. */
int market_image(struct hetzner *h, const char *wanted, const json_t *type,
                 int64_t *image, struct fleet_error *err);

#endif
