/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/authkeys.h"

#include "core/base/error.h"
#include "core/base/map.h"
#include "core/model/person.h"

#include <string.h>

#define BEGIN "cert-authority,principals=\""

void fl_authkeys_change_clear(struct fl_authkeys_change *change)
{
    fl_strv_clear(&change->added);
    fl_strv_clear(&change->removed);
    fl_strv_clear(&change->renewed);
    fl_strv_clear(&change->principals);
    *change = (struct fl_authkeys_change){0};
}

bool fl_authkeys_changed(const struct fl_authkeys_change *change)
{
    return change->added.n + change->removed.n + change->renewed.n > 0;
}

/* One merge, line by line. */
struct merge {
    const struct fl_authkeys_want *want;
    struct fl_buf *out;
    struct fl_authkeys_change *change;
    struct fl_map index; /* id to its place + 1 */
    bool *there;         /* by place: it has its line */
    int failed;
};

static void note(struct merge *merge, struct fl_strv *list, const char *id)
{
    if (!fl_strv_has(list, id) && fl_strv_add(list, id) < 0)
        merge->failed = FLEET_ENOMEM;
}

static void put_line(struct merge *merge, size_t i)
{
    const struct fl_authkeys_person *person = &merge->want->people[i];

    fl_buf_printf(merge->out, BEGIN "%s\" %s fleet:%s:%s\n", person->principal,
                  merge->want->ca, merge->want->cohort, person->id);
    note(merge, &merge->change->principals, person->principal);
}

/* Whose line this is; false when it is none of ours. */
static bool whose(const struct merge *merge, const char *line, size_t len,
                  char id[FL_PERSON_ID_MAX + 1])
{
    const char *cohort = merge->want->cohort;
    size_t n = strlen(cohort), at = len;

    if (len < strlen(BEGIN) || memcmp(line, BEGIN, strlen(BEGIN)) != 0)
        return false;
    while (at > 0 && line[at - 1] != ' ')
        at--;
    line += at;
    len -= at;
    if (len < 7 + n || memcmp(line, "fleet:", 6) != 0 ||
        memcmp(line + 6, cohort, n) != 0 || line[6 + n] != ':')
        return false;
    line += 7 + n;
    len -= 7 + n;
    if (len > FL_PERSON_ID_MAX)
        return false;
    memcpy(id, line, len);
    id[len] = '\0';
    return strlen(id) == len && fl_person_id_valid(id);
}

/* A line of somebody else, whom we are not asked about. */
static void leave_line(struct merge *merge, const char *line, size_t len)
{
    const char *begin = line + strlen(BEGIN);
    const char *end = memchr(begin, '"', len - strlen(BEGIN));
    char *principal = end ? strndup(begin, (size_t)(end - begin)) : NULL;

    if (end && !principal)
        merge->failed = FLEET_ENOMEM;
    if (principal)
        note(merge, &merge->change->principals, principal);
    free(principal);
    merge->change->kept++;
    fl_buf_add(merge->out, line, len);
}

/* A line of ours: kept, put right in its place, or left out. */
static void take_own(struct merge *merge, const char *line, size_t len,
                     const char *id)
{
    size_t place = (size_t)(uintptr_t)fl_map_get(&merge->index, id);
    size_t before = merge->out->len;

    if (!place) {
        note(merge, &merge->change->removed, id);
        return;
    }
    if (merge->there[place - 1]) { /* a second one */
        note(merge, &merge->change->renewed, id);
        return;
    }
    merge->there[place - 1] = true;
    put_line(merge, place - 1);
    if (merge->out->failed)
        return;
    if (merge->out->len - before == len &&
        memcmp(merge->out->data + before, line, len) == 0)
        merge->change->kept++;
    else
        note(merge, &merge->change->renewed, id);
}

static void take_lines(struct merge *merge, const char *old, size_t len)
{
    char id[FL_PERSON_ID_MAX + 1];

    while (len > 0 && !merge->failed) {
        const char *end = memchr(old, '\n', len);
        size_t whole = end ? (size_t)(end - old) + 1 : len;
        size_t bare = end ? whole - 1 : whole;

        if (bare && old[bare - 1] == '\r')
            bare--;
        if (!whose(merge, old, bare, id))
            fl_buf_add(merge->out, old, whole);
        else if (!merge->want->only || strcmp(merge->want->only, id) == 0)
            take_own(merge, old, whole, id);
        else
            leave_line(merge, old, whole);
        old += whole;
        len -= whole;
    }
}

static void add_rest(struct merge *merge)
{
    struct fl_buf *out = merge->out;

    for (size_t i = 0; i < merge->want->n; i++) {
        if (merge->there[i])
            continue;
        if (out->len && !out->failed && out->data[out->len - 1] != '\n')
            fl_buf_putc(out, '\n');
        put_line(merge, i);
        note(merge, &merge->change->added, merge->want->people[i].id);
    }
}

static int merge_in(struct merge *merge, const char *old, size_t len,
                    struct fleet_error *err)
{
    const struct fl_authkeys_want *want = merge->want;

    merge->there = calloc(want->n + 1, sizeof(*merge->there));
    if (!merge->there)
        return fl_enomem(err);
    for (size_t i = 0; i < want->n; i++)
        if (fl_map_add(&merge->index, want->people[i].id,
                       (void *)(uintptr_t)(i + 1), NULL) < 0)
            return fl_enomem(err);
    take_lines(merge, old, len);
    add_rest(merge);
    if (merge->failed)
        return fl_enomem(err);
    return fl_buf_check(merge->out, "authorized_keys", err);
}

int fl_authkeys_merge(const char *old, size_t len,
                      const struct fl_authkeys_want *want, struct fl_buf *out,
                      struct fl_authkeys_change *change,
                      struct fleet_error *err)
{
    struct merge merge = {.want = want, .out = out, .change = change};
    int rc;

    if (len && memchr(old, '\0', len))
        return fleet_fail(err, FLEET_EINVALID,
                          "authorized_keys holds a NUL byte: it is left alone; "
                          "look at it on the pod");
    rc = merge_in(&merge, old, len, err);
    fl_map_clear(&merge.index);
    free(merge.there);
    return rc;
}
