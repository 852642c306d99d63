/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/net/sshwire.h"

#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

struct fl_wire fl_wire(const void *data, size_t len)
{
    return (struct fl_wire){.at = data, .left = len};
}

static const unsigned char *take(struct fl_wire *wire, size_t len)
{
    const unsigned char *at = wire->at;

    if (wire->bad || len > wire->left) {
        wire->bad = true;
        wire->left = 0;
        return NULL;
    }
    wire->at += len;
    wire->left -= len;
    return at;
}

unsigned char fl_wire_byte(struct fl_wire *wire)
{
    const unsigned char *at = take(wire, 1);

    return at ? *at : 0;
}

uint32_t fl_wire_u32(struct fl_wire *wire)
{
    const unsigned char *at = take(wire, 4);

    if (!at)
        return 0;
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
           (uint32_t)at[2] << 8 | at[3];
}

struct fl_wire fl_wire_string(struct fl_wire *wire)
{
    uint32_t len = fl_wire_u32(wire);
    const unsigned char *at = take(wire, len);

    if (!at)
        return (struct fl_wire){.at = (const unsigned char *)"", .bad = true};
    return fl_wire(at, len);
}

bool fl_wire_is(const struct fl_wire *string, const char *text)
{
    return !string->bad && string->left == strlen(text) &&
           memcmp(string->at, text, string->left) == 0;
}

void fl_wire_put_u32(struct fl_buf *out, uint32_t number)
{
    const unsigned char bytes[] = {
        (unsigned char)(number >> 24), (unsigned char)(number >> 16),
        (unsigned char)(number >> 8), (unsigned char)number};

    fl_buf_add(out, bytes, sizeof(bytes));
}

void fl_wire_put(struct fl_buf *out, const void *data, size_t len)
{
    if (len > UINT32_MAX) {
        out->failed = FLEET_EINVALID;
        return;
    }
    fl_wire_put_u32(out, (uint32_t)len);
    fl_buf_add(out, data, len);
}

void fl_wire_put_text(struct fl_buf *out, const char *text)
{
    fl_wire_put(out, text, strlen(text));
}

/* A first bit that is set would mean a negative number. */
void fl_wire_put_number(struct fl_buf *out, const void *data, size_t len)
{
    const unsigned char *at = data;

    while (len && !*at) {
        at++;
        len--;
    }
    if (len && len < UINT32_MAX && *at & 0x80) {
        fl_wire_put_u32(out, (uint32_t)len + 1);
        fl_buf_putc(out, '\0');
        fl_buf_add(out, at, len);
    } else {
        fl_wire_put(out, at, len);
    }
}

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "abcdefghijklmnopqrstuvwxyz0123456789+/";

/* 0 to 2, or 3 when this is no base64. Bits of the last character that stand
 * for nothing have to be 0. */
static size_t count_padding(const char *text, size_t len)
{
    static const int idle_bits[] = {0, 3, 15};
    size_t padding = 0;
    const char *last = base64;

    if (len % 4 != 0 || len > INT_MAX)
        return 3;
    while (padding < 3 && padding < len && text[len - 1 - padding] == '=')
        padding++;
    for (size_t i = 0; padding < 3 && i < len - padding; i++) {
        last = text[i] ? strchr(base64, text[i]) : NULL;
        if (!last)
            return 3;
    }
    return padding < 3 && (last - base64) & idle_bits[padding] ? 3 : padding;
}

bool fl_base64_decode(const char *text, size_t len, struct fl_buf *out)
{
    size_t padding = count_padding(text, len);
    int n;

    if (padding > 2 || fl_buf_reserve(out, len / 4 * 3) < 0)
        return false;
    if (!len)
        return true;
    n = EVP_DecodeBlock((unsigned char *)out->data + out->len,
                        (const unsigned char *)text, (int)len);
    if (n < (int)padding)
        return false;
    out->len += (size_t)n - padding;
    out->data[out->len] = '\0';
    return true;
}

static bool is_type(const char *text, size_t len)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789-.@";

    if (len == 0 || len >= FL_KEY_TYPE_SIZE)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!text[i] || !strchr(allowed, text[i]))
            return false;
    return true;
}

void fl_key_type(const void *blob, size_t len, char out[FL_KEY_TYPE_SIZE])
{
    struct fl_wire wire = fl_wire(blob, len);
    struct fl_wire type = fl_wire_string(&wire);

    if (type.bad || !is_type((const char *)type.at, type.left))
        snprintf(out, FL_KEY_TYPE_SIZE, "?");
    else
        snprintf(out, FL_KEY_TYPE_SIZE, "%.*s", (int)type.left,
                 (const char *)type.at);
}

int fl_key_line_parse(const char *line, struct fl_buf *blob,
                      struct fleet_error *err)
{
    size_t type_len = strcspn(line, " ");
    const char *text = line + type_len + (line[type_len] ? 1 : 0);
    char type[FL_KEY_TYPE_SIZE];

    if (!is_type(line, type_len))
        return fleet_fail(err, FLEET_EINVALID,
                          "does not begin with the type of a key");
    fl_buf_empty(blob);
    if (!fl_base64_decode(text, strcspn(text, " \t\r\n"), blob))
        return blob->failed == FLEET_ENOMEM
                   ? fl_buf_check(blob, "key", err)
                   : fleet_fail(err, FLEET_EINVALID, "is not a key in base64");
    fl_key_type(blob->data, blob->len, type);
    if (strlen(type) != type_len || memcmp(type, line, type_len) != 0)
        return fleet_fail(err, FLEET_EINVALID,
                          "says %.*s, but its key is of another type (%s)",
                          (int)type_len, line, type);
    return FLEET_OK;
}

char *fl_key_line(const void *blob, size_t len)
{
    FL_AUTO(fl_buf_clear) struct fl_buf line = FL_BUF(2 * FL_KEY_BLOB_MAX);
    char type[FL_KEY_TYPE_SIZE];

    fl_key_type(blob, len, type);
    if (*type == '?' || len > FL_KEY_BLOB_MAX)
        return NULL;
    fl_buf_printf(&line, "%s ", type);
    if (fl_buf_reserve(&line, (len + 2) / 3 * 4) < 0)
        return NULL;
    line.len += (size_t)EVP_EncodeBlock((unsigned char *)line.data + line.len,
                                        blob, (int)len);
    return fl_buf_take(&line);
}

void fl_key_print(const void *blob, size_t len, char out[FL_KEY_PRINT_SIZE])
{
    unsigned char hash[32] = {0};
    char text[48];
    size_t end;

    if (!EVP_Digest(blob, len, hash, NULL, EVP_sha256(), NULL)) {
        snprintf(out, FL_KEY_PRINT_SIZE, "SHA256:?");
        return;
    }
    EVP_EncodeBlock((unsigned char *)text, hash, sizeof(hash));
    end = strcspn(text, "=");
    snprintf(out, FL_KEY_PRINT_SIZE, "SHA256:%.*s", (int)end, text);
}
