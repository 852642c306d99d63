/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/servers/sim/aws.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* Signature Version 4, computed anew from the bytes that have come. */

enum { SKEW_S = 300, HASH = 32 };

struct signature {
    char key[64], date[16], region[32], service[32], last[32];
    char names[1024], hex[80];
    const char *stamp; /* x-amz-date */
    const char *secret;
};

void aws_hex(char *out, const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static void hash_hex(char out[2 * HASH + 1], const char *text, size_t len)
{
    unsigned char hash[HASH];

    if (!EVP_Digest(text, len, hash, NULL, EVP_sha256(), NULL))
        abort();
    aws_hex(out, hash, HASH);
}

static void mac(unsigned char out[HASH], const void *key, size_t key_len,
                const char *text)
{
    if (!HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)text,
              strlen(text), out, NULL))
        abort();
}

/* --- the Authorization header -------------------------------------------- */

/* NAME=VALUE up to the next comma. */
static bool take_part(const char *header, const char *name, char *out,
                      size_t size)
{
    const char *at = strstr(header, name);
    size_t len;

    if (!at)
        return false;
    at += strlen(name);
    len = strcspn(at, ", ");
    if (!len || len >= size)
        return false;
    snprintf(out, size, "%.*s", (int)len, at);
    return true;
}

static bool read_header(const char *header, struct signature *to)
{
    char scope[192];

    return strncmp(header, "AWS4-HMAC-SHA256 ", 17) == 0 &&
           take_part(header, "Credential=", scope, sizeof scope) &&
           take_part(header, "SignedHeaders=", to->names, sizeof to->names) &&
           take_part(header, "Signature=", to->hex, sizeof to->hex) &&
           sscanf(scope, "%63[^/]/%15[^/]/%31[^/]/%31[^/]/%31s", to->key,
                  to->date, to->region, to->service, to->last) == 5;
}

/* --- what is signed ------------------------------------------------------ */

static void put_value(FILE *out, const char *value)
{
    bool blank = false;

    value += strspn(value, " \t");
    for (; *value; value++) {
        if (*value == ' ' || *value == '\t') {
            blank = true;
            continue;
        }
        if (blank)
            fputc(' ', out);
        blank = false;
        fputc(*value, out);
    }
}

/* NULL: a header that is said to be signed has not come, or the names are not
 * in order. */
static char *canonical(const struct sim_call *call, const struct signature *sig)
{
    char body[2 * HASH + 1], last[128] = "", *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    bool whole = true;

    if (!out)
        abort();
    hash_hex(body, call->text ? call->text : "", call->text_len);
    fprintf(out, "%s\n/\n\n", call->method);
    for (const char *at = sig->names; *at;) {
        char name[128];
        size_t len = strcspn(at, ";");
        const char *value;

        snprintf(name, sizeof name, "%.*s", (int)len, at);
        value = sim_header(call, name);
        whole = whole && value && strcmp(last, name) < 0;
        snprintf(last, sizeof last, "%s", name);
        fprintf(out, "%s:", name);
        put_value(out, value ? value : "");
        fputc('\n', out);
        at += len + (at[len] == ';');
    }
    fprintf(out, "\n%s\n%s", sig->names, body);
    fclose(out);
    if (!whole) {
        free(text);
        return NULL;
    }
    return text;
}

static bool is_genuine(const struct sim_call *call, const struct signature *sig)
{
    char *request = canonical(call, sig);
    char hash[2 * HASH + 1], hex[2 * HASH + 1], *to_sign, *secret;
    unsigned char key[HASH];

    if (!request)
        return false;
    hash_hex(hash, request, strlen(request));
    to_sign =
        sim_format("AWS4-HMAC-SHA256\n%s\n%s/%s/%s/aws4_request\n%s",
                   sig->stamp, sig->date, sig->region, sig->service, hash);
    secret = sim_format("AWS4%s", sig->secret);
    mac(key, secret, strlen(secret), sig->date);
    mac(key, key, HASH, sig->region);
    mac(key, key, HASH, sig->service);
    mac(key, key, HASH, "aws4_request");
    mac(key, key, HASH, to_sign);
    aws_hex(hex, key, HASH);
    free(request);
    free(to_sign);
    free(secret);
    return strcmp(hex, sig->hex) == 0;
}

