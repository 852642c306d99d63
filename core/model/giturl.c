/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/giturl.h"

#include "core/base/error.h"
#include "core/base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 2048

static int refuse(const char *why, struct fleet_error *err)
{
    return fleet_fail(err, FLEET_ECONFIG,
                      "the address of the repository %s: it is written "
                      "git@host:owner/name.git, ssh://, https:// or /path",
                      why);
}

static bool is_plain(const char *text)
{
    for (const char *at = text; *at; at++) {
        if (!isgraph((unsigned char)*at) || strchr("'\"\\`$<>|;&*?", *at))
            return false;
    }
    return true;
}

static bool is_host(const char *host, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)host[i]) && !strchr(".-_:[]", host[i]))
            return false;
    }
    return len > 0 && host[0] != '-';
}

/* "user@host:port" as ssh:// has it, up to END. */
static int read_place(const char *place, const char *end, char **known_as,
                      struct fleet_error *err)
{
    const char *at = memchr(place, '@', (size_t)(end - place));
    const char *host = at ? at + 1 : place;
    const char *colon = memchr(host, ':', (size_t)(end - host));
    size_t len = (size_t)((colon ? colon : end) - host);
    int64_t port = 22;
    FL_AUTO_FREE char *text =
        colon ? strndup(colon + 1, (size_t)(end - colon - 1)) : NULL;

    if (!is_host(host, len) ||
        (colon && (!text || !fl_parse_int(text, 1, 65535, &port))))
        return refuse("names no host", err);
    *known_as = port == 22 ? strndup(host, len)
                           : fl_format("[%.*s]:%d", (int)len, host, (int)port);
    return *known_as ? FLEET_OK : fl_enomem(err);
}

/* What a person would not put into a file that others read. */
static bool has_password(const char *place)
{
    size_t len = strcspn(place, "/");
    const char *at = memchr(place, '@', len);

    return at && memchr(place, ':', (size_t)(at - place));
}

static int read_host(const char *text, char **known_as, struct fleet_error *err)
{
    const char *place = strstr(text, "://"), *colon;

    if (text[0] == '/' || strncmp(text, "file:///", 8) == 0)
        return FLEET_OK;
    if (place && has_password(place + 3))
        return refuse("has a password in it, which would be on every pod", err);
    if (strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0)
        return is_host(place + 3, strcspn(place + 3, "/@"))
                   ? FLEET_OK
                   : refuse("names no host", err);
    if (strncmp(text, "ssh://", 6) == 0)
        return read_place(place + 3, place + 3 + strcspn(place + 3, "/"),
                          known_as, err);
    colon = strchr(text, ':');
    if (place || !colon || colon[1] == ':' ||
        memchr(text, '/', (size_t)(colon - text)))
        return refuse("cannot be read", err);
    return read_place(text, colon, known_as, err);
}

static char *name_of(const char *text)
{
    size_t len = strlen(text), from;

    while (len > 0 && text[len - 1] == '/')
        len--;
    if (len > 4 && strncmp(text + len - 4, ".git", 4) == 0)
        len -= 4;
    from = len;
    while (from > 0 && text[from - 1] != '/' && text[from - 1] != ':')
        from--;
    return strndup(text + from, len - from);
}

int fl_giturl_read(const char *text, struct fl_giturl *url,
                   struct fleet_error *err)
{
    int rc;

    *url = (struct fl_giturl){0};
    if (text[0] == '-' || strlen(text) > TEXT_MAX || !is_plain(text))
        return refuse("has signs in it that no address has", err);
    rc = read_host(text, &url->known_as, err);
    if (rc == 0) {
        url->text = strdup(text);
        url->name = name_of(text);
        rc = url->text && url->name ? FLEET_OK : fl_enomem(err);
    }
    if (rc == 0 && (url->name[0] == '\0' || url->name[0] == '.'))
        rc = refuse("names no repository", err);
    if (rc < 0)
        fl_giturl_clear(url);
    return rc;
}

void fl_giturl_clear(struct fl_giturl *url)
{
    free(url->text);
    free(url->known_as);
    free(url->name);
    *url = (struct fl_giturl){0};
}
