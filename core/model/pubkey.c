/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/pubkey.h"

#include "core/base/text.h"

#include <openssl/evp.h>
#include <string.h>

/* Base64 of an RSA key of 2048 bits, whose exponent is of the usual size. */
#define RSA_2048_CHARS 368

/* The blob repeats the name of the type: a length in four bytes, then it. */
static bool blob_fits(const char *blob, size_t len, const char *type)
{
    unsigned char bytes[4 + 64];
    size_t type_len = strlen(type), head = (4 + type_len + 2) / 3 * 4;
    char first[4 * ((sizeof(bytes) + 2) / 3) + 1];
    int n;

    if (len < head || len % 4 != 0 || head >= sizeof(first))
        return false;
    memcpy(first, blob, head);
    first[head] = '\0';
    n = EVP_DecodeBlock(bytes, (unsigned char *)first, (int)head);
    return n >= (int)(4 + type_len) && bytes[0] == 0 && bytes[1] == 0 &&
           bytes[2] == 0 && bytes[3] == type_len &&
           memcmp(bytes + 4, type, type_len) == 0;
}

static size_t blob_length(const char *blob)
{
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = strspn(blob, base64);

    return len + strspn(blob + len, "=");
}

bool fl_pubkey_valid(const char *line)
{
    static const char *const types[] = {
        "ssh-ed25519",
        "ssh-rsa",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
    };
    size_t type_len = strcspn(line, " ");
    const char *blob = line + type_len + (line[type_len] ? 1 : 0);
    size_t len = blob_length(blob);

    if (blob[len] && blob[len] != ' ')
        return false;
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
        if (strlen(types[i]) == type_len &&
            memcmp(types[i], line, type_len) == 0)
            return blob_fits(blob, len, types[i]);
    }
    return false;
}

bool fl_pubkey_is_private(const char *text)
{
    return strstr(text, "PRIVATE KEY") || strstr(text, "PuTTY-User-Key") ||
           strstr(text, "b3BlbnNzaC1rZXktdjE"); /* as OpenSSH's begin */
}

const char *fl_pubkey_objection(const char *text)
{
    if (fl_pubkey_is_private(text))
        return "this is a private key, which must never leave its owner's "
               "computer: it counts as stolen now; ask for the .pub file of a "
               "new pair";
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            return "it has more than one line, or control characters; a "
                   "public key is one line: ssh-ed25519 AAAA...";
    if (strncmp(text, "ssh-dss ", 8) == 0)
        return "DSA keys are no longer accepted by SSH servers; ask for an "
               "ed25519 key";
    if (strstr(text, "-cert-v01@openssh.com"))
        return "this is a certificate; the plain public key is needed";
    if (!fl_pubkey_valid(text))
        return "no public key; one line as in a .pub file is meant: "
               "ssh-ed25519 AAAA...";
    if (strncmp(text, "ssh-rsa ", 8) == 0 &&
        blob_length(text + 8) < RSA_2048_CHARS)
        return "an RSA key of fewer than 2048 bits; ask for an ed25519 key";
    return NULL;
}

char *fl_pubkey_bare(const char *line)
{
    size_t type = strcspn(line, " ");
    const char *blob = line + type + (line[type] ? 1 : 0);

    return strndup(line, type + 1 + strcspn(blob, " "));
}