static bool is_signed(const struct signature *sig, const char *name)
{
    size_t len = strlen(name);

    for (const char *at = sig->names; (at = strcasestr(at, name)); at += len)
        if ((at == sig->names || at[-1] == ';') && (!at[len] || at[len] == ';'))
            return true;
    return false;
}

struct unsigned_search {
    const struct signature *sig;
    char found[128];
};

static void look_unsigned(void *arg, const char *name, const char *value)
{
    struct unsigned_search *search = arg;

    (void)value;
    if (strncasecmp(name, "x-amz-", 6) == 0 && !is_signed(search->sig, name))
        snprintf(search->found, sizeof search->found, "%s", name);
}

/* --- refusals ------------------------------------------------------------ */

static void refuse_key(struct sim_call *call)
{
    enum aws_service service = aws_of(call->sim)->service;

    if (service == AWS_EC2)
        aws_refuse(call, 401, "AuthFailure",
                   "AWS was not able to validate the provided access "
                   "credentials");
    else if (aws_speaks_json(service))
        aws_refuse(call, 400, "UnrecognizedClientException",
                   "The security token included in the request is invalid.");
    else
        aws_refuse(call, 403, "InvalidClientTokenId",
                   "The security token included in the request is invalid.");
}

static void refuse_signature(struct sim_call *call, const char *why)
{
    enum aws_service service = aws_of(call->sim)->service;

    if (service == AWS_EC2)
        refuse_key(call);
    else
        aws_refuse(call, aws_speaks_json(service) ? 400 : 403,
                   aws_speaks_json(service) ? "InvalidSignatureException"
                                            : "SignatureDoesNotMatch",
                   "%s", why);
}

static void refuse_expired(struct sim_call *call)
{
    enum aws_service service = aws_of(call->sim)->service;

    if (service == AWS_EC2)
        aws_refuse(call, 400, "RequestExpired", "Request has expired.");
    else
        aws_refuse(call, aws_speaks_json(service) ? 400 : 403,
                   aws_speaks_json(service) ? "ExpiredTokenException"
                                            : "ExpiredToken",
                   "The security token included in the request is expired");
}

static void refuse_missing(struct sim_call *call)
{
    enum aws_service service = aws_of(call->sim)->service;

    if (service == AWS_EC2)
        aws_refuse(call, 400, "MissingParameter",
                   "The request must contain the parameter AWSAccessKeyId");
    else
        aws_refuse(call, aws_speaks_json(service) ? 400 : 403,
                   aws_speaks_json(service)
                       ? "MissingAuthenticationTokenException"
                       : "MissingAuthenticationToken",
                   "Missing Authentication Token");
}

/* --- step by step; false: it has replied --------------------------------- */

static bool read_signature(struct sim_call *call, struct signature *sig)
{
    const char *header = sim_header(call, "Authorization");

    if (!header) {
        refuse_missing(call);
        return false;
    }
    sig->stamp = sim_header(call, "X-Amz-Date");
    if (read_header(header, sig) && sig->stamp && !strchr(call->wire, '?'))
        return true;
    aws_refuse(call, 400, "IncompleteSignature",
               "Authorization header requires 'Credential', 'SignedHeaders', "
               "'Signature' parameters and existence of 'X-Amz-Date'.");
    return false;
}

static bool headers_fit(struct sim_call *call, const struct signature *sig)
{
    struct unsigned_search search = {sig, ""};
    bool fits = is_signed(sig, "host") && is_signed(sig, "x-amz-date");

    sim_each_header(call, look_unsigned, &search);
    if (fits && !*search.found)
        return true;
    refuse_signature(call, "'Host' or 'X-Amz-*' must be a 'SignedHeader' in "
                           "the AWS Authorization.");
    return false;
}

