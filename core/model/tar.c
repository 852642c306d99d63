/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/tar.h"

#include "core/base/error.h"

#include <string.h>
#include <sys/stat.h>

#define TEXT_MAX  (64 * 1024) /* of a long name and the like */
#define NS_IN_S   INT64_C(1000000000)
#define MTIME_MAX INT64_C(077777777777)

/* A header, by the places of its fields. */
enum {
    NAME = 0,
    NAME_SIZE = 100,
    MODE = 100,
    UID = 108,
    GID = 116,
    SIZE = 124,
    SIZE_SIZE = 12,
    MTIME = 136,
    CHECKSUM = 148,
    CHECKSUM_SIZE = 8,
    TYPE = 156,
    LINK = 157,
    MAGIC = 257,
    PREFIX = 345,
    PREFIX_SIZE = 155
};

/* ---- writing ---- */

static void put_octal(char *at, size_t size, int64_t value)
{
    for (size_t i = size - 1; i-- > 0; value >>= 3)
        at[i] = (char)('0' + (value & 7));
    at[size - 1] = '\0';
}

static unsigned checksum_of(const char block[FL_TAR_BLOCK])
{
    unsigned sum = 0;

    for (size_t i = 0; i < FL_TAR_BLOCK; i++) {
        bool own = i >= CHECKSUM && i < CHECKSUM + CHECKSUM_SIZE;

        sum += own ? ' ' : (unsigned char)block[i];
    }
    return sum;
}

static void put_text(char *at, const char *text)
{
    size_t len = strlen(text);

    memcpy(at, text, len < NAME_SIZE ? len : NAME_SIZE);
}

static void put_block(struct fl_buf *out, const char *name, const char *link,
                      char type, const struct fl_copy *copy, int64_t size)
{
    int64_t mtime = copy->mtime_ns / NS_IN_S;
    char block[FL_TAR_BLOCK] = {0};

    put_text(block + NAME, name);
    put_octal(block + MODE, 8, copy->mode & 07777);
    put_octal(block + UID, 8, 0);
    put_octal(block + GID, 8, 0);
    put_octal(block + SIZE, SIZE_SIZE, size);
    put_octal(block + MTIME, SIZE_SIZE,
              mtime < 0 || mtime > MTIME_MAX ? 0 : mtime);
    block[TYPE] = type;
    if (link)
        put_text(block + LINK, link);
    memcpy(block + MAGIC, "ustar  ", 8);
    put_octal(block + CHECKSUM, 7, checksum_of(block));
    block[CHECKSUM + 7] = ' ';
    fl_buf_add(out, block, sizeof(block));
}

static void pad(struct fl_buf *out, size_t len)
{
    static const char zeros[FL_TAR_BLOCK];

    fl_buf_add(out, zeros, (FL_TAR_BLOCK - len % FL_TAR_BLOCK) % FL_TAR_BLOCK);
}

/* A member of its own that tells a long name or link of the one behind it. */
static void put_long(struct fl_buf *out, char type, const char *text,
                     const struct fl_copy *copy)
{
    size_t len = strlen(text);

    if (len < NAME_SIZE)
        return;
    put_block(out, "././@LongLink", NULL, type, copy, (int64_t)len + 1);
    fl_buf_add(out, text, len + 1);
    pad(out, len + 1);
}

int fl_tar_header(struct fl_buf *out, const char *name,
                  const struct fl_copy *copy, struct fleet_error *err)
{
    char type = S_ISDIR(copy->mode) ? '5' : S_ISLNK(copy->mode) ? '2' : '0';
    const char *link = type == '2' ? copy->link : NULL;

    if (link)
        put_long(out, 'K', link, copy);
    put_long(out, 'L', name, copy);
    put_block(out, name, link, type, copy, type == '0' ? copy->size : 0);
    return fl_buf_check(out, name, err);
}

/* ---- reading ---- */

void fl_tar_open(struct fl_tar_reader *reader)
{
    reader->text = FL_BUF(TEXT_MAX);
    reader->told_size = -1;
}

void fl_tar_close(struct fl_tar_reader *reader)
{
    fl_buf_clear(&reader->text);
    free(reader->name);
    reader->name = NULL;
}

static int bad(struct fleet_error *err)
{
    return fleet_fail(err, FLEET_EINVALID,
                      "what the pod sends is no tar archive");
}

/* Octal, or with the highest bit set, binary; -1: neither. */
static int64_t read_number(const char *at, size_t size)
{
    bool binary = (unsigned char)at[0] == 0x80;
    int64_t value = 0;
    size_t i = binary ? 1 : strspn(at, " ");

    for (; i < size; i++) {
        unsigned char c = (unsigned char)at[i];

        if (!binary && (c == ' ' || c == '\0'))
            break;
        if (value > INT64_MAX >> 8 || (!binary && (c < '0' || c > '7')))
            return -1;
        value = binary ? value << 8 | c : value << 3 | (c - '0');
    }
    return value;
}

