/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/digest.h"

#include "core/base/error.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <string.h>

#define POLYNOMIAL UINT32_C(0x04c11db7)

static uint32_t crc_byte(uint32_t crc, unsigned char byte)
{
    crc ^= (uint32_t)byte << 24;
    for (int i = 0; i < 8; i++)
        crc = crc & UINT32_C(0x80000000) ? crc << 1 ^ POLYNOMIAL : crc << 1;
    return crc;
}

static uint32_t crc_add(uint32_t crc, const unsigned char *data, size_t len)
{
    uint32_t table[256];

    for (unsigned i = 0; i < 256; i++)
        table[i] = crc_byte(0, (unsigned char)i);
    for (size_t i = 0; i < len; i++)
        crc = crc << 8 ^ table[crc >> 24 ^ data[i]];
    return crc;
}

int fl_digest_begin(struct fl_digest *sum, enum fl_digest_kind kind,
                    struct fleet_error *err)
{
    *sum = (struct fl_digest){.kind = kind};
    if (kind != FL_DIGEST_SHA256)
        return FLEET_OK;
    sum->context = EVP_MD_CTX_new();
    if (sum->context && EVP_DigestInit_ex(sum->context, EVP_sha256(), NULL))
        return FLEET_OK;
    return fl_enomem(err);
}

void fl_digest_add(struct fl_digest *sum, const void *data, size_t len)
{
    if (sum->kind == FL_DIGEST_SHA256)
        EVP_DigestUpdate(sum->context, data, len);
    else if (sum->kind == FL_DIGEST_CKSUM)
        sum->crc = crc_add(sum->crc, data, len);
    sum->len += len;
}

static void end_sha256(struct fl_digest *sum, char out[FL_DIGEST_SIZE])
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    EVP_DigestFinal_ex(sum->context, bytes, &n);
    for (unsigned i = 0; i < n && 2 * i + 2 < FL_DIGEST_SIZE; i++)
        snprintf(out + 2 * (size_t)i, 3, "%02x", bytes[i]);
}

static void end_cksum(const struct fl_digest *sum, char out[FL_DIGEST_SIZE])
{
    uint32_t crc = sum->crc;

    for (uint64_t len = sum->len; len; len >>= 8)
        crc = crc_byte(crc, (unsigned char)(len & 0xff));
    snprintf(out, FL_DIGEST_SIZE, "%" PRIu32 " %" PRIu64, ~crc, sum->len);
}

void fl_digest_end(struct fl_digest *sum, char out[FL_DIGEST_SIZE])
{
    out[0] = '\0';
    if (sum->kind == FL_DIGEST_SHA256)
        end_sha256(sum, out);
    else if (sum->kind == FL_DIGEST_CKSUM)
        end_cksum(sum, out);
}

void fl_digest_clear(struct fl_digest *sum)
{
    EVP_MD_CTX_free(sum->context);
    *sum = (struct fl_digest){0};
}

static size_t read_cksum(const char *text)
{
    static const char digits[] = "0123456789";
    size_t crc = strspn(text, digits), size;

    if (crc == 0 || crc > 10 || text[crc] != ' ')
        return 0;
    size = strspn(text + crc + 1, digits);
    return size > 0 && size < 20 ? crc + 1 + size : 0;
}

size_t fl_digest_read(enum fl_digest_kind kind, const char *text,
                      char out[FL_DIGEST_SIZE])
{
    size_t len = 0;

    if (kind == FL_DIGEST_SHA256 && strspn(text, "0123456789abcdef") == 64)
        len = 64;
    else if (kind == FL_DIGEST_CKSUM)
        len = read_cksum(text);
    memcpy(out, text, len);
    out[len] = '\0';
    return len;
}

void fl_digest_tag(const void *data, size_t len, char out[17])
{
    unsigned char bytes[EVP_MAX_MD_SIZE] = {0};

    EVP_Digest(data, len, bytes, NULL, EVP_sha256(), NULL);
    for (int i = 0; i < 8; i++)
        snprintf(out + 2 * (size_t)i, 3, "%02x", bytes[i]);
}
