/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/exec/answer.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define EXEC_MICROS      1000000
#define EXEC_MICROS_MAX  (INT64_C(1000000000) * EXEC_MICROS)
#define EXEC_RETRY_MAX_S 86400
#define EXEC_DEPTH_MAX   100
#define EXEC_LABEL_MAX   100
#define EFFECT_TEXT_MAX  200
#define EFFECTS_MAX      64

enum kind {
    KIND_TEXT = 1,
    KIND_NUMBER,
    KIND_BOOL,
    KIND_STATE,
    KIND_PRICE,
    KIND_ENDPOINT
};

struct key {
    const char *name;
    enum kind kind;
    int field;
};

/* clang-format off */
static const struct key pod_keys[] = {
    {"id",             KIND_TEXT,     FLEET_POD_ID},
    {"name",           KIND_TEXT,     FLEET_POD_NAME},
    {"state",          KIND_STATE,    FLEET_POD_STATE},
    {"provider_state", KIND_TEXT,     FLEET_POD_PROVIDER_STATE},
    {"gpu",            KIND_TEXT,     FLEET_POD_GPU},
    {"gpus",           KIND_NUMBER,   FLEET_POD_GPUS},
    {"region",         KIND_TEXT,     FLEET_POD_REGION},
    {"tier",           KIND_TEXT,     FLEET_POD_TIER},
    {"price_per_hour", KIND_PRICE,    FLEET_POD_PRICE_MICROS},
    {"currency",       KIND_TEXT,     FLEET_POD_CURRENCY},
    {"billing",        KIND_TEXT,     FLEET_POD_BILLING},
    {"ssh",            KIND_ENDPOINT, 0},
    {"image",          KIND_TEXT,     FLEET_POD_IMAGE},
    {"created_at",     KIND_TEXT,     FLEET_POD_CREATED_AT},
    {"locked",         KIND_BOOL,     FLEET_POD_LOCKED},
    {"spot",           KIND_BOOL,     FLEET_POD_SPOT},
    {"host_key",       KIND_TEXT,     FLEET_POD_HOST_KEY},
    {"note",           KIND_TEXT,     FLEET_POD_NOTE},
    {"stop_keeps",     KIND_BOOL,     FLEET_POD_STOP_KEEPS},
    {"token",          KIND_TEXT,     FLEET_POD_TOKEN},
    {0},
};
static const struct key endpoint_keys[] = {
    {"host", KIND_TEXT,   FLEET_POD_SSH_HOST},
    {"port", KIND_NUMBER, FLEET_POD_SSH_PORT},
    {"user", KIND_TEXT,   FLEET_POD_SSH_USER},
    {0},
};
static const struct key offer_keys[] = {
    {"id",             KIND_TEXT,   FLEET_OFFER_ID},
    {"gpu",            KIND_TEXT,   FLEET_OFFER_GPU},
    {"gpus",           KIND_NUMBER, FLEET_OFFER_GPUS},
    {"tier",           KIND_TEXT,   FLEET_OFFER_TIER},
    {"region",         KIND_TEXT,   FLEET_OFFER_REGION},
    {"spot",           KIND_BOOL,   FLEET_OFFER_SPOT},
    {"price_per_hour", KIND_PRICE,  FLEET_OFFER_PRICE_MICROS},
    {"currency",       KIND_TEXT,   FLEET_OFFER_CURRENCY},
    {"stock",          KIND_TEXT,   FLEET_OFFER_STOCK},
    {"rank",           KIND_NUMBER, FLEET_OFFER_RANK},
    {0},
};

static const char *const call_names[] = {
    [FLEET_OP_LIST]      = "list",
    [FLEET_OP_OFFERS]    = "offers",
    [FLEET_OP_CREATE]    = "create",
    [FLEET_OP_FIND]      = "find",
    [FLEET_OP_GET]       = "get",
    [FLEET_OP_START]     = "start",
    [FLEET_OP_STOP]      = "stop",
    [FLEET_OP_RESTART]   = "restart",
    [FLEET_OP_TERMINATE] = "terminate",
    [FLEET_OP_RENAME]    = "rename",
    [FLEET_OP_LOCK]      = "lock",
    [FLEET_OP_BALANCE]   = "balance",
    [FLEET_OP_EXPOSE]    = "expose",
};
/* clang-format on */
#define CALLS (int)(sizeof(call_names) / sizeof(call_names[0]))

/* One of the two, as pods and offers have setters of their own; neither: only
 * the types are looked at. */
struct record {
    struct fleet_pod *pod;
    struct fleet_offer *offer;
};

static void put_text(const struct record *record, int field, const char *text)
{
    if (record->pod)
        fleet_pod_set(record->pod, field, text);
    else if (record->offer)
        fleet_offer_set(record->offer, field, text);
}

