/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/local/pod.h"

#include "providers/local/file.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { POD_FILE_MAX = 64 * 1024 };

/* One "key value" a line. Numbers have a range, texts need not be there. */
static const struct field {
    const char *key;
    size_t offset;
    int64_t low, high; /* of a number; 0, 0: text */
} fields[] = {
    {"name", offsetof(struct pod, name), 0, 0},
    {"token", offsetof(struct pod, token), 0, 0},
    {"created", offsetof(struct pod, created), 0, 0},
    {"host-key", offsetof(struct pod, host_key), 0, 0},
    {"public-key", offsetof(struct pod, public_key), 0, 0},
    {"port", offsetof(struct pod, port), 1, 65535},
    {"locked", offsetof(struct pod, locked), 0, 1},
    {"wanted", offsetof(struct pod, wanted), WANTED_NEW, WANTED_STOPPED},
};
enum { FIELDS = sizeof fields / sizeof *fields };

void pod_id(char id[POD_ID_SIZE], const char *token)
{
    uint64_t hash = text_hash(token);

    hash ^= hash >> 48;
    snprintf(id, POD_ID_SIZE, "%012" PRIx64, hash & UINT64_C(0xffffffffffff));
}

bool pod_id_valid(const char *id)
{
    return strlen(id) == POD_ID_SIZE - 1 &&
           strspn(id, "0123456789abcdef") == POD_ID_SIZE - 1;
}

bool pod_text_valid(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    return true;
}

void pod_clear(struct pod *pod)
{
    free(pod->dir);
    free(pod->name);
    free(pod->token);
    free(pod->created);
    free(pod->host_key);
    free(pod->public_key);
    *pod = (struct pod){0};
}

static bool parse_number(const struct field *field, const char *text,
                         int64_t *out)
{
    char *end = NULL;

    errno = 0;
    long long value = strtoll(text, &end, 10);

    if (errno || end == text || *end || value < field->low ||
        value > field->high)
        return false;
    *out = value;
    return true;
}

static int set_field(struct pod *pod, const struct field *field,
                     const char *value, struct fleet_error *err)
{
    char *at = (char *)pod + field->offset;
    char *copy;

    if (field->high) {
        if (parse_number(field, value, (int64_t *)(void *)at))
            return FLEET_OK;
        return fleet_fail(err, FLEET_ECONFIG, "%s/pod: bad %s", pod->dir,
                          field->key);
    }
    if (!pod_text_valid(value))
        return fleet_fail(err, FLEET_ECONFIG, "%s/pod: bad %s", pod->dir,
                          field->key);
    copy = strdup(value);
    if (!copy)
        return fail_memory(err);
    free(*(char **)(void *)at);
    *(char **)(void *)at = copy;
    return FLEET_OK;
}

static int parse_line(struct pod *pod, char *line, struct fleet_error *err)
{
    char *value = strchr(line, ' ');

    if (!value)
        return FLEET_OK;
    *value++ = '\0';
    for (int i = 0; i < FIELDS; i++)
        if (strcmp(fields[i].key, line) == 0)
            return set_field(pod, &fields[i], value, err);
    return FLEET_OK;
}

static int parse(struct pod *pod, char *text, struct fleet_error *err)
{
    for (char *line; (line = strsep(&text, "\n"));) {
        int rc = parse_line(pod, line, err);

        if (rc < 0)
            return rc;
    }
    if (pod->name && pod->token && pod->public_key && pod->host_key &&
        pod->port)
        return FLEET_OK;
    return fleet_fail(err, FLEET_ECONFIG, "%s/pod: not complete", pod->dir);
}

int pod_read(const char *dir, struct pod *pod, struct fleet_error *err)
{
    AUTO_POD struct pod got = {.dir = strdup(dir)};
    AUTO_FREE char *path = path_in(dir, "pod");
    AUTO_FREE char *text = NULL;
    size_t len = 0;
    int rc;

    if (!got.dir || !path)
        return fail_memory(err);
    rc = file_read(path, POD_FILE_MAX, &text, &len, err);
    if (rc < 0)
        return rc;
    if (strlen(text) != len)
        return fleet_fail(err, FLEET_ECONFIG, "%s: holds a NUL byte", path);
    rc = parse(&got, text, err);
    if (rc < 0)
        return rc;
    *pod = got;
    got = (struct pod){0};
    return FLEET_OK;
}

static void put_field(FILE *out, const struct pod *pod,
                      const struct field *field)
{
    const char *at = (const char *)pod + field->offset;

    if (field->high)
        fprintf(out, "%s %" PRId64 "\n", field->key,
                *(const int64_t *)(const void *)at);
    else if (*(char *const *)(const void *)at)
        fprintf(out, "%s %s\n", field->key, *(char *const *)(const void *)at);
}

int pod_write(const struct pod *pod, struct fleet_error *err)
{
    AUTO_FREE char *path = path_in(pod->dir, "pod");
    AUTO_FREE char *text = NULL;
    size_t len = 0;
    FILE *out = path ? open_memstream(&text, &len) : NULL;

    if (!out)
        return fail_memory(err);
    for (int i = 0; i < FIELDS; i++)
        put_field(out, pod, &fields[i]);
    if (fclose(out) != 0)
        return fail_memory(err);
    return file_write(path, text, 0600, err);
}
