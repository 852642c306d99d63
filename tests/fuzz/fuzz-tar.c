/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */

/* An archive as a pod sends it: however it is cut into pieces, the same members
 * come out of it, no more contents than were told of, and whatever begins has
 * an end. What stat and sha256sum have printed is read to its end and not
 * behind it. */
#include "core/model/seen.h"
#include "core/model/tar.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

struct seen {
    uint64_t hash; /* of all that has come */
    int64_t left;  /* of the member that has begun; -1: none has */
};

static void note(struct seen *seen, const void *data, size_t len)
{
    const unsigned char *at = data;

    for (size_t i = 0; i < len; i++)
        seen->hash = seen->hash * 1099511628211u + at[i] + 1;
}

static int on_begin(void *arg, const struct fl_tar_member *member,
                    struct fleet_error *err)
{
    struct seen *seen = arg;

    (void)err;
    ALWAYS(seen->left == -1 && member->size >= 0);
    seen->left = member->size;
    note(seen, member->name, strlen(member->name) + 1);
    note(seen, &member->type, 1);
    return 0;
}

static int on_data(void *arg, const char *data, size_t len,
                   struct fleet_error *err)
{
    struct seen *seen = arg;

    (void)err;
    ALWAYS(len > 0 && (int64_t)len <= seen->left);
    seen->left -= (int64_t)len;
    note(seen, data, len);
    return 0;
}

static int on_end(void *arg, struct fleet_error *err)
{
    struct seen *seen = arg;

    (void)err;
    ALWAYS(seen->left == 0);
    seen->left = -1;
    return 0;
}

static int unpack(const char *data, size_t size, size_t step, uint64_t *hash)
{
    struct seen seen = {.left = -1};
    struct fl_tar_reader reader = {
        .begin = on_begin, .data = on_data, .end = on_end, .arg = &seen};
    int rc = 0;

    fl_tar_open(&reader);
    for (size_t at = 0; rc == 0 && at < size; at += step)
        rc = fl_tar_feed(&reader, data + at,
                         size - at < step ? size - at : step, NULL);
    fl_tar_close(&reader);
    *hash = seen.hash;
    return rc;
}

static void read_lines(const char *text)
{
    const char *at = text, *end = text + strlen(text);
    char sum[FL_DIGEST_SIZE];
    struct fl_seen seen;

    if (fl_seen_read(&at, "./a", &seen)) {
        ALWAYS(at > text && at <= end && seen.size >= 0);
        ALWAYS(!seen.link || seen.link + seen.link_len < end);
    }
    at = text;
    if (fl_seen_sum(&at, FL_DIGEST_SHA256, "./a\n\\", sum) ||
        fl_seen_sum(&at, FL_DIGEST_CKSUM, "./a", sum))
        ALWAYS(at > text && at <= end && *sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    uint64_t whole, pieces;

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    ALWAYS(unpack(text, size, size + 1, &whole) ==
           unpack(text, size, 7, &pieces));
    ALWAYS(whole == pieces);
    read_lines(text);
    free(text);
    return 0;
}
