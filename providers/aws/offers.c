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
    const char *region;
    size_t n;
    int64_t place; /* of the type in the user's order; 0: there is none */
    struct fleet_error why; /* the last type that was left out */
};

static const char *market_name(bool spot)
{
    return spot ? "spot" : "on-demand";
}

static bool is_mixed(const struct ec2 *ec2)
{
    return strcmp(ec2->config->pool, "mixed") == 0;
}

bool offers_in_groups(const struct ec2 *ec2)
{
    return is_mixed(ec2) || strcmp(ec2->config->pool, "groups") == 0;
}

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

/* NAME: of the type, or of what stands for several. */
static void put_offer(struct survey *survey, const json_t *type,
                      const char *name, bool spot, int64_t price)
{
    struct fleet_offer *offer = fleet_sink_offer(survey->offers);
    char id[EC2_TYPE + 16];
    int64_t count;
    const char *gpu = parse_gpu(type, &count);

    survey->n++;
    if (!offer)
        return; /* the host knows why */
    snprintf(id, sizeof(id), "%s/%s", name, market_name(spot));
    fleet_offer_set(offer, FLEET_OFFER_ID, id);
    fleet_offer_set(offer, FLEET_OFFER_REGION, survey->region);
    fleet_offer_set(offer, FLEET_OFFER_GPU, gpu);
    fleet_offer_set_number(offer, FLEET_OFFER_GPUS, gpu ? count : 0);
    fleet_offer_set_number(offer, FLEET_OFFER_SPOT, spot);
    if (!fleet_spec_get(survey->want, FLEET_SPEC_TIER))
        fleet_offer_set(offer, FLEET_OFFER_TIER, name);
    if (survey->place > 0)
        fleet_offer_set_number(offer, FLEET_OFFER_RANK, survey->place);
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

static bool is_candidate(struct survey *survey, const json_t *type)
{
    const char *name = api_text(type, "instanceType");

    if (!name || strlen(name) >= EC2_TYPE || !fits(survey, type, name))
        return false;
    if (parse_architecture(type))
        return true;
    leave_out(survey, name, "its processors are of another kind");
    return false;
}

static bool is_sold(struct survey *survey, const json_t *type, bool spot)
{
    if (!market_is(survey->ec2, spot))
        return false;
    if (parse_has_market(type, spot))
        return true;
    leave_out(survey, api_text(type, "instanceType"),
              spot ? "not on spot" : "not on demand");
    return false;
}

static void consider(struct survey *survey, const json_t *type)
{
    const char *name = api_text(type, "instanceType");

    if (!is_candidate(survey, type))
        return;
    for (int spot = 1; spot >= 0; spot--) {
        if (is_sold(survey, type, spot))
            put_offer(survey, type, name, spot,
                      market_price(survey->ec2, name, spot, NULL));
    }
}

/* ---- several types as one ---- */

/* They have one image, so one architecture. */
static bool is_of_the_kind(struct survey *survey, const json_t *type,
                           const json_t *first)
{
    if (!first ||
        strcmp(parse_architecture(type), parse_architecture(first)) == 0)
        return true;
    leave_out(survey, api_text(type, "instanceType"),
              "its processors are not those of the first type");
    return false;
}

/* Which of them comes is not known: none of them costs more. */
static int blend(struct survey *survey, const json_t *types, bool spot,
                 struct fleet_error *err)
{
    AUTO_JSON json_t *names = json_array();
    const json_t *type, *first = NULL;
    int64_t price = 0;
    size_t i;
    int rc;

    json_array_foreach(types, i, type)
    {
        const char *name = api_text(type, "instanceType");
        int64_t one;

        if (!is_candidate(survey, type) || !is_sold(survey, type, spot) ||
            !is_of_the_kind(survey, type, first))
            continue;
        first = first ? first : type;
        json_array_append_new(names, json_string(name));
        one = market_price(survey->ec2, name, spot, NULL);
        price = one < 0 || price < 0 ? -1 : one > price ? one : price;
    }
    if (!first)
        return FLEET_OK;
    rc = ec2_enter(survey->ec2, err);
    if (rc < 0)
        return rc;
    json_object_set(survey->ec2->mixed, market_name(spot), names);
    ec2_leave(survey->ec2);
    put_offer(survey, first, OFFER_MIXED, spot, price);
    return FLEET_OK;
}

int offers_types(struct ec2 *ec2, bool spot, json_t **names,
                 struct fleet_error *err)
{
    int rc = ec2_enter(ec2, err);

    if (rc < 0)
        return rc;
    *names = json_incref(json_object_get(ec2->mixed, market_name(spot)));
    ec2_leave(ec2);
    return *names ? FLEET_OK
                  : fleet_fail(err, FLEET_EINVALID,
                               "an offer of several types that nobody made");
}

/* ---- all of them ---- */

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

static int check_mixed(const struct ec2 *ec2, struct fleet_error *err)
{
    if (!is_mixed(ec2) || ec2->config->types)
        return FLEET_OK;
    return fleet_fail(err, FLEET_ECONFIG,
                      "AWS_POOL=mixed needs AWS_INSTANCE_TYPES: those that a "
                      "group may mix");
}

static int offer_all(struct survey *survey, const json_t *types,
                     struct fleet_error *err)
{
    const json_t *type;
    int rc = FLEET_OK;
    size_t i;

    for (int spot = 1; is_mixed(survey->ec2) && spot >= 0; spot--) {
        if (rc == FLEET_OK)
            rc = blend(survey, types, spot, err);
    }
    json_array_foreach(types, i, type)
    {
        if (is_mixed(survey->ec2))
            break;
        survey->place = survey->ec2->config->types ? (int64_t)i + 1 : 0;
        consider(survey, type);
    }
    return rc;
}

int ec2_offers(void *handle, const struct fleet_spec *want,
               struct fleet_sink *offers, struct fleet_error *err)
{
    struct ec2 *ec2 = handle;
    struct survey survey = {.ec2 = ec2, .want = want, .offers = offers};
    AUTO_JSON json_t *types = NULL;
    int rc = aws_region(&ec2->aws, &survey.region, err);

    if (rc == FLEET_OK)
        rc = check_mixed(ec2, err);
    if (rc == FLEET_OK)
        rc = market_types(ec2, ec2->config->types, &types, err);
    if (rc < 0)
        return rc;
    foresee(&survey, types);
    rc = offer_all(&survey, types, err);
    if (rc < 0 || survey.n > 0)
        return rc;
    if (survey.why.code) {
        *err = survey.why;
        return err->code;
    }
    return fleet_fail(err, FLEET_ECAPACITY,
                      "no instance type of %s fits: GPU_TYPE, NUM_GPUS, "
                      "AWS_INSTANCE_TYPES",
                      survey.region);
}
