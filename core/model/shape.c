/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/shape.h"

#include "core/base/clock.h"

#include <fleet/record.h>
#include <stdbool.h>
#include <string.h>

#define WORD_MAX  255 /* names, ids */
#define TEXT_MAX  512
#define LIST_MAX  4096
#define HOST_MAX  253
#define KEY_MAX   16384 /* a public key of the longest kind */
#define TOKEN_MAX 36
#define COUNT_MAX 1000000
#define PRICE_MAX INT64_C(1000000000000000)

#define DIGITS "0123456789"
#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define ALNUM  DIGITS LOWER UPPER

static bool is_made_of(const char *text, const char *accept)
{
    return !text[strspn(text, accept)];
}

/* A leading dash would make it an option of ssh. */
static const char *check_host(const char *text)
{
    return text[0] != '-' && is_made_of(text, ALNUM ".-:")
               ? NULL
               : "not a host name or address";
}

static const char *check_user(const char *text)
{
    return text[0] != '-' && is_made_of(text, ALNUM "._-@+$")
               ? NULL
               : "not a user name";
}

static const char *check_currency(const char *text)
{
    return strlen(text) == 3 && is_made_of(text, LOWER UPPER)
               ? NULL
               : "not a currency of three letters";
}

static const char *check_stamp(const char *text)
{
    return fl_stamp_parse(text) >= 0 ? NULL : "not a time as in RFC 3339";
}

static const char *check_host_key(const char *text)
{
    size_t type = strspn(text, ALNUM "-@.");
    size_t data, pad;

    if (type > 0 && text[type] == ' ') {
        text += type + 1;
        data = strspn(text, ALNUM "+/");
        pad = strspn(text + data, "=");
        if (data > 0 && pad <= 3 && !text[data + pad])
            return NULL;
    }
    return "not a key of the form \"type base64\"";
}

static const char *check_token(const char *text)
{
    return is_made_of(text, DIGITS LOWER "-") ? NULL : "not of [0-9a-z-]";
}

/* clang-format off */
#define TEXT(name_, max_, check_)                                              \
    {.name = (name_), .type = FL_FIELD_TEXT, .max = (max_), .check = (check_)}
#define NUMBER(name_, low_, high_)                                             \
    {.name = (name_), .type = FL_FIELD_NUMBER, .low = (low_), .high = (high_)}
#define BOOL(name_)                                                            \
    {.name = (name_), .type = FL_FIELD_BOOL, .low = 0, .high = 1}

