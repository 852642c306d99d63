/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/servers/sim/aws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What speaks JSON: public parameters of SSM, Service Quotas, the price list.
 */

/* --- SSM ----------------------------------------------------------------- */

static json_t *parameter_json(const char *name)
{
    const char *value = aws_parameter(name);

    return value ? json_pack("{s:s, s:s, s:s, s:i, s:f, s:s}", "Name", name,
                             "Type", "String", "Value", value, "Version", 7,
                             "LastModifiedDate", 1762300000.123, "DataType",
                             "aws:ec2:image")
                 : NULL;
}

static void get_parameter(struct sim_call *call)
{
    const char *name = sim_text(call->body, "Name", "");
    json_t *found = parameter_json(name);

    if (found)
        aws_answer(call, json_pack("{s:o}", "Parameter", found));
    else
        aws_refuse(call, 400, "ParameterNotFound", "Parameter %s not found.",
                   name);
}

static void get_parameters(struct sim_call *call)
{
    json_t *found = json_array(), *missing = json_array(), *name;
    size_t i;

    json_array_foreach(json_object_get(call->body, "Names"), i, name)
    {
        json_t *one = parameter_json(json_string_value(name));

        if (one)
            json_array_append_new(found, one);
        else
            json_array_append(missing, name);
    }
    aws_answer(call, json_pack("{s:o, s:o}", "Parameters", found,
                               "InvalidParameters", missing));
}

static const struct sim_field parameter_fields[] = {
    AWS_NEED("Name"), {.key = "WithDecryption", .type = SIM_BOOLEAN}, {0}};
static const struct sim_field parameters_fields[] = {
    {.key = "Names",
     .type = SIM_ARRAY,
     .flags = SIM_REQUIRED,
     .min = 1,
     .max = 10,
     .sub = &aws_text_item},
    {.key = "WithDecryption", .type = SIM_BOOLEAN},
    {0}};

const struct aws_action aws_ssm_actions[] = {
    {"GetParameter", parameter_fields, get_parameter},
    {"GetParameters", parameters_fields, get_parameters},
    {NULL, NULL, NULL},
};

/* --- quotas -------------------------------------------------------------- */

static const char *quota_name(const char *code)
{
    static const char *const names[][2] = {
        {"L-1216C47A", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) "
                       "instances"},
        {"L-DB2E81BA", "Running On-Demand G and VT instances"},
        {"L-417A185B", "Running On-Demand P instances"},
        {"L-34B43A08", "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance "
                       "Requests"},
        {"L-3819A6DF", "All G and VT Spot Instance Requests"},
        {"L-7212CCBC", "All P4, P3 and P2 Spot Instance Requests"},
        {"L-C4BD4855", "All P5 Spot Instance Requests"},
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i][0], code) == 0)
            return names[i][1];
    return NULL;
}

static void get_quota(struct sim_call *call)
{
    const char *service = sim_text(call->body, "ServiceCode", "");
    const char *code = sim_text(call->body, "QuotaCode", "");
    const char *name = quota_name(code);
    const json_t *quotas = json_object_get(sim_values(call->sim), "quotas");

    if (strcmp(service, "ec2") != 0 || !name) {
        aws_refuse(call, 400, "NoSuchResourceException",
                   "The request failed because the specified service or quota "
                   "does not exist.");
        return;
    }
    aws_answer(call,
               json_pack("{s:{s:s, s:s, s:s, s:f, s:s, s:b, s:b}}", "Quota",
                         "ServiceCode", service, "QuotaCode", code, "QuotaName",
                         name, "Value", (double)sim_number(quotas, code, 768),
                         "Unit", "None", "Adjustable", 1, "GlobalQuota", 0));
}

static const struct sim_field quota_fields[] = {
    AWS_NEED("ServiceCode"), AWS_NEED("QuotaCode"), {0}};

