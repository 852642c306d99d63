/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/record.h"

#include "core/base/text.h"
#include "core/model/shape.h"

#include <fleet/log.h>
#include <string.h>

static const char no_memory[] = "out of memory";
#define COUNT(list_) (int)(sizeof(list_) / sizeof((list_)[0]))

union value {
    char *text;
    int64_t number;
};
/* What struct fleet_pod, fleet_offer and fleet_spec really are: those three are
 * never completed, so that the compiler keeps them apart. */
struct record {
    const struct fl_shape *shape;
    char *fault;  /* no_memory or allocated */
    uint64_t set; /* bit per field, from bit 0 */
    union value values[];
};

static struct record *record_new(const struct fl_shape *shape)
{
    struct record *record =
        calloc(1, sizeof(*record) + (size_t)shape->count * sizeof(union value));

    if (record)
        record->shape = shape;
    return record;
}

static bool has(const struct record *record, int field)
{
    return record && field >= 1 && field <= record->shape->count &&
           record->set >> (field - 1) & 1;
}

static bool is_text(const struct record *record, int field)
{
    return record->shape->fields[field - 1].type == FL_FIELD_TEXT;
}

static void unset(struct record *record, int field)
{
    if (has(record, field) && is_text(record, field))
        free(record->values[field - 1].text);
    record->set &= ~(UINT64_C(1) << (field - 1));
}

static void record_free(struct record *record)
{
    if (!record)
        return;
    for (int field = 1; field <= record->shape->count; field++)
        unset(record, field);
    if (record->fault != no_memory)
        free(record->fault);
    free(record);
}

/* The first one stays, but for want of memory: that is nobody's fault. */
static void add_fault(struct record *record, int field, const char *problem)
{
    char *text;

    if (record->fault && problem != no_memory)
        return;
    text = problem == no_memory
               ? NULL
               : fl_format("%s: %s", record->shape->fields[field - 1].name,
                           problem);
    if (record->fault != no_memory)
        free(record->fault);
    record->fault = text ? text : (char *)no_memory;
}

/* Fields of a newer plugin are nothing to complain about. */
static const struct fl_field *known_field(const struct record *record,
                                          int field)
{
    if (!record)
        return NULL;
    if (field >= 1 && field <= record->shape->count)
        return &record->shape->fields[field - 1];
    fleet_log(FLEET_LOG_INFO, "record",
              "field %d of a %s is not known to this fleet: ignored", field,
              record->shape->noun);
    return NULL;
}

static void put_text(struct record *record, int field, char *text)
{
    unset(record, field);
    record->values[field - 1].text = text;
    record->set |= UINT64_C(1) << (field - 1);
}

static void put_number(struct record *record, int field, int64_t number)
{
    record->values[field - 1].number = number;
    record->set |= UINT64_C(1) << (field - 1);
}

static void refuse(struct record *record, int field, const char *problem)
{
    unset(record, field);
    add_fault(record, field, problem);
}

/* C0, DEL and C1 in text that is known to be UTF-8. */
static bool has_control(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        if (*at < 0x20 || *at == 0x7f ||
            (at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0))
            return true;
    }
    return false;
}

static const char *text_problem(const struct fl_field *field, const char *text)
{
    size_t len;

    if (field->type != FL_FIELD_TEXT)
        return "is a number, not a text";
    len = strnlen(text, (size_t)field->max + 1);
    if (len > field->max)
        return "too long";
    if (!fl_utf8_valid(text, len))
        return "not UTF-8";
    if (has_control(text))
        return "holds a control character";
    return field->check ? field->check(text) : NULL;
}

static void record_set(struct record *record, int field, const char *text)
{
    const struct fl_field *known = known_field(record, field);
    const char *problem;
    char *copy;

    if (!known)
        return;
    if (!text || !*text) {
        unset(record, field);
        return;
    }
    problem = text_problem(known, text);
    if (problem) {
        refuse(record, field, problem);
        return;
    }
    copy = strdup(text); /* before the old one goes: it may be that one */
    if (copy)
        put_text(record, field, copy);
    else
        refuse(record, field, no_memory);
}

