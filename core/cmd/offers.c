/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/offers.h"

#include "core/base/error.h"
#include "core/cmd/cells.h"
#include "core/cmd/work.h"

#include <inttypes.h>

struct offers_options {
    char *order;
};
/* clang-format off */
static const struct fleet_option options[] = {
    FL_ORDER_OPTION(struct offers_options, order),
    {0},
};
/* clang-format on */

static void add_row(struct fl_table *table, const struct fl_option_row *row)
{
    const struct fleet_offer *offer = row->offer;
    int64_t gpus =
        offer ? fl_offer_get_number(offer, FLEET_OFFER_GPUS, -1) : -1;

    fl_table_cell(table, row->listing->name);
    fl_table_cell(table, offer ? fl_offer_get(offer, FLEET_OFFER_GPU) : NULL);
    if (gpus >= 0)
        fl_table_cellf(table, "%" PRId64, gpus);
    else
        fl_table_cell(table, NULL);
    fl_table_cell(table, offer ? fl_offer_get(offer, FLEET_OFFER_TIER) : NULL);
    fl_table_cell(table,
                  offer ? fl_offer_get(offer, FLEET_OFFER_REGION) : NULL);
    fl_table_money(table, fl_plan_price(row));
    fl_table_cell(table, offer ? fl_offer_get(offer, FLEET_OFFER_STOCK) : NULL);
    fl_table_cell(table, row->dropped ? row->dropped : "");
    fl_table_cell(table, offer ? fl_plan_currency(row) : NULL);
    fl_table_cell(table, row->note ? row->note : "");
}

static int show(struct fl_context *context, const struct fl_options_plan *plan)
{
    struct fleet_error err = {0};
    const char *at_fault = NULL;
    static const char *const headings[] = {
        "PROVIDER", "GPU",   "GPUS",    "TIER",     "REGION",
        "PRICE/H",  "STOCK", "DROPPED", "CURRENCY", "NOTE"};
    struct fl_table table;

    fl_json_put(context->document, "order",
                fl_json_text(context->engine.settings.placement));
    fl_json_put(context->document, "options", fl_json_options(plan));
    fl_table_init(&table, 10, headings, 1u << 2 | 1u << 5);
    for (size_t i = 0; i < plan->n; i++)
        add_row(&table, &plan->at[i]);
    fl_table_print(&table, context);
    fl_table_clear(&table);
    for (size_t i = 0; i < plan->hints.n; i++)
        fl_say(context, "%s", plan->hints.at[i]);
    if (fl_plan_first(plan))
        return FL_EXIT_OK;
    fl_plan_fault(plan, &at_fault, &err);
    return fl_report(context, &err, NULL, at_fault);
}

static int run(struct fl_context *context, const void *given)
{
    FL_AUTO(fl_fleet_clear) struct fl_fleet fleet = {0};
    FL_AUTO(fl_options_plan_clear) struct fl_options_plan plan = {0};
    const struct offers_options *flags = given;
    struct fleet_error err = {0};
    int rc, status, incomplete;

    if (context->n_args > 0)
        return fl_usage(context, "takes no arguments");
    rc = fl_work_look(context, 0, &fleet, &err);
    if (rc == 0)
        rc = fl_order_take(&context->engine.settings, flags->order, &err);
    if (rc == 0)
        rc = fl_offers_gather(&context->engine, &fleet, &plan, &err);
    if (rc == 0)
        rc = fl_plan_order(&context->engine.settings, &plan, &err);
    if (rc < 0)
        return fl_report(context, &err, NULL, NULL);
    status = show(context, &plan);
    incomplete = fl_work_incomplete(context, &fleet);
    return incomplete ? incomplete : status;
}

const struct fl_command fl_cmd_offers = {
    .name = "offers",
    .group = "Pods",
    .summary = "show what create would try, in order, and at what price",
    .synopsis = "",
    .example = "fleet offers\n"
               "fleet offers --order cheapest\n"
               "GPU_TYPE='RTX A4000' MAX_PRICE=0.30 fleet offers",
    .about = "The same plan that create follows: in the order of PROVIDERS, "
             "then of GPU_TYPE, then the cheapest first; or, with "
             "PLACEMENT=cheapest, the cheapest of all providers first, where "
             "prices in another currency come after. An option that would not "
             "be tried says why.",
    .options = options,
    .options_size = sizeof(struct offers_options),
    .args = FL_ARGS_NONE,
    .run = run,
};
