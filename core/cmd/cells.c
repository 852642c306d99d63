/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/cells.h"

#include "core/base/error.h"
#include "core/model/money.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *const fl_orders[] = {"listed", "cheapest", NULL};

int fl_order_take(struct fl_settings *settings, const char *order,
                  struct fleet_error *err)
{
    char *copy = order ? strdup(order) : NULL;

    if (!order)
        return FLEET_OK;
    if (!copy)
        return fl_enomem(err);
    free(settings->placement);
    settings->placement = copy;
    return FLEET_OK;
}

void fl_price_text(char out[64], int64_t micros, const char *currency)
{
    char money[32];

    if (micros < 0) {
        snprintf(out, 64, "price not known");
        return;
    }
    fl_money_text(money, micros);
    snprintf(out, 64, "%s %s", money, currency);
}

void fl_table_money(struct fl_table *table, int64_t micros)
{
    char money[32];

    if (micros < 0) {
        fl_table_cell(table, NULL);
        return;
    }
    fl_money_text(money, micros);
    fl_table_cell(table, money);
}

void fl_table_endpoint(struct fl_table *table, const struct fleet_pod *pod)
{
    const char *host = pod ? fleet_pod_get(pod, FLEET_POD_SSH_HOST) : NULL;
    int64_t port = pod ? fleet_pod_get_number(pod, FLEET_POD_SSH_PORT, 0) : 0;

    if (!host || port == 0)
        fl_table_cell(table, NULL);
    else if (strchr(host, ':'))
        fl_table_cellf(table, "[%s]:%" PRId64, host, port);
    else
        fl_table_cellf(table, "%s:%" PRId64, host, port);
}

void fl_table_price(struct fl_table *table, const struct fleet_pod *pod)
{
    fl_table_money(table,
                   pod ? fleet_pod_get_number(pod, FLEET_POD_PRICE_MICROS, -1)
                       : -1);
}

static json_t *json_offer_text(const struct fleet_offer *offer, int field)
{
    return fl_json_text(offer ? fl_offer_get(offer, field) : NULL);
}

static json_t *json_offer_number(const struct fleet_offer *offer, int field)
{
    int64_t value = offer ? fl_offer_get_number(offer, field, -1) : -1;

    return value < 0 ? json_null() : json_integer(value);
}

static json_t *json_option(const struct fl_option_row *row)
{
    const struct fleet_offer *offer = row->offer;
    json_t *entry = json_object();

    fl_json_put(entry, "provider", fl_json_text(row->listing->name));
    fl_json_put(entry, "gpu", json_offer_text(offer, FLEET_OFFER_GPU));
    fl_json_put(entry, "gpus", json_offer_number(offer, FLEET_OFFER_GPUS));
    fl_json_put(entry, "tier", json_offer_text(offer, FLEET_OFFER_TIER));
    fl_json_put(entry, "region", json_offer_text(offer, FLEET_OFFER_REGION));
    fl_json_put(
        entry, "spot",
        json_boolean(offer && fl_offer_get_number(offer, FLEET_OFFER_SPOT, 0)));
    fl_json_put(entry, "price_per_hour", fl_json_money(fl_plan_price(row)));
    fl_json_put(entry, "currency",
                json_offer_text(offer, FLEET_OFFER_CURRENCY));
    fl_json_put(entry, "stock", json_offer_text(offer, FLEET_OFFER_STOCK));
    fl_json_put(entry, "dropped", fl_json_text(row->dropped));
    fl_json_put(entry, "note", fl_json_text(row->note));
    return entry;
}

json_t *fl_json_options(const struct fl_options_plan *plan)
{
    json_t *list = json_array();

    for (size_t i = 0; i < plan->n; i++)
        fl_json_add(list, json_option(&plan->at[i]));
    return list;
}
