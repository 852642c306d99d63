/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/exec/secrets.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define EXEC_SECRET_MIN 6
#define EXEC_MASK       "***"
/* Enough for the largest setting, so that no half of a secret is shown. */
#define EXEC_SHOWN_FROM ((size_t)128 << 10)

static const char *const secret_words[] = {
    "KEY", "TOKEN", "SECRET", "PASS", "CREDENTIAL", "AUTH", "PRIVATE", NULL};

static bool sounds_secret(const char *key)
{
    for (const char *const *word = secret_words; *word; word++)
        if (strstr(key, *word))
            return true;
    return false;
}

/* Longest first: one may begin with another. */
static void insert(struct exec_secrets *secrets, char *text)
{
    size_t i = secrets->n++;

    for (; i > 0 && strlen(secrets->at[i - 1]) < strlen(text); i--)
        secrets->at[i] = secrets->at[i - 1];
    secrets->at[i] = text;
}

static int keep(struct exec_secrets *secrets, const char *text, size_t len)
{
    char **at, *copy;

    if (len < EXEC_SECRET_MIN)
        return FLEET_OK;
    at = realloc(secrets->at, (secrets->n + 1) * sizeof(*at));
    if (!at)
        return FLEET_ENOMEM;
    secrets->at = at;
    copy = strndup(text, len);
    if (!copy)
        return FLEET_ENOMEM;
    insert(secrets, copy);
    return FLEET_OK;
}

/* The line as it stands inside a JSON string. */
static int keep_escaped(struct exec_secrets *secrets, const char *line,
                        size_t len)
{
    json_auto_t *text = json_stringn(line, len);
    char *quoted = json_dumps(text, JSON_ENCODE_ANY);
    int rc;

    if (!quoted)
        return FLEET_ENOMEM;
    rc = keep(secrets, quoted + 1, strlen(quoted) - 2);
    free(quoted);
    return rc;
}

int exec_secrets_add(struct exec_secrets *secrets, const char *key,
                     const char *value)
{
    int rc = FLEET_OK;

    if (!sounds_secret(key))
        return FLEET_OK;
    while (*value && !rc) {
        size_t len = strcspn(value, "\r\n");

        if (memchr(value, '"', len) || memchr(value, '\\', len))
            rc = keep_escaped(secrets, value, len);
        if (!rc)
            rc = keep(secrets, value, len);
        value += len;
        value += strspn(value, "\r\n");
    }
    return rc;
}

/* In place: the mask is shorter than any secret. */
static void hide(const char *secret, char *text)
{
    size_t len = strlen(secret), mask = strlen(EXEC_MASK);
    char *to = text, *hit;

    while ((hit = strstr(text, secret))) {
        size_t before = (size_t)(hit - text);

        memmove(to, text, before);
        memcpy(to + before, EXEC_MASK, mask);
        to += before + mask;
        text = hit + len;
    }
    if (to != text)
        memmove(to, text, strlen(text) + 1);
}

/* At a boundary of characters. */
static void cut(const char *text, size_t len, char *shown, size_t size)
{
    if (len < size) {
        memcpy(shown, text, len + 1);
        return;
    }
    len = size - sizeof("...");
    while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
        len--;
    memcpy(shown, text, len);
    memcpy(shown + len, "...", sizeof("..."));
}

void exec_secrets_show(const struct exec_secrets *secrets, const char *text,
                       size_t len, char *shown, size_t size)
{
    size_t taken = len < EXEC_SHOWN_FROM ? len : EXEC_SHOWN_FROM;
    char *copy = malloc(taken + 1);

    shown[0] = '\0';
    if (!copy)
        return;
    for (size_t i = 0; i < taken; i++)
        copy[i] = text[i] ? text[i] : '?';
    copy[taken] = '\0';
    for (size_t i = 0; i < secrets->n; i++)
        hide(secrets->at[i], copy);
    cut(copy, strlen(copy), shown, size);
    free(copy);
}

void exec_secrets_clear(struct exec_secrets *secrets)
{
    for (size_t i = 0; i < secrets->n; i++) {
        explicit_bzero(secrets->at[i], strlen(secrets->at[i]));
        free(secrets->at[i]);
    }
    free(secrets->at);
    *secrets = (struct exec_secrets){0};
}
