/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */

/* authorized_keys as a pod tells it. What is not ours stays, whatever it is;
 * the second merge finds nothing to do; and when everybody is gone, so is
 * every line of ours. */
#include "core/model/authkeys.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define MAX (1u << 20)

static int merge(const char *text, size_t len, size_t n, struct fl_buf *out,
                 struct fl_authkeys_change *change)
{
    static const struct fl_authkeys_person people[] = {{"ada", "ada@arena"},
                                                       {"bob", "bob@arena.2"}};
    const struct fl_authkeys_want want = {
        .cohort = "arena", .ca = "ssh-ed25519 AAAA", .people = people, .n = n};
    struct fleet_error err;

    return fl_authkeys_merge(text, len, &want, out, change, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FL_AUTO(fl_buf_clear) struct fl_buf with = FL_BUF(MAX), again = FL_BUF(MAX);
    FL_AUTO(fl_buf_clear) struct fl_buf gone = FL_BUF(MAX), first = FL_BUF(MAX);
    struct fl_authkeys_change change[4] = {0};

    if (size < MAX / 2 &&
        merge((const char *)data, size, 2, &with, &change[0]) == 0) {
        ALWAYS(merge(fl_buf_text(&with), with.len, 2, &again, &change[1]) == 0);
        ALWAYS(!fl_authkeys_changed(&change[1]) && change[1].kept == 2);
        ALWAYS(again.len == with.len &&
               memcmp(again.data, with.data, with.len) == 0);
        ALWAYS(merge(fl_buf_text(&with), with.len, 0, &gone, &change[2]) == 0);
        ALWAYS(!strstr(fl_buf_text(&gone), "ada@arena\" ssh-ed25519 AAAA "
                                           "fleet:arena:ada\n"));
        merge((const char *)data, size, 0, &first, &change[3]);
        ALWAYS(gone.len - first.len <= 1); /* a newline at the end */
    }
    for (int i = 0; i < 4; i++)
        fl_authkeys_change_clear(&change[i]);
    return 0;
}
