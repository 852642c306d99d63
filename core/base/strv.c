/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/strv.h"

#include <fleet/error.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Room for one more and the NULL behind it. */
static int grow(struct fl_strv *list)
{
    size_t size = list->size ? list->size * 2 : 8;
    char **at;

    if (list->n + 2 <= list->size)
        return FLEET_OK;
    at = reallocarray(list->at, size, sizeof(*at));
    if (!at)
        return FLEET_ENOMEM;
    list->at = at;
    list->size = size;
    return FLEET_OK;
}

int fl_strv_take(struct fl_strv *list, char *text)
{
    if (!text)
        return FLEET_ENOMEM;
    if (grow(list) < 0) {
        free(text);
        return FLEET_ENOMEM;
    }
    list->at[list->n++] = text;
    list->at[list->n] = NULL;
    return FLEET_OK;
}

int fl_strv_add(struct fl_strv *list, const char *text)
{
    return fl_strv_take(list, strdup(text));
}

int fl_strv_add_n(struct fl_strv *list, const char *text, size_t len)
{
    return fl_strv_take(list, strndup(text, len));
}

int fl_strv_split(struct fl_strv *list, const char *text,
                  const char *separators)
{
    for (;;) {
        size_t len;
        int rc;

        text += strspn(text, separators);
        if (!*text)
            return FLEET_OK;
        len = strcspn(text, separators);
        rc = fl_strv_add_n(list, text, len);
        if (rc < 0)
            return rc;
        text += len;
    }
}

bool fl_strv_has(const struct fl_strv *list, const char *text)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->at[i], text) == 0)
            return true;
    return false;
}

void fl_strv_clear(struct fl_strv *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->at[i]);
    free(list->at);
    *list = (struct fl_strv){0};
}