const struct aws_action aws_quota_actions[] = {
    {"GetServiceQuota", quota_fields, get_quota},
    {NULL, NULL, NULL},
};

/* --- the price list ------------------------------------------------------ */

/* A product is told as JSON in a text. */
static json_t *product(const struct aws_type *type, const char *region)
{
    char usd[32];
    json_t *whole;
    char *text;
    json_t *made;

    snprintf(usd, sizeof usd, "%.10f", type->price);
    whole = json_pack(
        "{s:{s:s, s:{s:s, s:s, s:s, s:s, s:s, s:s, s:s}, s:s}, s:s, "
        "s:{s:{s:{s:{s:{s:s, s:{s:s}}}}}}}",
        "product", "productFamily", "Compute Instance", "attributes",
        "instanceType", type->name, "regionCode", region, "operatingSystem",
        "Linux", "tenancy", "Shared", "preInstalledSw", "NA", "capacitystatus",
        "Used", "licenseModel", "No License required", "sku", type->name,
        "serviceCode", "AmazonEC2", "terms", "OnDemand", "SKU.JRTCKXETXF",
        "priceDimensions", "SKU.JRTCKXETXF.6YS6EN2CT7", "unit", "Hrs",
        "pricePerUnit", "USD", usd);
    text = json_dumps(whole, JSON_COMPACT);
    made = json_string(text);
    json_decref(whole);
    free(text);
    return made;
}

/* Whether every filter fits; those that are always so here are known, too. */
static bool product_fits(const struct sim_call *call,
                         const struct aws_type *type, const char *region)
{
    const char *const is[][2] = {{"instanceType", type->name},
                                 {"regionCode", region},
                                 {"operatingSystem", "Linux"},
                                 {"tenancy", "Shared"},
                                 {"preInstalledSw", "NA"},
                                 {"capacitystatus", "Used"},
                                 {"licenseModel", "No License required"}};
    const json_t *filter;
    size_t i;

    json_array_foreach(json_object_get(call->body, "Filters"), i, filter)
    {
        bool fits = false;

        for (size_t k = 0; k < sizeof is / sizeof *is; k++)
            fits =
                fits || (strcmp(is[k][0], sim_text(filter, "Field", "")) == 0 &&
                         strcmp(is[k][1], sim_text(filter, "Value", "")) == 0);
        if (!fits)
            return false;
    }
    return true;
}

static void get_products(struct sim_call *call)
{
    static const char *const regions[] = {"us-east-1", "us-west-2",
                                          "eu-central-1"};
    json_t *list = json_array(), *page;

    if (strcmp(sim_text(call->body, "ServiceCode", ""), "AmazonEC2") != 0) {
        json_decref(list);
        aws_refuse(call, 400, "NotFoundException", "Invalid Service Code.");
        return;
    }
    for (size_t r = 0; r < sizeof regions / sizeof *regions; r++)
        for (size_t i = 0; aws_type_at(i); i++)
            if (product_fits(call, aws_type_at(i), regions[r]))
                json_array_append_new(list,
                                      product(aws_type_at(i), regions[r]));
    page = aws_page(call, "PriceList", list);
    if (!page)
        return;
    sim_put(page, "FormatVersion", json_string("aws_v1"));
    aws_answer(call, page);
}

static const struct sim_field product_filter_fields[] = {
    AWS_NEED("Type"), AWS_NEED("Field"), AWS_NEED("Value"), {0}};
static const struct sim_field product_filter = AWS_ITEM(product_filter_fields);
static const struct sim_field product_fields[] = {
    AWS_NEED("ServiceCode"),
    AWS_EACH("Filters", product_filter),
    AWS_TEXT("FormatVersion"),
    AWS_TEXT("NextToken"),
    {.key = "MaxResults", .type = SIM_INTEGER, .min = 1, .max = 100},
    {0}};

const struct aws_action aws_pricing_actions[] = {
    {"GetProducts", product_fields, get_products},
    {NULL, NULL, NULL},
};