static void record_set_number(struct record *record, int field, int64_t number)
{
    const struct fl_field *known = known_field(record, field);

    if (!known)
        return;
    if (known->type == FL_FIELD_TEXT)
        refuse(record, field, "is a text, not a number");
    else if (number < known->low || number > known->high)
        refuse(record, field, "out of range");
    else
        put_number(record, field, number);
}

static const char *record_get(const struct record *record, int field)
{
    return has(record, field) && is_text(record, field)
               ? record->values[field - 1].text
               : NULL;
}

static int64_t record_get_number(const struct record *record, int field,
                                 int64_t fallback)
{
    return has(record, field) && !is_text(record, field)
               ? record->values[field - 1].number
               : fallback;
}

/* Values were checked when they were set in FROM, which has the same shape. */
static void record_merge(struct record *record, const struct record *from)
{
    for (int field = 1; field <= from->shape->count; field++) {
        if (!has(from, field))
            continue;
        if (is_text(from, field))
            record_set(record, field, record_get(from, field));
        else
            put_number(record, field, record_get_number(from, field, 0));
    }
}

static struct record *record_copy(const struct record *record)
{
    struct record *copy;

    if (!record)
        return NULL;
    copy = record_new(record->shape);
    if (!copy)
        return NULL;
    record_merge(copy, record);
    if (copy->fault) { /* nothing but memory can be in the way */
        record_free(copy);
        return NULL;
    }
    if (record->fault && record->fault != no_memory)
        copy->fault = strdup(record->fault);
    if (record->fault && !copy->fault)
        copy->fault = (char *)no_memory;
    return copy;
}

struct fleet_pod *fl_pod_new(void)
{
    return (struct fleet_pod *)record_new(&fl_pod_shape);
}

struct fleet_pod *fl_pod_copy(const struct fleet_pod *pod)
{
    return (struct fleet_pod *)record_copy((const struct record *)pod);
}

void fl_pod_free(struct fleet_pod *pod)
{
    record_free((struct record *)pod);
}

void fleet_pod_set(struct fleet_pod *pod, int field, const char *value)
{
    record_set((struct record *)pod, field, value);
}

void fleet_pod_set_number(struct fleet_pod *pod, int field, int64_t value)
{
    record_set_number((struct record *)pod, field, value);
}

const char *fleet_pod_get(const struct fleet_pod *pod, int field)
{
    return record_get((const struct record *)pod, field);
}

int64_t fleet_pod_get_number(const struct fleet_pod *pod, int field,
                             int64_t fallback)
{
    return record_get_number((const struct record *)pod, field, fallback);
}

const char *fl_pod_fault(const struct fleet_pod *pod)
{
    return ((const struct record *)pod)->fault;
}

bool fl_pod_starved(const struct fleet_pod *pod)
{
    return fl_pod_fault(pod) == no_memory;
}

bool fl_pod_is_set(const struct fleet_pod *pod, int field)
{
    return has((const struct record *)pod, field);
}

enum fleet_state fl_pod_state(const struct fleet_pod *pod)
{
    return (enum fleet_state)fleet_pod_get_number(pod, FLEET_POD_STATE,
                                                  FLEET_STATE_UNKNOWN);
}

void fl_pod_merge(struct fleet_pod *pod, const struct fleet_pod *from)
{
    record_merge((struct record *)pod, (const struct record *)from);
}

void fl_pod_renew(struct fleet_pod *pod, const struct fleet_pod *fresh)
{
    fleet_pod_set(pod, FLEET_POD_SSH_HOST, NULL);
    fl_pod_merge(pod, fresh);
}

struct fleet_offer *fl_offer_new(void)
{
    return (struct fleet_offer *)record_new(&fl_offer_shape);
}

struct fleet_offer *fl_offer_copy(const struct fleet_offer *offer)
{
    return (struct fleet_offer *)record_copy((const struct record *)offer);
}

void fl_offer_free(struct fleet_offer *offer)
{
    record_free((struct record *)offer);
}

void fleet_offer_set(struct fleet_offer *offer, int field, const char *value)
{
    record_set((struct record *)offer, field, value);
}

void fleet_offer_set_number(struct fleet_offer *offer, int field, int64_t value)
{
    record_set_number((struct record *)offer, field, value);
}

const char *fl_offer_get(const struct fleet_offer *offer, int field)
{
    return record_get((const struct record *)offer, field);
}

