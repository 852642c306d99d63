/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/sigv4.h"

#include "providers/api/api.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

enum { HASH = SHA256_DIGEST_LENGTH };

static void put_hex(const unsigned char hash[HASH], char out[SIGV4_HEX])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < HASH; i++) {
        out[2 * i] = digits[hash[i] >> 4];
        out[2 * i + 1] = digits[hash[i] & 15];
    }
    out[SIGV4_HEX - 1] = '\0';
}

int sigv4_digest(const char *data, size_t len, char out[SIGV4_HEX])
{
    unsigned char hash[HASH];

    if (EVP_Digest(data, len, hash, NULL, EVP_sha256(), NULL) != 1)
        return -1;
    put_hex(hash, out);
    return 0;
}

static int stamp(time_t when, char out[SIGV4_STAMP])
{
    struct tm utc;

    return gmtime_r(&when, &utc) && strftime(out, SIGV4_STAMP, "%Y%m%dT%H%M%SZ",
                                             &utc) == SIGV4_STAMP - 1
               ? 0
               : -1;
}

/* Leading and trailing blanks gone, runs of them one. */
static char *trimmed(const char *value)
{
    char *out = malloc(strlen(value) + 1), *to = out;

    for (; out && *value; value++) {
        bool blank = *value == ' ' || *value == '\t';

        if (blank && (to == out || to[-1] == ' '))
            continue;
        *to++ = blank ? ' ' : *value;
    }
    if (out) {
        if (to > out && to[-1] == ' ')
            to--;
        *to = '\0';
    }
    return out;
}

/* Names of what is signed, sorted as they have to be. */
static const char *signed_names(bool token, bool target)
{
    if (token)
        return target ? "content-type;host;x-amz-date;x-amz-security-token;"
                        "x-amz-target"
                      : "content-type;host;x-amz-date;x-amz-security-token";
    return target ? "content-type;host;x-amz-date;x-amz-target"
                  : "content-type;host;x-amz-date";
}

/* One "name:value" line, or none where there is no value. */
static char *header_line(const char *name, const char *value)
{
    AUTO_FREE char *clean = value ? trimmed(value) : NULL;
    char *line;

    if (value && !clean)
        return NULL;
    return asprintf(&line, "%s%s%s%s", value ? name : "", value ? ":" : "",
                    value ? clean : "", value ? "\n" : "") < 0
               ? NULL
               : line;
}

static int canonical(const struct sigv4_request *request,
                     const struct sigv4_keys *keys, struct sigv4 *out)
{
    AUTO_FREE char *type = header_line("content-type", request->type);
    AUTO_FREE char *host = header_line("host", request->host);
    AUTO_FREE char *token = header_line("x-amz-security-token", keys->token);
    AUTO_FREE char *target = header_line("x-amz-target", request->target);
    AUTO_FREE char *text = NULL;
    char body[SIGV4_HEX];
    int len, rc;

    if (!type || !host || !token || !target ||
        sigv4_digest(request->body, strlen(request->body), body) < 0)
        return -1;
    len = asprintf(&text, "POST\n%s\n\n%s%sx-amz-date:%s\n%s%s\n%s\n%s",
                   request->path, type, host, out->stamp, token, target,
                   signed_names(keys->token, request->target), body);
    if (len < 0) {
        text = NULL;
        return -1;
    }
    rc = sigv4_digest(text, (size_t)len, out->canonical);
    OPENSSL_cleanse(text, (size_t)len);
    return rc;
}

static int step(unsigned char key[HASH], const char *text)
{
    unsigned int size = 0;
    unsigned char next[HASH];

    if (!HMAC(EVP_sha256(), key, HASH, (const unsigned char *)text,
              strlen(text), next, &size) ||
        size != HASH)
        return -1;
    memcpy(key, next, HASH);
    return 0;
}

/* The key of one day, region and service. */
static int derive(const struct sigv4_request *request, const char *secret,
                  const char *day, unsigned char key[HASH])
{
    AUTO_FREE char *first = NULL;
    unsigned int size = 0;
    int len = asprintf(&first, "AWS4%s", secret);
    bool made;

    if (len < 0) {
        first = NULL;
        return -1;
    }
    made = HMAC(EVP_sha256(), first, len, (const unsigned char *)day,
                strlen(day), key, &size) != NULL;
    OPENSSL_cleanse(first, (size_t)len);
    return made && step(key, request->region) == 0 &&
                   step(key, request->service) == 0 &&
                   step(key, "aws4_request") == 0
               ? 0
               : -1;
}

static int sign_scope(const struct sigv4_request *request,
                      const struct sigv4_keys *keys, const char *day,
                      const char *scope, struct sigv4 *out)
{
    AUTO_FREE char *text = NULL;
    unsigned char key[HASH];
    int rc;

    if (asprintf(&text, "AWS4-HMAC-SHA256\n%s\n%s\n%s", out->stamp, scope,
                 out->canonical) < 0) {
        text = NULL;
        return -1;
    }
    rc = derive(request, keys->secret, day, key);
    if (rc == 0)
        rc = step(key, text);
    if (rc == 0)
        put_hex(key, out->signature);
    OPENSSL_cleanse(key, sizeof(key));
    return rc;
}

int sigv4_sign(const struct sigv4_request *request,
               const struct sigv4_keys *keys, struct sigv4 *out)
{
    AUTO_FREE char *scope = NULL;
    char day[9];

    *out = (struct sigv4){0};
    if (stamp(request->when, out->stamp) < 0 ||
        canonical(request, keys, out) < 0)
        return -1;
    snprintf(day, sizeof(day), "%.8s", out->stamp);
    if (asprintf(&scope, "%s/%s/%s/aws4_request", day, request->region,
                 request->service) < 0) {
        scope = NULL;
        return -1;
    }
    if (sign_scope(request, keys, day, scope, out) < 0)
        return -1;
    if (asprintf(&out->authorization,
                 "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, "
                 "Signature=%s",
                 keys->id, scope, signed_names(keys->token, request->target),
                 out->signature) < 0)
        out->authorization = NULL;
    return out->authorization ? 0 : -1;
}
