/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_CELLS_H
#define FL_CMD_CELLS_H

#include "core/cmd/output.h"
#include "core/engine/plan.h"

/* Cells and JSON that several commands show alike. */
void fl_table_money(struct fl_table *table, int64_t micros); /* "-" below 0 */
/* "127.0.0.1:20001", or "-"; pod may be NULL. */
void fl_table_endpoint(struct fl_table *table, const struct fleet_pod *pod);
void fl_table_price(struct fl_table *table, const struct fleet_pod *pod);
/* The options array of interface.md section 4. */
json_t *fl_json_options(const struct fl_options_plan *plan);
/* "1.50 USD"; "price not known" below 0. */
void fl_price_text(char out[64], int64_t micros, const char *currency);

/* The flag --order, which stands over PLACEMENT. */
/* clang-format off */
#define FL_ORDER_OPTION(type_, member_)                                        \
    {.key = "order", .type = FLEET_OPT_CHOICE, .choices = fl_orders,           \
     .help = "which offer is tried first, in place of PLACEMENT",              \
     FLEET_AT(type_, member_)}
/* clang-format on */
extern const char *const fl_orders[];
int fl_order_take(struct fl_settings *settings, const char *order,
                  struct fleet_error *err);

#endif