static void put_number(const struct record *record, int field, int64_t number)
{
    if (record->pod)
        fleet_pod_set_number(record->pod, field, number);
    else if (record->offer)
        fleet_offer_set_number(record->offer, field, number);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "0.27", "-3.5", "12": rounded to whole millionths, by way of tenths. */
static bool parse_decimal(const char *text, int64_t *micros)
{
    int64_t tenths = 0, unit = EXEC_MICROS;
    bool negative = *text == '-';
    size_t digits = 0;

    for (text += negative; is_digit(*text); text++, digits++) {
        tenths = tenths * 10 + (*text - '0') * 10 * EXEC_MICROS;
        if (tenths > 10 * EXEC_MICROS_MAX)
            return false;
    }
    text += *text == '.';
    for (; is_digit(*text); text++, digits++, unit /= 10)
        tenths += (*text - '0') * unit;
    *micros = (tenths + 5) / 10 * (negative ? -1 : 1);
    return digits > 0 && !*text;
}

static bool parse_money(const json_t *value, int64_t *micros)
{
    double number = json_number_value(value) * EXEC_MICROS;

    if (json_is_string(value))
        return parse_decimal(json_string_value(value), micros);
    if (!json_is_number(value) || number < -(double)EXEC_MICROS_MAX ||
        number > (double)EXEC_MICROS_MAX)
        return false;
    *micros = (int64_t)(number + (number < 0 ? -0.5 : 0.5));
    return true;
}

static bool set_text(const struct record *record, int field,
                     const json_t *value)
{
    put_text(record, field, json_string_value(value));
    return json_is_string(value);
}

static bool set_number(const struct record *record, int field,
                       const json_t *value)
{
    put_number(record, field, json_integer_value(value));
    return json_is_integer(value);
}

static bool set_bool(const struct record *record, int field,
                     const json_t *value)
{
    put_number(record, field, json_is_true(value));
    return json_is_boolean(value);
}

static bool set_state(const struct record *record, int field,
                      const json_t *value)
{
    put_number(record, field, fleet_state_from_name(json_string_value(value)));
    return json_is_string(value);
}

static bool set_price(const struct record *record, int field,
                      const json_t *value)
{
    int64_t micros;

    if (!parse_money(value, &micros))
        return false;
    put_number(record, field, micros);
    return true;
}

/* set returns false when the value has the wrong type. Whether it is a good one
 * of its type is the record's to judge. */
static const struct {
    bool (*set)(const struct record *record, int field, const json_t *value);
    const char *wanted;
} kinds[] = {
    [KIND_TEXT] = {set_text, "a string"},
    [KIND_NUMBER] = {set_number, "a whole number"},
    [KIND_BOOL] = {set_bool, "true or false"},
    [KIND_STATE] = {set_state, "a string"},
    [KIND_PRICE] = {set_price, "a number, or a string like \"0.27\""},
    [KIND_ENDPOINT] = {NULL, "an object or null"},
};

/* Returns the key whose value has the wrong type, or NULL. */
static const struct key *fill(const struct record *record,
                              const struct key *keys, const json_t *object)
{
    const struct key *bad = NULL;

    for (; keys->name && !bad; keys++) {
        const json_t *value = json_object_get(object, keys->name);

        if (!value || json_is_null(value))
            continue;
        if (keys->kind != KIND_ENDPOINT)
            bad =
                kinds[keys->kind].set(record, keys->field, value) ? NULL : keys;
        else
            bad = json_is_object(value) ? fill(record, endpoint_keys, value)
                                        : keys;
    }
    return bad;
}

/* "pods[3] ('arena-apple')" */
static void label(char text[EXEC_LABEL_MAX], const char *list, size_t index,
                  const json_t *object)
{
    const char *name = json_string_value(json_object_get(object, "name"));

    if (!name)
        name = json_string_value(json_object_get(object, "id"));
    if (name)
        snprintf(text, EXEC_LABEL_MAX, "%s[%zu] ('%.64s')", list, index, name);
    else
        snprintf(text, EXEC_LABEL_MAX, "%s[%zu]", list, index);
}

static int wrong_type(const struct key *key, const char *where,
                      struct fleet_error *err)
{
    return fleet_fail(err, FLEET_EINTERNAL, "%s: \"%s\" must be %s", where,
                      key->name, kinds[key->kind].wanted);
}

static bool has_id(const json_t *object)
{
    const char *id = json_string_value(json_object_get(object, "id"));

    return id && *id;
}

static int no_json(const json_error_t *error, struct fleet_error *err)
{
    const char *what = "is no JSON";

    switch (json_error_code(error)) {
    case json_error_out_of_memory:
        return fleet_fail(err, FLEET_ENOMEM, "out of memory");
    case json_error_invalid_utf8:
        what = "is not UTF-8";
        break;
    case json_error_duplicate_key:
        what = "has a key twice";
        break;
    case json_error_numeric_overflow:
        what = "has a number that is too large";
        break;
    default:
        break;
    }
    return fleet_fail(err, FLEET_EINTERNAL, "%s (byte %d)", what,
                      error->position);
}

/* The parser calls itself for each level, and the threads that plugins run on
 * have small stacks. Up to the first mistake this counts as a parser would. */
static bool too_deep(const char *line, size_t len)
{
    bool quoted = false;
    int depth = 0;

    for (size_t i = 0; i < len && depth <= EXEC_DEPTH_MAX; i++) {
        char c = line[i];

        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '[' || c == '{'))
            depth++;
        else if (!quoted && (c == ']' || c == '}'))
            depth--;
    }
    return depth > EXEC_DEPTH_MAX;
}