static const struct fl_field pod_fields[] = {
    [FLEET_POD_NAME - 1] = TEXT("name", WORD_MAX, NULL),
    [FLEET_POD_ID - 1] = TEXT("id", WORD_MAX, NULL),
    [FLEET_POD_STATE - 1] = {.name = "state", .type = FL_FIELD_STATE,
                             .low = FLEET_STATE_UNKNOWN,
                             .high = FLEET_STATE_FAILED},
    [FLEET_POD_PROVIDER_STATE - 1] = TEXT("provider_state", TEXT_MAX, NULL),
    [FLEET_POD_GPU - 1] = TEXT("gpu", TEXT_MAX, NULL),
    [FLEET_POD_GPUS - 1] = NUMBER("gpus", 0, COUNT_MAX),
    [FLEET_POD_REGION - 1] = TEXT("region", TEXT_MAX, NULL),
    [FLEET_POD_TIER - 1] = TEXT("tier", TEXT_MAX, NULL),
    [FLEET_POD_PRICE_MICROS - 1] = NUMBER("price_per_hour", 0, PRICE_MAX),
    [FLEET_POD_CURRENCY - 1] = TEXT("currency", 3, check_currency),
    [FLEET_POD_BILLING - 1] = TEXT("billing", TEXT_MAX, NULL),
    [FLEET_POD_SSH_HOST - 1] = TEXT("ssh host", HOST_MAX, check_host),
    [FLEET_POD_SSH_PORT - 1] = NUMBER("ssh port", 1, 65535),
    [FLEET_POD_SSH_USER - 1] = TEXT("ssh user", WORD_MAX, check_user),
    [FLEET_POD_IMAGE - 1] = TEXT("image", TEXT_MAX, NULL),
    [FLEET_POD_CREATED_AT - 1] = TEXT("created_at", TEXT_MAX, check_stamp),
    [FLEET_POD_LOCKED - 1] = BOOL("locked"),
    [FLEET_POD_SPOT - 1] = BOOL("spot"),
    [FLEET_POD_HOST_KEY - 1] = TEXT("host_key", KEY_MAX, check_host_key),
    [FLEET_POD_TOKEN - 1] = TEXT("token", WORD_MAX, NULL),
    [FLEET_POD_SHORT - 1] = TEXT("short", WORD_MAX, NULL),
    [FLEET_POD_PROVIDER - 1] = TEXT("provider", WORD_MAX, NULL),
    [FLEET_POD_PROXY_PORT - 1] = NUMBER("proxy port", 1, 65535),
    [FLEET_POD_NOTE - 1] = TEXT("note", TEXT_MAX, NULL),
    [FLEET_POD_HOST_CERT - 1] = NUMBER("host_cert", 0, 1),
    [FLEET_POD_STOP_KEEPS - 1] = BOOL("stop_keeps"),
};
static const struct fl_field offer_fields[] = {
    [FLEET_OFFER_ID - 1] = TEXT("id", WORD_MAX, NULL),
    [FLEET_OFFER_GPU - 1] = TEXT("gpu", TEXT_MAX, NULL),
    [FLEET_OFFER_GPUS - 1] = NUMBER("gpus", 0, COUNT_MAX),
    [FLEET_OFFER_TIER - 1] = TEXT("tier", TEXT_MAX, NULL),
    [FLEET_OFFER_REGION - 1] = TEXT("region", TEXT_MAX, NULL),
    [FLEET_OFFER_SPOT - 1] = BOOL("spot"),
    [FLEET_OFFER_PRICE_MICROS - 1] = NUMBER("price_per_hour", 0, PRICE_MAX),
    [FLEET_OFFER_CURRENCY - 1] = TEXT("currency", 3, check_currency),
    [FLEET_OFFER_STOCK - 1] = TEXT("stock", TEXT_MAX, NULL),
    [FLEET_OFFER_RANK - 1] = NUMBER("rank", 1, COUNT_MAX),
};
static const struct fl_field spec_fields[] = {
    [FLEET_SPEC_NAME - 1] = TEXT("name", WORD_MAX, NULL),
    [FLEET_SPEC_TOKEN - 1] = TEXT("token", TOKEN_MAX, check_token),
    [FLEET_SPEC_PUBLIC_KEY - 1] = TEXT("public_key", KEY_MAX, NULL),
    [FLEET_SPEC_SSH_USER - 1] = TEXT("ssh user", WORD_MAX, check_user),
    [FLEET_SPEC_OFFER - 1] = TEXT("offer", WORD_MAX, NULL),
    [FLEET_SPEC_GPU - 1] = TEXT("gpu", TEXT_MAX, NULL),
    [FLEET_SPEC_GPUS - 1] = NUMBER("gpus", 0, COUNT_MAX),
    [FLEET_SPEC_IMAGE - 1] = TEXT("image", TEXT_MAX, NULL),
    [FLEET_SPEC_DISK_GB - 1] = NUMBER("disk_gb", 0, COUNT_MAX),
    [FLEET_SPEC_VOLUME_GB - 1] = NUMBER("volume_gb", 0, COUNT_MAX),
    [FLEET_SPEC_TIER - 1] = TEXT("tier", TEXT_MAX, NULL),
    [FLEET_SPEC_REGION - 1] = TEXT("region", TEXT_MAX, NULL),
    [FLEET_SPEC_SPOT - 1] = BOOL("spot"),
    [FLEET_SPEC_MAX_PRICE_MICROS - 1] = NUMBER("max_price", 0, PRICE_MAX),
    [FLEET_SPEC_TEMPLATE - 1] = TEXT("template", TEXT_MAX, NULL),
    [FLEET_SPEC_GPU_TYPES - 1] = TEXT("gpu_types", LIST_MAX, NULL),
};
/* clang-format on */
#define COUNT(fields_) (int)(sizeof(fields_) / sizeof((fields_)[0]))

const struct fl_shape fl_pod_shape = {"pod", pod_fields, COUNT(pod_fields)};
const struct fl_shape fl_offer_shape = {"offer", offer_fields,
                                        COUNT(offer_fields)};
const struct fl_shape fl_spec_shape = {"spec", spec_fields, COUNT(spec_fields)};