int64_t fl_offer_get_number(const struct fleet_offer *offer, int field,
                            int64_t fallback)
{
    return record_get_number((const struct record *)offer, field, fallback);
}

const char *fl_offer_fault(const struct fleet_offer *offer)
{
    return ((const struct record *)offer)->fault;
}

struct fleet_spec *fl_spec_new(void)
{
    return (struct fleet_spec *)record_new(&fl_spec_shape);
}

struct fleet_spec *fl_spec_copy(const struct fleet_spec *spec)
{
    return (struct fleet_spec *)record_copy((const struct record *)spec);
}

void fl_spec_free(struct fleet_spec *spec)
{
    record_free((struct record *)spec);
}

void fl_spec_set(struct fleet_spec *spec, int field, const char *value)
{
    record_set((struct record *)spec, field, value);
}

void fl_spec_set_number(struct fleet_spec *spec, int field, int64_t value)
{
    record_set_number((struct record *)spec, field, value);
}

const char *fleet_spec_get(const struct fleet_spec *spec, int field)
{
    return record_get((const struct record *)spec, field);
}

int64_t fleet_spec_get_number(const struct fleet_spec *spec, int field,
                              int64_t fallback)
{
    return record_get_number((const struct record *)spec, field, fallback);
}

const char *fl_spec_fault(const struct fleet_spec *spec)
{
    return ((const struct record *)spec)->fault;
}

void fl_sink_init(struct fleet_sink *sink, bool wants_offers, size_t max)
{
    memset(sink, 0, sizeof(*sink));
    sink->wants_offers = wants_offers;
    sink->max = max;
}

void fl_sink_clear(struct fleet_sink *sink)
{
    for (size_t i = 0; i < sink->n; i++) {
        if (sink->wants_offers)
            fl_offer_free(sink->offers[i]);
        else
            fl_pod_free(sink->pods[i]);
    }
    free(sink->pods);
    free(sink->offers);
    fl_sink_init(sink, sink->wants_offers, sink->max);
}

/* Room for one more in the list of pointers at *LIST; false: none to be had. */
static bool sink_room(struct fleet_sink *sink, bool offer, void **list)
{
    size_t size = sink->size ? 2 * sink->size : 16;
    void *more;

    if (!sink->failed && (offer != sink->wants_offers || sink->n >= sink->max))
        sink->failed = FLEET_EINVALID;
    if (sink->failed || sink->n < sink->size)
        return !sink->failed;
    more = reallocarray(*list, size, sizeof(void *));
    if (!more) {
        sink->failed = FLEET_ENOMEM;
        return false;
    }
    *list = more;
    sink->size = size;
    return true;
}

struct fleet_pod *fleet_sink_pod(struct fleet_sink *sink)
{
    void *list = sink->pods;
    struct fleet_pod *pod;

    if (!sink_room(sink, false, &list))
        return NULL;
    sink->pods = list;
    pod = fl_pod_new();
    if (pod)
        sink->pods[sink->n++] = pod;
    else
        sink->failed = FLEET_ENOMEM;
    return pod;
}

struct fleet_offer *fleet_sink_offer(struct fleet_sink *sink)
{
    void *list = sink->offers;
    struct fleet_offer *offer;

    if (!sink_room(sink, true, &list))
        return NULL;
    sink->offers = list;
    offer = fl_offer_new();
    if (offer)
        sink->offers[sink->n++] = offer;
    else
        sink->failed = FLEET_ENOMEM;
    return offer;
}

static const char *const state_names[] = {
    [FLEET_STATE_UNKNOWN] = "unknown",
    [FLEET_STATE_PENDING] = "pending",
    [FLEET_STATE_RUNNING] = "running",
    [FLEET_STATE_STOPPING] = "stopping",
    [FLEET_STATE_STOPPED] = "stopped",
    [FLEET_STATE_TERMINATING] = "terminating",
    [FLEET_STATE_GONE] = "gone",
    [FLEET_STATE_FAILED] = "failed",
};

const char *fleet_state_name(int state)
{
    return state >= 0 && state < COUNT(state_names) ? state_names[state]
                                                    : "unknown";
}

int fleet_state_from_name(const char *name)
{
    for (int i = 0; name && i < COUNT(state_names); i++) {
        if (strcmp(state_names[i], name) == 0)
            return i;
    }
    return FLEET_STATE_UNKNOWN;
}