int exec_answer_parse(const char *line, size_t len, int64_t id, json_t **answer,
                      struct fleet_error *err)
{
    json_auto_t *root = NULL;
    const json_t *number;
    json_error_t error;

    if (too_deep(line, len))
        return fleet_fail(err, FLEET_EINTERNAL, "is nested too deeply");
    root = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return no_json(&error, err);
    number = json_object_get(root, "id");
    if (!json_is_object(root))
        return fleet_fail(err, FLEET_EINTERNAL, "is no JSON object");
    if (!json_is_integer(number))
        return fleet_fail(err, FLEET_EINTERNAL, "has no \"id\"");
    if (json_integer_value(number) != id)
        return fleet_fail(err, FLEET_EINTERNAL,
                          "has \"id\" %" JSON_INTEGER_FORMAT
                          " where the request had %lld",
                          json_integer_value(number), (long long)id);
    if (!json_is_boolean(json_object_get(root, "ok")))
        return fleet_fail(err, FLEET_EINTERNAL,
                          "has no \"ok\" that is true or false");
    *answer = json_incref(root);
    return FLEET_OK;
}

static int32_t retry_ms(const json_t *seconds)
{
    double value = json_number_value(seconds);

    if (!json_is_number(seconds) || !(value >= 0))
        return 0;
    return (int32_t)(1000 *
                     (value < EXEC_RETRY_MAX_S ? value : EXEC_RETRY_MAX_S));
}

int exec_answer_verdict(const json_t *answer, const char **message,
                        int32_t *retry)
{
    const json_t *error = json_object_get(answer, "error");
    const char *name = json_string_value(json_object_get(error, "code"));
    const char *text = json_string_value(json_object_get(error, "message"));

    if (json_is_true(json_object_get(answer, "ok")))
        return FLEET_OK;
    if (!text || !*text)
        text = name && *name ? name : "it failed and does not say why";
    *message = text;
    *retry = retry_ms(json_object_get(error, "retry_after_s"));
    return fleet_code_from_name(name);
}

const char *exec_call_name(int op)
{
    return call_names[op];
}

static int op_of(const char *name)
{
    for (int op = FLEET_OP_LIST; name && op < CALLS; op++)
        if (strcmp(name, call_names[op]) == 0)
            return op;
    return 0;
}

int exec_answer_abilities(const json_t *answer, uint64_t *abilities,
                          const char **unknown, struct fleet_error *err)
{
    const json_t *list = json_object_get(answer, "abilities");
    uint64_t found = FLEET_CAN(FLEET_OP_LIST);
    const char *odd = NULL;

    if (list && !json_is_array(list))
        return fleet_fail(err, FLEET_EINTERNAL,
                          "\"abilities\" must be a list of strings");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        int op = op_of(name);

        if (!name)
            return fleet_fail(err, FLEET_EINTERNAL,
                              "abilities[%zu] must be a string", i);
        if (op)
            found |= FLEET_CAN(op);
        else
            odd = name;
    }
    *abilities = found;
    *unknown = odd;
    return FLEET_OK;
}

static int read_effect(const json_t *object, size_t index,
                       struct fleet_effect *effect, struct fleet_error *err)
{
    const char *call = json_string_value(json_object_get(object, "call"));
    const char *text = json_string_value(json_object_get(object, "text"));

    if (!call || !text || !*text || strlen(text) > EFFECT_TEXT_MAX)
        return fleet_fail(err, FLEET_EINTERNAL,
                          "effects[%zu] must have a call and a text of at most "
                          "%d bytes",
                          index, EFFECT_TEXT_MAX);
    effect->op = (uint32_t)op_of(call);
    effect->text = text;
    effect->flags = 0;
    if (json_is_true(json_object_get(object, "wipes")))
        effect->flags |= FLEET_EFFECT_WIPES;
    if (json_is_true(json_object_get(object, "bills")))
        effect->flags |= FLEET_EFFECT_BILLS;
    return FLEET_OK;
}

