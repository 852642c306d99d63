/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */

/* A roster that somebody has typed: whoever comes out of it without a fault has
 * a name, an id of his own and pods that there are. */
#include "core/model/roster.h"
#include "core/model/rosteredit.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static void check_person(const struct fl_cohort *cohort,
                         const struct fl_roster *roster,
                         const struct fl_person *person, const char *text)
{
    FL_AUTO(fl_buf_clear) struct fl_buf out = FL_BUF(8u << 20);
    struct fl_strv none = {0};
    struct fleet_error err;

    ALWAYS(person->name && *person->name);
    ALWAYS(fl_person_id_valid(person->id));
    ALWAYS(fl_map_get(&roster->by_id, person->id) == person);
    for (size_t i = 0; i < person->pods.n; i++)
        ALWAYS(fl_cohort_index(cohort, person->pods.at[i]) != SIZE_MAX);
    if (fl_roster_change(text, person, &none, &out, &err) == 0)
        ALWAYS(out.len ==
               strlen(text) - (person->pods_end - person->pods_begin));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), *copy = malloc(size + 1);
    struct fl_cohort cohort = {0};
    struct fl_roster roster = {0};
    struct fleet_error err;

    if (!text || !copy || fl_cohort_init(&cohort, "arena", NULL, &err) < 0)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    memcpy(copy, text, size + 1);
    if (fl_roster_parse("r", copy, &cohort, &roster, &err) == 0)
        for (size_t i = 0; roster.faults.n == 0 && i < roster.n; i++)
            check_person(&cohort, &roster, &roster.at[i], text);
    fl_roster_clear(&roster);
    fl_cohort_clear(&cohort);
    free(text);
    free(copy);
    return 0;
}
