/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/slots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- one ---- */

void slot_key(int number, char out[SLOT_KEY])
{
    snprintf(out, SLOT_KEY, "fleet-wanted-%02d", number);
}

int slot_text(const struct slot *slot, char out[SLOT_TEXT],
              struct fleet_error *err)
{
    if (!*slot->token || !*slot->name || strchr(slot->token, ' ') ||
        strchr(slot->name, ' '))
        return fleet_fail(err, FLEET_EINVALID,
                          "a name or token that a group cannot keep");
    snprintf(out, SLOT_TEXT, "%s %s %lld", slot->token, slot->name,
             (long long)slot->since);
    return FLEET_OK;
}

const char *slots_tag(const json_t *group, const char *key)
{
    const json_t *tag;
    size_t i;

    json_array_foreach(xml_list(group, "Tags"), i, tag)
    {
        const char *has = api_text(tag, "Key");

        if (has && strcmp(has, key) == 0)
            return api_text(tag, "Value");
    }
    return NULL;
}

/* A word of TEXT, which moves behind it; false: none, or one too long. */
static bool take_word(const char **text, char *out, size_t size)
{
    size_t len = strcspn(*text, " ");

    if (len == 0 || len >= size)
        return false;
    memcpy(out, *text, len);
    out[len] = '\0';
    *text += len + ((*text)[len] == ' ');
    return true;
}

static bool read_slot(const json_t *group, int number, struct slot *out)
{
    char key[SLOT_KEY], since[24];
    struct slot slot = {.number = number};
    const char *text;

    slot_key(number, key);
    text = slots_tag(group, key);
    if (!text || !take_word(&text, slot.token, sizeof(slot.token)) ||
        !take_word(&text, slot.name, sizeof(slot.name)) ||
        !take_word(&text, since, sizeof(since)) ||
        strspn(since, "0123456789") != strlen(since))
        return false;
    slot.since = strtoll(since, NULL, 10);
    *out = slot;
    return true;
}

bool slot_find(const json_t *group, const char *token, struct slot *out)
{
    struct slot slot;

    for (int i = 0; i < SLOTS; i++) {
        if (read_slot(group, i, &slot) && strcmp(slot.token, token) == 0) {
            *out = slot;
            return true;
        }
    }
    return false;
}

static bool is_stale(const struct slot *slot, int64_t now)
{
    return now - slot->since > SLOT_STALE_S;
}

int slot_free(const json_t *group, int from, int64_t now)
{
    struct slot slot;

    for (int i = from; i < SLOTS; i++) {
        if (!read_slot(group, i, &slot) || is_stale(&slot, now))
            return i;
    }
    return -1;
}

/* ---- all of a group ---- */

int64_t slots_live(const json_t *group)
{
    static const char *const leaving[] = {
        "Terminat", "Detach", "EnteringStandby", "Standby", "Warmed"};
    const json_t *member;
    int64_t n = 0;
    size_t i;

    json_array_foreach(xml_list(group, "Instances"), i, member)
    {
        const char *state = api_text(member, "LifecycleState");
        bool counts = true;

        for (size_t k = 0; state && k < 5; k++)
            counts =
                counts && strncmp(state, leaving[k], strlen(leaving[k])) != 0;
        n += counts;
    }
    return n;
}

const json_t *slots_holder(const json_t *members, const char *token)
{
    const json_t *instance;
    size_t i;

    json_array_foreach(members, i, instance)
    {
        const char *has = parse_tag(instance, TAG_TOKEN);

        if (has && strcmp(has, token) == 0)
            return instance;
    }
    return NULL;
}

static const char *text_of(const json_t *instance, const char *key)
{
    const char *text = api_text(instance, key);

    return text ? text : "";
}

static int newer_first(const void *one, const void *two)
{
    const json_t *const *a = one, *const *b = two;
    int order = strcmp(text_of(*b, "launchTime"), text_of(*a, "launchTime"));

    return order ? order
                 : strcmp(text_of(*b, "instanceId"), text_of(*a, "instanceId"));
}

json_t *slots_unnamed(const json_t *members)
{
    size_t n = 0, i;
    AUTO_FREE json_t **list =
        calloc(json_array_size(members) + 1, sizeof(*list));
    json_t *into = json_array(), *instance;

    json_array_foreach((json_t *)members, i, instance)
    {
        if (list && !parse_is_leaving(instance) &&
            !parse_tag(instance, TAG_NAME) && api_text(instance, "instanceId"))
            list[n++] = instance;
    }
    if (list && n > 0)
        qsort(list, n, sizeof(*list), newer_first);
    for (i = 0; list && i < n; i++)
        json_array_append(into, list[i]);
    if (list && json_array_size(into) == n)
        return into;
    json_decref(into);
    return NULL;
}

size_t slots_open(const json_t *group, const json_t *members, int64_t now)
{
    struct slot slot;
    size_t n = 0;

    for (int i = 0; i < SLOTS; i++)
        n += read_slot(group, i, &slot) && !is_stale(&slot, now) &&
             !slots_holder(members, slot.token);
    return n;
}
