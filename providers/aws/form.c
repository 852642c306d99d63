/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/form.h"

#include "providers/api/api.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FORM_MAX ((size_t)1 << 20)

static void fail_form(struct form *form)
{
    form_close(form);
    form->failed = true;
}

static void put(struct form *form, const char *text)
{
    size_t more = strlen(text), size = form->size;
    char *bigger = form->text;

    if (form->failed)
        return;
    while (form->len + more >= size)
        size = size ? size * 2 : 512;
    if (size != form->size)
        bigger = size <= FORM_MAX ? realloc(form->text, size) : NULL;
    if (!bigger) {
        fail_form(form);
        return;
    }
    form->text = bigger;
    form->size = size;
    memcpy(form->text + form->len, text, more + 1);
    form->len += more;
}

void form_open(struct form *form, const char *action, const char *version)
{
    *form = (struct form){0};
    put(form, "Action=");
    put(form, action);
    put(form, "&Version=");
    put(form, version);
}

void form_close(struct form *form)
{
    if (form->text) /* a web identity's token may be in it */
        explicit_bzero(form->text, form->len);
    free(form->text);
    *form = (struct form){0};
}

static void put_pair(struct form *form, const char *name, const char *value)
{
    AUTO_FREE char *escaped = NULL;

    /* "." and ".." are no segments of a path here. */
    if (strcmp(value, ".") == 0 || strcmp(value, "..") == 0)
        escaped = strdup(value);
    else
        escaped = api_escape(value);
    if (!name || !escaped) {
        fail_form(form);
        return;
    }
    put(form, "&");
    put(form, name);
    put(form, "=");
    put(form, escaped);
}

void form_add(struct form *form, const char *value, const char *format, ...)
{
    AUTO_FREE char *name = NULL;
    va_list args;

    if (!value || !*value || form->failed)
        return;
    va_start(args, format);
    if (vasprintf(&name, format, args) < 0)
        name = NULL;
    va_end(args);
    put_pair(form, name, value);
}

void form_add_empty(struct form *form, const char *value, const char *name)
{
    if (*value) {
        form_add(form, value, "%s", name);
        return;
    }
    put(form, "&");
    put(form, name);
    put(form, "=");
}

void form_add_number(struct form *form, int64_t value, const char *format, ...)
{
    AUTO_FREE char *name = NULL;
    char text[24];
    va_list args;

    if (form->failed)
        return;
    va_start(args, format);
    if (vasprintf(&name, format, args) < 0)
        name = NULL;
    va_end(args);
    snprintf(text, sizeof(text), "%lld", (long long)value);
    put_pair(form, name, text);
}

void form_add_base64(struct form *form, const char *text, const char *name)
{
    size_t len = text ? strlen(text) : 0;
    AUTO_FREE char *encoded = NULL;

    if (len == 0 || form->failed)
        return;
    if (len < FORM_MAX)
        encoded = malloc(len / 3 * 4 + 5);
    if (!encoded) {
        fail_form(form);
        return;
    }
    EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)text,
                    (int)len);
    put_pair(form, name, encoded);
}
