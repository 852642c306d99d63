/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/settings.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define KEY_MAX 128

/* A file on its way: where its lines go. */
struct reading {
    json_t *files;
    json_t *section; /* NULL: of no interest */
    json_t *block;   /* a key without a value has lines of its own below it */
    bool credentials;
    bool failed;
};

/* Without the blanks around it; its length. */
static size_t trim(const char **text, size_t len)
{
    while (len > 0 && isspace((unsigned char)**text)) {
        (*text)++;
        len--;
    }
    while (len > 0 && isspace((unsigned char)(*text)[len - 1]))
        len--;
    return len;
}

static json_t *member(struct reading *reading, json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);

    if (json_is_object(value))
        return value;
    value = json_object();
    if (!value || json_object_set_new(object, key, value) < 0) {
        reading->failed = true;
        return NULL;
    }
    return value;
}

/* "profile NAME", "services NAME", and what else there may be. */
static const char *kind_of(const struct reading *reading, const char **name,
                           size_t *len)
{
    static const char *const kinds[] = {"profile", "services", "sso-session"};

    for (size_t i = 0; !reading->credentials && i < 3; i++) {
        size_t n = strlen(kinds[i]);

        if (*len > n && strncmp(*name, kinds[i], n) == 0 &&
            isblank((unsigned char)(*name)[n])) {
            *name += n;
            *len = trim(name, *len - n);
            return i == 0 ? "profiles" : kinds[i];
        }
    }
    return reading->credentials ||
                   (*len == 7 && strncmp(*name, "default", 7) == 0)
               ? "profiles"
               : NULL;
}

static void open_section(struct reading *reading, const char *name, size_t len)
{
    char text[KEY_MAX];
    const char *kind;
    json_t *kept;

    reading->section = reading->block = NULL;
    len = trim(&name, len);
    kind = kind_of(reading, &name, &len);
    if (len >= 2 && (*name == '"' || *name == '\'') && name[len - 1] == *name) {
        name++;
        len -= 2;
    }
    if (!kind || len == 0 || len >= sizeof(text))
        return;
    memcpy(text, name, len);
    text[len] = '\0';
    kept = member(reading, reading->files, kind);
    if (kept)
        reading->section = member(reading, kept, text);
}

static void read_pair(struct reading *reading, json_t *into, const char *line,
                      size_t len)
{
    const char *equals = memchr(line, '=', len), *value;
    size_t key_len, value_len;
    char key[KEY_MAX];
    json_t *text;

    if (!equals)
        return;
    key_len = trim(&line, (size_t)(equals - line));
    value = equals + 1;
    value_len = len - (size_t)(value - line);
    value_len = trim(&value, value_len);
    if (key_len == 0 || key_len >= sizeof(key))
        return;
    for (size_t i = 0; i < key_len; i++)
        key[i] = (char)tolower((unsigned char)line[i]);
    key[key_len] = '\0';
    if (value_len == 0) {
        reading->block = into == reading->section ? member(reading, into, key)
                                                  : reading->block;
        return;
    }
    text = json_stringn(value, value_len);
    if (text && json_object_set_new(into, key, text) < 0)
        reading->failed = true;
}

static void read_line(struct reading *reading, const char *line, size_t len)
{
    bool indented = len > 0 && isblank((unsigned char)*line);
    const char *text = line, *end;

    len = trim(&text, len);
    if (len == 0 || *text == '#' || *text == ';')
        return;
    if (*text == '[' && (end = memchr(text, ']', len))) {
        open_section(reading, text + 1, (size_t)(end - text) - 1);
        return;
    }
    if (!indented)
        reading->block = NULL;
    if (reading->section)
        read_pair(reading, reading->block ? reading->block : reading->section,
                  text, len);
}

int settings_read_file(json_t *files, const char *text, bool credentials,
                       struct fleet_error *err)
{
    struct reading reading = {.files = files, .credentials = credentials};

    if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;
    while (*text && !reading.failed) {
        size_t len = strcspn(text, "\n");

        read_line(&reading, text, len);
        text += len + (text[len] ? 1 : 0);
    }
    return reading.failed ? api_enomem(err) : FLEET_OK;
}

/* ---- looking up ---- */

const char *settings_env(const struct settings *settings, const char *name)
{
    const char *value = api_text(settings->env, name);

    return value && *value ? value : NULL;
}

const json_t *settings_profile(const struct settings *settings,
                               const char *name)
{
    const json_t *profiles = api_object(settings->files, "profiles");

    return profiles && name ? api_object(profiles, name) : NULL;
}

const char *settings_get(const struct settings *settings, const char *variable,
                         const char *key)
{
    const char *value = settings_env(settings, variable);
    const json_t *profile = settings_profile(settings, settings->profile);

    return value ? value : (profile ? api_text(profile, key) : NULL);
}

bool settings_true(const struct settings *settings, const char *variable,
                   const char *key)
{
    const char *value = settings_get(settings, variable, key);

    return value && strcasecmp(value, "true") == 0;
}
