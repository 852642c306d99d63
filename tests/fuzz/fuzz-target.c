/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/text.h"
#include "core/model/names.h"
#include "tests/fuzz/fuzz.h"

static const struct fl_target_pod pods[] = {
    {"arena-zebra", "zebra", "i-1", "cloud"},
    {"arena-apple", "apple", "i-2", "cloud"},
    {"arena-mayor", "mayor", "3", "local"},
    {"arena-ivy", "ivy", NULL, "local"},
};
#define N (sizeof(pods) / sizeof(*pods))

static void check_match(const struct fl_strv *targets, const char *exclude,
                        const char *on)
{
    bool selected[N] = {true, false, true, false};
    static const bool before[N] = {true, false, true, false};
    struct fleet_error err = {0};
    int rc = fl_targets_match((const char *const *)targets->at, targets->n,
                              exclude, on, pods, N, selected, &err);

    ALWAYS(rc == FLEET_OK || rc == FLEET_ENOTFOUND || rc == FLEET_EUSAGE);
    ALWAYS(rc == FLEET_OK || memcmp(selected, before, sizeof(before)) == 0);
    ALWAYS(rc == FLEET_OK || *err.text);
    ALWAYS(fl_utf8_valid(err.text, strlen(err.text)));
    for (size_t i = 0; rc == 0 && on && i < N; i++)
        ALWAYS(!selected[i] || strcmp(pods[i].provider, on) == 0);
}

static void check_cohort(const struct fl_strv *names)
{
    FL_AUTO(fl_cohort_clear) struct fl_cohort cohort = {0};
    struct fleet_error err = {0};
    int rc = fl_cohort_init(&cohort, "arena", names, &err);

    ALWAYS(rc == FLEET_OK || rc == FLEET_ECONFIG);
    ALWAYS(rc == FLEET_OK || *err.text);
    for (size_t i = 0; rc == 0 && i < cohort.names.n; i++) {
        FL_AUTO_FREE char *full = fl_cohort_full(&cohort, cohort.names.at[i]);

        ALWAYS(fl_name_valid(full));
        ALWAYS(fl_cohort_index(&cohort, fl_cohort_short(&cohort, full)) == i);
    }
}

/* Line 1: the targets; line 2: --exclude; line 3: --on; the words of them all:
 * the names of a cohort. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FL_AUTO_FREE char *text = fuzz_text(data, size, 500);
    FL_AUTO(fl_strv_clear) struct fl_strv targets = {0}, names = {0};
    char *exclude, *on;

    ALWAYS(fl_strv_split(&names, text, " ,\n") == FLEET_OK);
    exclude = strchr(text, '\n');
    if (exclude)
        *exclude++ = '\0';
    on = exclude ? strchr(exclude, '\n') : NULL;
    if (on)
        *on++ = '\0';
    if (on)
        on[strcspn(on, "\n")] = '\0';
    ALWAYS(fl_strv_split(&targets, text, " ") == FLEET_OK);
    check_match(&targets, exclude, on && *on ? on : NULL);
    check_cohort(&names);
    return 0;
}
