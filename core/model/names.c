/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/names.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/model/shown.h"

#include <stdint.h>
#include <string.h>

#define LETTERS_DIGITS "abcdefghijklmnopqrstuvwxyz0123456789"

bool fl_name_valid(const char *name)
{
    size_t len = strspn(name, LETTERS_DIGITS "-");

    return len > 0 && len <= FL_NAME_MAX && !name[len] && name[0] != '-' &&
           name[len - 1] != '-';
}

int fl_name_check(const char *what, const char *name, struct fleet_error *err)
{
    char shown[FL_SHOWN_SIZE];

    if (fl_name_valid(name))
        return FLEET_OK;
    fl_shown(shown, name);
    if (strlen(name) > FL_NAME_MAX)
        return fleet_fail(err, FLEET_EINVALID,
                          "%s '%s' has %zu characters; the limit is %d", what,
                          shown, strlen(name), FL_NAME_MAX);
    return fleet_fail(err, FLEET_EINVALID,
                      "%s '%s' is not allowed: use a-z, 0-9 and, inside, -",
                      what, shown);
}

/* "MACHINE_NAME_LIST: name 3 '...': ..." */
static int check_entry(const struct fl_cohort *cohort, size_t i,
                       struct fleet_error *err)
{
    const char *name = cohort->names.at[i];
    size_t full = strlen(cohort->prefix) + 1 + strlen(name);

    if (fl_name_check("name", name, err) < 0) {
        fl_error_in(err, "MACHINE_NAME_LIST, entry %zu", i + 1);
        err->code = FLEET_ECONFIG;
        return FLEET_ECONFIG;
    }
    if (full > FL_NAME_MAX)
        return fleet_fail(err, FLEET_ECONFIG,
                          "MACHINE_NAME_LIST, entry %zu: '%s-%s' has %zu "
                          "characters; the limit is %d, so shorten the name "
                          "or MACHINE_NAME_PREFIX",
                          i + 1, cohort->prefix, name, full, FL_NAME_MAX);
    return FLEET_OK;
}

static int index_entry(struct fl_cohort *cohort, size_t i,
                       struct fleet_error *err)
{
    const char *name = cohort->names.at[i];
    bool was = false;

    /* positions count from 1, so that none of them is NULL */
    if (fl_map_add(&cohort->index, name, (void *)(uintptr_t)(i + 1), &was) < 0)
        return fl_enomem(err);
    if (was)
        return fleet_fail(err, FLEET_ECONFIG,
                          "MACHINE_NAME_LIST, entry %zu: '%s' is entry %zu "
                          "already; remove one of them",
                          i + 1, name, fl_cohort_index(cohort, name) + 1);
    return FLEET_OK;
}

static int copy_names(struct fl_cohort *cohort, const struct fl_strv *names)
{
    const char *const *from = fl_builtin_names;

    if (names && names->n > 0)
        from = (const char *const *)names->at;
    for (; *from; from++) {
        if (fl_strv_add(&cohort->names, *from) < 0)
            return FLEET_ENOMEM;
    }
    return FLEET_OK;
}

int fl_cohort_init(struct fl_cohort *cohort, const char *prefix,
                   const struct fl_strv *names, struct fleet_error *err)
{
    FL_AUTO(fl_cohort_clear) struct fl_cohort made = {0};
    struct fleet_error why = {0};
    int rc = fl_name_check("prefix", prefix, &why);

    if (rc < 0)
        return fleet_fail(err, FLEET_ECONFIG, "MACHINE_NAME_PREFIX: %s",
                          why.text);
    made.prefix = strdup(prefix);
    if (!made.prefix || copy_names(&made, names) < 0)
        return fl_enomem(err);
    for (size_t i = 0; rc == 0 && i < made.names.n; i++) {
        rc = check_entry(&made, i, &why);
        if (rc == 0)
            rc = index_entry(&made, i, &why);
    }
    if (rc < 0) {
        if (err)
            *err = why;
        return rc;
    }
    *cohort = made;
    made = (struct fl_cohort){0};
    return FLEET_OK;
}

void fl_cohort_clear(struct fl_cohort *cohort)
{
    if (!cohort)
        return;
    fl_map_clear(&cohort->index);
    fl_strv_clear(&cohort->names);
    free(cohort->prefix);
    *cohort = (struct fl_cohort){0};
}

char *fl_cohort_full(const struct fl_cohort *cohort, const char *short_name)
{
    return fl_format("%s-%s", cohort->prefix, short_name);
}

static const char proxy_word[] = "proxy.";

char *fl_cohort_proxy(const struct fl_cohort *cohort)
{
    return fl_format("%s%s", proxy_word, cohort->prefix);
}

bool fl_cohort_is_proxy(const struct fl_cohort *cohort, const char *name)
{
    size_t len = strlen(proxy_word);

    return strncmp(name, proxy_word, len) == 0 &&
           strcmp(name + len, cohort->prefix) == 0;
}

const char *fl_cohort_short(const struct fl_cohort *cohort, const char *name)
{
    size_t len = strlen(cohort->prefix);

    if (strncmp(name, cohort->prefix, len) != 0 || name[len] != '-' ||
        !name[len + 1])
        return NULL;
    return name + len + 1;
}

size_t fl_cohort_index(const struct fl_cohort *cohort, const char *short_name)
{
    uintptr_t at = (uintptr_t)fl_map_get(&cohort->index, short_name);

    return at ? (size_t)at - 1 : SIZE_MAX;
}