int exec_answer_effects(const json_t *answer, struct fleet_effect **effects,
                        struct fleet_error *err)
{
    const json_t *list = json_object_get(answer, "effects");
    size_t n = json_array_size(list), known = 0;
    struct fleet_effect *made;
    int rc = FLEET_OK;

    if (list && (!json_is_array(list) || n > EFFECTS_MAX))
        return fleet_fail(err, FLEET_EINTERNAL,
                          "\"effects\" must be a list of at most %d",
                          EFFECTS_MAX);
    made = calloc(n + 1, sizeof(*made));
    if (!made)
        return fleet_fail(err, FLEET_ENOMEM, "out of memory");
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = read_effect(json_array_get(list, i), i, &made[known], err);
        known += rc == 0 && made[known].op != 0;
    }
    made[known].op = 0;
    if (rc == 0)
        *effects = made;
    else
        free(made);
    return rc;
}

static const json_t *array(const json_t *answer, const char *key,
                           struct fleet_error *err)
{
    const json_t *list = json_object_get(answer, key);

    if (json_is_array(list))
        return list;
    fleet_fail(err, FLEET_EINTERNAL, "has no list \"%s\"", key);
    return NULL;
}

static int fill_element(const struct record *record, const struct key *keys,
                        const char *list, size_t index, const json_t *object,
                        struct fleet_error *err)
{
    const struct key *bad = fill(record, keys, object);
    char where[EXEC_LABEL_MAX];

    if (!bad && (record->offer || has_id(object)))
        return FLEET_OK;
    label(where, list, index, object);
    if (bad)
        return wrong_type(bad, where, err);
    return fleet_fail(err, FLEET_EINTERNAL, "%s has no \"id\"", where);
}

int exec_answer_pods(const json_t *answer, struct fleet_sink *pods,
                     struct fleet_error *err)
{
    const json_t *list = array(answer, "pods", err);
    int rc = list ? FLEET_OK : FLEET_EINTERNAL;

    for (size_t i = 0; i < json_array_size(list) && !rc; i++) {
        struct record record = {.pod = fleet_sink_pod(pods)};

        if (!record.pod)
            return fleet_fail(err, FLEET_ENOMEM, "no room for pods[%zu]", i);
        rc = fill_element(&record, pod_keys, "pods", i, json_array_get(list, i),
                          err);
    }
    return rc;
}

int exec_answer_pod(const json_t *answer, struct fleet_pod *pod,
                    struct fleet_error *err)
{
    const json_t *object = json_object_get(answer, "pod");
    const struct key *bad = fill(&(struct record){0}, pod_keys, object);

    if (json_is_null(object))
        return fleet_fail(err, FLEET_ENOTFOUND, "is that there is no such pod");
    if (bad)
        return wrong_type(bad, "pod", err);
    if (!has_id(object))
        return fleet_fail(err, FLEET_EINTERNAL,
                          "has no \"pod\" with an \"id\"");
    fill(&(struct record){.pod = pod}, pod_keys, object);
    return FLEET_OK;
}

int exec_answer_offers(const json_t *answer, struct fleet_sink *offers,
                       struct fleet_error *err)
{
    const json_t *list = array(answer, "offers", err);
    int rc = list ? FLEET_OK : FLEET_EINTERNAL;

    for (size_t i = 0; i < json_array_size(list) && !rc; i++) {
        struct record record = {.offer = fleet_sink_offer(offers)};

        if (!record.offer)
            return fleet_fail(err, FLEET_ENOMEM, "no room for offers[%zu]", i);
        rc = fill_element(&record, offer_keys, "offers", i,
                          json_array_get(list, i), err);
    }
    return rc;
}

int exec_answer_balance(const json_t *answer, int64_t *micros, char currency[8],
                        struct fleet_error *err)
{
    const json_t *word = json_object_get(answer, "currency");
    const char *text = word ? json_string_value(word) : "USD";
    int64_t value;

    if (!parse_money(json_object_get(answer, "balance"), &value))
        return fleet_fail(err, FLEET_EINTERNAL, "\"balance\" must be %s",
                          kinds[KIND_PRICE].wanted);
    if (!text || strlen(text) != 3)
        return fleet_fail(err, FLEET_EINTERNAL,
                          "\"currency\" must be a string like \"USD\"");
    *micros = value;
    memcpy(currency, text, 4);
    return FLEET_OK;
}
