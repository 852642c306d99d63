/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/hetzner/choice.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define STAMP_LEN 19 /* "2026-11-20T09:00:00", all are in UTC */

static bool name_copy(char out[CHOICE_NAME_MAX], const char *text, size_t len)
{
    if (len == 0 || len >= CHOICE_NAME_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)text[i]) && !strchr("-_.", text[i]))
            return false;
        out[i] = (char)tolower((unsigned char)text[i]);
    }
    out[len] = '\0';
    return true;
}

static bool split(const char *text, size_t len, struct choice *out)
{
    const char *at = memchr(text, '@', len);
    size_t type_len = at ? (size_t)(at - text) : len;

    out->location[0] = '\0';
    return name_copy(out->type, text, type_len) &&
           (!at || name_copy(out->location, at + 1, len - type_len - 1));
}

bool choice_read(const char *text, struct choice *out)
{
    return text && split(text, strlen(text), out) && out->location[0];
}

void choice_text(const struct choice *choice, char out[CHOICE_TEXT_MAX])
{
    snprintf(out, CHOICE_TEXT_MAX, "%s@%s", choice->type, choice->location);
}

static bool is_there(const struct choices *choices, const struct choice *choice)
{
    for (size_t i = 0; i < choices->n; i++) {
        if (strcmp(choices->at[i].type, choice->type) == 0 &&
            strcmp(choices->at[i].location, choice->location) == 0)
            return true;
    }
    return false;
}

static int add(struct choices *choices, const struct choice *choice,
               struct fleet_error *err)
{
    struct choice *more;

    if (is_there(choices, choice))
        return FLEET_OK;
    more = reallocarray(choices->at, choices->n + 1, sizeof(*more));
    if (!more)
        return api_enomem(err);
    choices->at = more;
    choices->at[choices->n++] = *choice;
    return FLEET_OK;
}

/* Calls for each line that is not empty. */
#define EACH_LINE(at_, len_, text_)                                            \
    for (const char *at_ = (text_) ? (text_) : "";                             \
         (len_ = strcspn(at_, "\n"), *at_); at_ += len_ + (at_[len_] ? 1 : 0))

static int add_everywhere(struct choices *choices, struct choice *choice,
                          const char *locations, struct fleet_error *err)
{
    size_t len;
    int rc = FLEET_OK;

    EACH_LINE(at, len, locations)
    {
        if (len == 0)
            continue;
        if (!name_copy(choice->location, at, len))
            return fleet_fail(err, FLEET_ECONFIG,
                              "HETZNER_LOCATION: '%.*s' is no name of a "
                              "location",
                              (int)(len < 80 ? len : 80), at);
        rc = add(choices, choice, err);
        if (rc < 0)
            return rc;
    }
    return rc;
}

static int add_line(struct choices *choices, const char *at, size_t len,
                    const char *locations, struct fleet_error *err)
{
    struct choice choice;

    if (len == 0)
        return FLEET_OK;
    if (!split(at, len, &choice))
        return fleet_fail(err, FLEET_ECONFIG,
                          "HETZNER_SERVER_TYPE: '%.*s' is not TYPE or "
                          "TYPE@LOCATION",
                          (int)(len < 80 ? len : 80), at);
    if (choice.location[0])
        return add(choices, &choice, err);
    return add_everywhere(choices, &choice, locations, err);
}

int choices_read(const char *types, const char *locations, struct choices *out,
                 struct fleet_error *err)
{
    struct choices read = {0};
    size_t len;
    int rc = FLEET_OK;

    EACH_LINE(at, len, types)
    {
        rc = add_line(&read, at, len, locations, err);
        if (rc < 0) {
            choices_clear(&read);
            return rc;
        }
    }
    if (read.n == 0)
        return fleet_fail(err, FLEET_ECONFIG,
                          "HETZNER_SERVER_TYPE and HETZNER_LOCATION name "
                          "nothing to try");
    *out = read;
    return FLEET_OK;
}

void choices_clear(struct choices *choices)
{
    free(choices->at);
    *choices = (struct choices){0};
}

static const json_t *named(const json_t *list, const char *name)
{
    const json_t *entry;
    size_t i;

    json_array_foreach(list, i, entry)
    {
        const char *has = api_text(entry, "name");

        if (has && strcasecmp(has, name) == 0)
            return entry;
    }
    return NULL;
}

const json_t *choice_type(const json_t *types, const char *name)
{
    return named(types, name);
}

enum choice_fit choice_fits(const json_t *type, const char *location,
                            const char *now)
{
    const json_t *places = json_object_get(type, "locations");
    const json_t *place = named(places, location);
    const char *ends =
        api_text(api_object(place, "deprecation"), "unavailable_after");

    if (!json_is_array(places)) /* does not say: trying tells */
        return CHOICE_FITS;
    if (!place)
        return CHOICE_ABSENT;
    if (ends && strlen(ends) >= STAMP_LEN && strncmp(ends, now, STAMP_LEN) < 0)
        return CHOICE_EXPIRED;
    return json_is_false(json_object_get(place, "available")) ? CHOICE_SCARCE
                                                              : CHOICE_FITS;
}