static bool scope_fits(struct sim_call *call, const struct signature *sig)
{
    char wanted[16];
    bool service;

    snprintf(wanted, sizeof wanted, "%.*s", (int)strcspn(call->path + 1, "/"),
             call->path + 1);
    service = strcmp(sig->service, wanted) == 0;
    if (service && aws_region_known(sig->region) &&
        strcmp(sig->last, "aws4_request") == 0 &&
        strncmp(sig->date, sig->stamp, 8) == 0 && strlen(sig->date) == 8)
        return true;
    refuse_signature(call,
                     !service ? "Credential should be scoped to correct service"
                              : "Credential should be scoped to a valid "
                                "region, and to the date of X-Amz-Date.");
    return false;
}

static bool clock_fits(struct sim_call *call, const struct signature *sig)
{
    int64_t now =
        sim_clock_ms() / 1000 + sim_number(sim_values(call->sim), "clock_s", 0);
    struct tm utc = {0};
    const char *end = strptime(sig->stamp, "%Y%m%dT%H%M%SZ", &utc);
    int64_t ahead = end && !*end ? (int64_t)timegm(&utc) - now : INT64_MAX;
    bool ec2 = aws_of(call->sim)->service == AWS_EC2;
    char *why;

    if (ahead >= -SKEW_S && ahead <= SKEW_S)
        return true;
    why = sim_format("Signature %s: %s is now %s than the time of the server "
                     "(%s 5 min.)",
                     ahead < 0 ? "expired" : "not yet current", sig->stamp,
                     ahead < 0 ? "earlier" : "later", ahead < 0 ? "-" : "+");
    if (ec2 && ahead < 0)
        aws_refuse(call, 400, "RequestExpired", "Request has expired.");
    else
        refuse_signature(call, why);
    free(why);
    return false;
}

static void know_caller(struct sim_call *call, const char *arn)
{
    struct aws *aws = aws_of(call->sim);

    free(aws->arn);
    aws->arn = sim_copy(arn);
}

/* Keys that last have no token; others have theirs. */
static bool key_fits(struct sim_call *call, struct signature *sig)
{
    const char *token = sim_header(call, "X-Amz-Security-Token");
    const json_t *session =
        json_object_get(aws_of(call->sim)->sessions, sig->key);
    bool lasting = strcmp(sig->key, AWS_KEY_ID) == 0;

    if (lasting ? token != NULL
                : !session || !token ||
                      strcmp(token, sim_text(session, "token", "")) != 0) {
        refuse_key(call);
        return false;
    }
    sig->secret =
        lasting ? sim_options(call->sim)->key : sim_text(session, "secret", "");
    know_caller(call, lasting ? "arn:aws:iam::" AWS_ACCOUNT ":user/fleet"
                              : sim_text(session, "arn", ""));
    return true;
}

static bool still_fits(struct sim_call *call, const struct signature *sig)
{
    const json_t *session =
        json_object_get(aws_of(call->sim)->sessions, sig->key);

    if (!sim_fault(call, "new-token", NULL) &&
        (!session || sim_number(session, "ends_ms", 0) > sim_clock_ms()))
        return true;
    refuse_expired(call);
    return false;
}

bool aws_signed(struct sim_call *call)
{
    struct aws *aws = aws_of(call->sim);
    struct signature sig = {.stamp = NULL};

    if (strcmp(call->path, "/sts/AssumeRoleWithWebIdentity") == 0 &&
        !sim_header(call, "Authorization"))
        return true;
    if (!read_signature(call, &sig) || !headers_fit(call, &sig) ||
        !scope_fits(call, &sig) || !key_fits(call, &sig) ||
        !clock_fits(call, &sig))
        return false;
    if (!is_genuine(call, &sig)) {
        refuse_signature(call,
                         "The request signature we calculated does not match "
                         "the signature you provided. Check your AWS Secret "
                         "Access Key and signing method.");
        return false;
    }
    snprintf(aws->region, sizeof aws->region, "%s", sig.region);
    return still_fits(call, &sig);
}