/* "LENGTH KEY=VALUE\n", again and again. */
static int read_extended(struct fl_tar_reader *reader, struct fleet_error *err)
{
    const char *at = fl_buf_text(&reader->text);
    size_t left = reader->text.len;

    while (left > 0) {
        char *key = NULL;
        unsigned long len = strtoul(at, &key, 10);

        if (len <= (size_t)(key - at) + 2 || len > left || *key != ' ' ||
            at[len - 1] != '\n')
            return bad(err);
        key++;
        if (strncmp(key, "path=", 5) == 0) {
            free(reader->name);
            reader->name = strndup(key + 5, len - (size_t)(key + 6 - at));
            if (!reader->name)
                return fl_enomem(err);
        } else if (strncmp(key, "size=", 5) == 0) {
            reader->told_size = strtoll(key + 5, NULL, 10);
        }
        at += len;
        left -= len;
    }
    return FLEET_OK;
}

static bool is_telling(char type)
{
    return type == 'L' || type == 'K' || type == 'x' || type == 'g';
}

/* What a member has told of the next one. */
static int take_telling(struct fl_tar_reader *reader, struct fleet_error *err)
{
    int rc = fl_buf_check(&reader->text, "a name in a tar archive", err);

    if (rc == 0 && reader->type == 'L') {
        free(reader->name);
        reader->name = strdup(fl_buf_text(&reader->text));
        rc = reader->name ? FLEET_OK : fl_enomem(err);
    } else if (rc == 0 && reader->type == 'x') {
        rc = read_extended(reader, err);
    }
    fl_buf_empty(&reader->text);
    return rc;
}

static int end_member(struct fl_tar_reader *reader, struct fleet_error *err)
{
    if (is_telling(reader->type))
        return take_telling(reader, err);
    free(reader->name);
    reader->name = NULL;
    reader->told_size = -1;
    return reader->end(reader->arg, err);
}

static int tell_member(struct fl_tar_reader *reader, struct fleet_error *err)
{
    char name[PREFIX_SIZE + NAME_SIZE + 2];
    const char *block = reader->block;
    bool prefixed = memcmp(block + MAGIC, "ustar", 6) == 0 && block[PREFIX];
    struct fl_tar_member member = {.name = reader->name ? reader->name : name,
                                   .type = reader->type,
                                   .size = reader->left};

    snprintf(name, sizeof(name), "%.*s%s%.*s", prefixed ? PREFIX_SIZE : 0,
             block + PREFIX, prefixed ? "/" : "", NAME_SIZE, block + NAME);
    return reader->begin(reader->arg, &member, err);
}

static int take_header(struct fl_tar_reader *reader, struct fleet_error *err)
{
    const char *block = reader->block;
    int64_t size = read_number(block + SIZE, SIZE_SIZE);
    int rc = FLEET_OK;

    if (!block[0] && checksum_of(block) == 8 * ' ') /* the end, or no end */
        return FLEET_OK;
    if (size < 0 || memcmp(block + MAGIC, "ustar", 5) != 0 ||
        read_number(block + CHECKSUM, CHECKSUM_SIZE) !=
            (int64_t)checksum_of(block))
        return bad(err);
    reader->type = block[TYPE] ? block[TYPE] : '0';
    if (!is_telling(reader->type) && reader->told_size >= 0)
        size = reader->told_size;
    if (is_telling(reader->type) && size > TEXT_MAX)
        return bad(err);
    reader->left = reader->type == '0' || is_telling(reader->type) ? size : 0;
    reader->padding =
        (FL_TAR_BLOCK - (size_t)(reader->left % FL_TAR_BLOCK)) % FL_TAR_BLOCK;
    if (!is_telling(reader->type))
        rc = tell_member(reader, err);
    if (rc == 0 && reader->left == 0)
        rc = end_member(reader, err);
    return rc;
}

static int take_data(struct fl_tar_reader *reader, const char *data, size_t len,
                     struct fleet_error *err)
{
    int rc = FLEET_OK;

    if (is_telling(reader->type))
        fl_buf_add(&reader->text, data, len);
    else
        rc = reader->data(reader->arg, data, len, err);
    reader->left -= (int64_t)len;
    if (rc == 0 && reader->left == 0)
        rc = end_member(reader, err);
    return rc;
}

static size_t smaller(size_t a, uint64_t b)
{
    return a < b ? a : (size_t)b;
}

int fl_tar_feed(struct fl_tar_reader *reader, const char *data, size_t len,
                struct fleet_error *err)
{
    int rc = FLEET_OK;

    while (rc == 0 && len > 0) {
        size_t n;

        if (reader->left > 0) {
            n = smaller(len, (uint64_t)reader->left);
            rc = take_data(reader, data, n, err);
        } else if (reader->padding > 0) {
            n = smaller(len, reader->padding);
            reader->padding -= n;
        } else {
            n = smaller(len, FL_TAR_BLOCK - reader->have);
            memcpy(reader->block + reader->have, data, n);
            reader->have = (reader->have + n) % FL_TAR_BLOCK;
            if (reader->have == 0)
                rc = take_header(reader, err);
        }
        data += n;
        len -= n;
    }
    return rc;
}
