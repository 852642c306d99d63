/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/ec2.h"

#include <fleet/log.h>
#include <fleet/record.h>
#include <stdio.h>
#include <string.h>

/* What could be had: a type in a market each. */

struct survey {
    struct ec2 *ec2;
    const struct fleet_spec *want;
    struct fleet_sink *offers;
    size_t n;
    struct fleet_error why; /* the last type that was left out */
};

/* One of a list with ", " between, or any where there is none. */
static bool gpu_is_wanted(const char *types, const char *gpu)
{
    char one[128];

    if (!types)
        return true;
    while (*types) {
        size_t len = strcspn(types, ",");

        snprintf(one, sizeof(one), "%.*s", (int)(len < 127 ? len : 127), types);
        if (fleet_gpu_fits(one, gpu))
            return true;
        types += len;
        types += strspn(types, ", ");
    }
    return false;
}

static void leave_out(struct survey *survey, const char *type, const char *why)
{
    fleet_log(FLEET_LOG_INFO, "aws", "%s left out: %s", type, why);
    fleet_fail(&survey->why, FLEET_ECAPACITY, "%s: %s", type, why);
}

/* Whether a type is one of what is wanted. Without a list of types every type
 * with an accelerator comes by: then what does not fit is no news. */
static bool fits(struct survey *survey, const json_t *type, const char *name)
{
    const char *wanted = fleet_spec_get(survey->want, FLEET_SPEC_GPU_TYPES);
    int64_t number = fleet_spec_get_number(survey->want, FLEET_SPEC_GPUS, 1);
    int64_t count;
    const char *gpu = parse_gpu(type, &count);
    bool named = survey->ec2->config->types;

    if (named && !gpu && (wanted && number > 0)) {
        leave_out(survey, name, "it has no GPU");
        return false;
    }
    if (named && (!gpu || number == 0))
        return true;
    if (!gpu || number == 0)
        return false;
    if (count == number && gpu_is_wanted(wanted, gpu))
        return true;
    if (named)
        leave_out(survey, name, "it has other GPUs than are wanted");
    return false;
}

static void put_offer(struct survey *survey, const json_t *type,
                      const char *name, bool spot, const char *region)
{
    struct fleet_offer *offer = fleet_sink_offer(survey->offers);
    int64_t price = market_price(survey->ec2, name, spot, NULL), count;
    const char *gpu = parse_gpu(type, &count);
    char id[EC2_TYPE + 16];

    survey->n++;
    if (!offer)
        return; /* the host knows why */
    snprintf(id, sizeof(id), "%s/%s", name, spot ? "spot" : "on-demand");
    fleet_offer_set(offer, FLEET_OFFER_ID, id);
    fleet_offer_set(offer, FLEET_OFFER_REGION, region);
    fleet_offer_set(offer, FLEET_OFFER_GPU, gpu);
    fleet_offer_set_number(offer, FLEET_OFFER_GPUS, gpu ? count : 0);
    fleet_offer_set_number(offer, FLEET_OFFER_SPOT, spot);
    if (!fleet_spec_get(survey->want, FLEET_SPEC_TIER))
        fleet_offer_set(offer, FLEET_OFFER_TIER, name);
    if (price < 0)
        return;
    fleet_offer_set_number(offer, FLEET_OFFER_PRICE_MICROS, price);
    fleet_offer_set(offer, FLEET_OFFER_CURRENCY, "USD");
}

static bool market_is(const struct ec2 *ec2, bool spot)
{
    const char *market = ec2->config->market;

    return strcmp(market, "any") == 0 || (strcmp(market, "spot") == 0) == spot;
}

static int consider(struct survey *survey, const json_t *type,
                    const char *region)
{
    const char *name = api_text(type, "instanceType");

    if (!name || strlen(name) >= EC2_TYPE || !fits(survey, type, name))
        return FLEET_OK;
    if (!parse_architecture(type)) {
        leave_out(survey, name, "its processors are of another kind");
        return FLEET_OK;
    }
    for (int spot = 1; spot >= 0; spot--) {
        if (!market_is(survey->ec2, spot))
            continue;
        if (parse_has_market(type, spot))
            put_offer(survey, type, name, spot, region);
        else
            leave_out(survey, name, spot ? "not on spot" : "not on demand");
    }
    return FLEET_OK;
}

/* Spot prices of all types that fit, asked for together. */
static void foresee(struct survey *survey, const json_t *types)
{
    AUTO_JSON json_t *names = json_array();
    const json_t *type;
    size_t i;

    if (!market_is(survey->ec2, true))
        return;
    json_array_foreach(types, i, type)
    {
        const char *name = api_text(type, "instanceType");

        if (names && name && fits(survey, type, name))
            json_array_append_new(names, json_string(name));
    }
    market_spot(survey->ec2, names);
}

int ec2_offers(void *handle, const struct fleet_spec *want,
               struct fleet_sink *offers, struct fleet_error *err)
{
    struct ec2 *ec2 = handle;
    struct survey survey = {.ec2 = ec2, .want = want, .offers = offers};
    AUTO_JSON json_t *types = NULL;
    const json_t *type;
    const char *region;
    size_t i;
    int rc = aws_region(&ec2->aws, &region, err);

    if (rc == FLEET_OK)
        rc = market_types(ec2, ec2->config->types, &types, err);
    if (rc < 0)
        return rc;
    foresee(&survey, types);
    json_array_foreach(types, i, type)
    {
        if (rc == FLEET_OK)
            rc = consider(&survey, type, region);
    }
    if (rc < 0 || survey.n > 0)
        return rc;
    if (survey.why.code) {
        *err = survey.why;
        return err->code;
    }
    return fleet_fail(err, FLEET_ECAPACITY,
                      "no instance type of %s fits: GPU_TYPE, NUM_GPUS, "
                      "AWS_INSTANCE_TYPES",
                      region);
}
