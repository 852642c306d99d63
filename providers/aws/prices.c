/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/ec2.h"

#include <fleet/log.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* What an hour costs: on spot as it was lately, on demand by the price list, or
 * where that may not be read by a table. */

static void say_once(bool *said, const char *what,
                     const struct fleet_error *why)
{
    if (!*said)
        fleet_log(FLEET_LOG_WARNING, "aws", "%s: %s", what, why->text);
    *said = true;
}

static json_t *price_query(const char *type, const char *region)
{
    static const char *const fields[][2] = {
        {"operatingSystem", "Linux"},
        {"tenancy", "Shared"},
        {"preInstalledSw", "NA"},
        {"capacitystatus", "Used"},
    };
    json_t *filters =
        json_pack("[{s:s,s:s,s:s},{s:s,s:s,s:s}]", "Type", "TERM_MATCH",
                  "Field", "instanceType", "Value", type, "Type", "TERM_MATCH",
                  "Field", "regionCode", "Value", region);

    for (size_t i = 0; filters && i < 4; i++)
        json_array_append_new(
            filters, json_pack("{s:s,s:s,s:s}", "Type", "TERM_MATCH", "Field",
                               fields[i][0], "Value", fields[i][1]));
    return json_pack("{s:s,s:o,s:i}", "ServiceCode", "AmazonEC2", "Filters",
                     filters, "MaxResults", 20);
}

/* Under the lock. */
static int ask_list_price(struct ec2 *ec2, const char *type,
                          struct fleet_error *err)
{
    const char *region;
    AUTO_JSON json_t *query = NULL, *answer = NULL;
    AUTO_FREE char *body = NULL;
    struct aws_call call = {.service = &service_pricing,
                            .action = "GetProducts",
                            .limit_ms = 10000};
    int64_t price;
    int rc = aws_region(&ec2->aws, &region, err);

    if (rc < 0)
        return rc;
    query = price_query(type, region);
    body = query ? json_dumps(query, JSON_COMPACT) : NULL;
    if (!body)
        return api_enomem(err);
    call.body = body;
    rc = aws_send(&ec2->aws, &call, &answer, NULL, err);
    price = rc == FLEET_OK ? parse_list_price(answer) : -1;
    json_object_set_new(ec2->prices, type,
                        price < 0 ? json_null() : json_integer(price));
    return rc;
}

/* Under the lock. */
static int64_t list_price(struct ec2 *ec2, const char *type)
{
    const json_t *known = json_object_get(ec2->prices, type);
    struct fleet_error why = {0};

    if (!known && !ec2->no_prices && ask_list_price(ec2, type, &why) < 0)
        say_once(&ec2->no_prices,
                 "prices on demand are those of a table of " PRICES_OF
                 ", or not known (pricing:GetProducts)",
                 &why);
    known = json_object_get(ec2->prices, type);
    if (json_is_integer(known))
        return json_integer_value(known);
    return ec2->no_prices && ec2->aws.region
               ? parse_table_price(ec2->aws.region, type)
               : -1;
}

static void put_now(struct form *form)
{
    time_t now = time(NULL);
    struct tm utc;
    char text[32];

    if (gmtime_r(&now, &utc) &&
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc))
        form_add(form, text, "StartTime");
}

/* Under the lock. NAMES: an array. */
static int ask_spot(struct ec2 *ec2, const json_t *names,
                    struct fleet_error *err)
{
    AUTO_JSON json_t *found = NULL;
    const json_t *name;
    struct form form;
    size_t i;
    int n = 0, rc;

    ec2_open_form(&form, "DescribeSpotPriceHistory");
    json_array_foreach(names, i, name)
    {
        const char *text = json_string_value(name);

        if (text && !json_object_get(ec2->spot_of, text))
            form_add(&form, text, "InstanceType.%d", ++n);
    }
    if (n == 0) {
        form_close(&form);
        return FLEET_OK;
    }
    form_add(&form, "Linux/UNIX", "ProductDescription.1");
    put_now(&form);
    rc = ec2_read_all(ec2, "DescribeSpotPriceHistory", &form, 1000,
                      "spotPriceHistorySet", &found, err);
    json_array_foreach(names, i, name)
    {
        if (json_string_value(name))
            json_object_set_new(ec2->spot_of, json_string_value(name),
                                json_true());
    }
    if (rc == FLEET_OK && json_array_extend(ec2->spot, found) < 0)
        rc = api_enomem(err);
    return rc;
}

/* Under the lock. */
static void learn_spot(struct ec2 *ec2, const json_t *names)
{
    struct fleet_error why = {0};

    if (!ec2->no_spot && ask_spot(ec2, names, &why) < 0)
        say_once(&ec2->no_spot, "spot prices are not known", &why);
}

void market_spot(struct ec2 *ec2, const json_t *names)
{
    if (json_array_size(names) == 0 || ec2_enter(ec2, NULL) < 0)
        return;
    learn_spot(ec2, names);
    ec2_leave(ec2);
}

int64_t market_price(struct ec2 *ec2, const char *type, bool spot,
                     const char *zone)
{
    AUTO_JSON json_t *names = json_pack("[s]", type);
    int64_t price;

    if (!names || ec2_enter(ec2, NULL) < 0)
        return -1;
    if (spot)
        learn_spot(ec2, names);
    price =
        spot ? parse_spot_price(ec2->spot, type, zone) : list_price(ec2, type);
    ec2_leave(ec2);
    return price;
}

bool market_is_old(struct ec2 *ec2)
{
    bool old;

    if (ec2_enter(ec2, NULL) < 0)
        return false;
    old = ec2->no_prices;
    ec2_leave(ec2);
    return old;
}
