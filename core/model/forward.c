/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/forward.h"

#include "core/base/error.h"
#include "core/base/map.h"
#include "core/base/text.h"

#include <string.h>

#define MARK     "# fleet: pod "
#define LINE_MAX 4096
#define PORT_MAX 65535

char *fl_word_of(const char *words, const char *key)
{
    size_t len = strlen(key);

    for (const char *at = words; *at;) {
        size_t word;

        at += strspn(at, " \t\r");
        word = strcspn(at, " \t\r");
        if (word > len && strncmp(at, key, len) == 0 && at[len] == '=')
            return strndup(at + len + 1, word - len - 1);
        at += word;
    }
    return strdup("");
}

/* ---- the deployed file ---- */

static void forward_clear(struct fl_forward *forward)
{
    free(forward->name);
    free(forward->host);
    free(forward->provider);
    free(forward->id);
    *forward = (struct fl_forward){0};
}

FL_CLEANUP_IN_PLACE(forward_clear, struct fl_forward);

void fl_forward_list_clear(struct fl_forward_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        forward_clear(&list->at[i]);
    free(list->at);
    *list = (struct fl_forward_list){0};
}

static int add(struct fl_forward_list *list, struct fl_forward *forward)
{
    size_t size = list->size ? 2 * list->size : 64;

    if (list->n == list->size) {
        struct fl_forward *more =
            reallocarray(list->at, size, sizeof(*list->at));

        if (!more)
            return FLEET_ENOMEM;
        list->at = more;
        list->size = size;
    }
    list->at[list->n++] = *forward;
    *forward = (struct fl_forward){0};
    return FLEET_OK;
}

/* "203.0.113.7:22" or "[2001:db8::6]:22", which it cuts up. *host: in it. */
static bool read_target(char *target, struct fl_forward *forward,
                        const char **out)
{
    char *colon = strrchr(target, ':'), *host = target;

    if (!colon || !fl_parse_int(colon + 1, 1, PORT_MAX, &forward->ssh_port))
        return false;
    *colon = '\0';
    if (*host == '[' && colon[-1] == ']') {
        colon[-1] = '\0';
        host++;
    }
    *out = host;
    return *host;
}

static int hex_of(char c)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* %20 is a blank: as the format has written it. In place. */
static void decode(char *text)
{
    char *to = text;

    for (const char *at = text; *at; to++) {
        int high = *at == '%' ? hex_of(at[1]) : -1;
        int low = high < 0 ? -1 : hex_of(at[2]);

        *to = low < 0 ? *at : (char)(16 * high + low);
        at += low < 0 ? 1 : 3;
    }
    *to = '\0';
}

static int read_words(const char *path, size_t line, const char *words,
                      struct fl_forward_list *list, struct fleet_error *err)
{
    FL_AUTO(forward_clear) struct fl_forward forward = {0};
    FL_AUTO_FREE char *port = fl_word_of(words, "port");
    FL_AUTO_FREE char *target = fl_word_of(words, "target");
    const char *host;

    forward.name = fl_word_of(words, "name");
    forward.provider = fl_word_of(words, "provider");
    forward.id = fl_word_of(words, "id");
    if (!port || !target || !forward.name || !forward.provider || !forward.id)
        return fl_enomem(err);
    decode(forward.id);
    if (!fl_parse_int(port, 1, PORT_MAX, &forward.port) ||
        !read_target(target, &forward, &host))
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s:%zu: not a line that fleet wrote: no port, or no "
                          "target",
                          path, line);
    forward.host = strdup(host);
    return !forward.host || add(list, &forward) < 0 ? fl_enomem(err) : FLEET_OK;
}

static int read_line(const char *path, size_t line, const char *text,
                     size_t len, struct fl_forward_list *list,
                     struct fleet_error *err)
{
    FL_AUTO_FREE char *words = NULL;

    if (len < strlen(MARK) || len > LINE_MAX ||
        strncmp(text, MARK, strlen(MARK)) != 0)
        return FLEET_OK;
    words = strndup(text + strlen(MARK), len - strlen(MARK));
    return words ? read_words(path, line, words, list, err) : fl_enomem(err);
}

int fl_forwards_parse(const char *path, const char *text, size_t len,
                      struct fl_forward_list *out, struct fleet_error *err)
{
    FL_AUTO(fl_forward_list_clear) struct fl_forward_list list = {0};
    const char *end = text + len;
    int rc = FLEET_OK;

    for (size_t line = 1; rc == 0 && text < end; line++) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline ? newline : end;

        rc = read_line(path, line, text, (size_t)(stop - text), &list, err);
        text = newline ? newline + 1 : end;
    }
    if (rc < 0)
        return rc;
    *out = list;
    list = (struct fl_forward_list){0};
    return FLEET_OK;
}

/* ---- merging ---- */

int64_t fl_forward_connections(size_t n)
{
    int64_t need = 18 * (int64_t)n;

    return need < 1024 ? 1024 : need;
}

const char *fl_move_name(enum fl_move move)
{
    static const char *const names[] = {
        [FL_MOVE_ADDED] = "added",     [FL_MOVE_CHANGED] = "changed",
        [FL_MOVE_KEPT] = "kept",       [FL_MOVE_STALE] = "kept-stale",
        [FL_MOVE_REMOVED] = "removed",
    };

    return names[move];
}

/* Joins by name; SPOKE holds the providers whose listing has a pod. */
struct merge {
    const struct fl_told *told;
    struct fl_map pods, deployed, providers, spoke;
};

static void merge_clear(struct merge *merge)
{
    fl_map_clear(&merge->pods);
    fl_map_clear(&merge->deployed);
    fl_map_clear(&merge->providers);
    fl_map_clear(&merge->spoke);
}

FL_CLEANUP_IN_PLACE(merge_clear, struct merge);

static int index_all(struct merge *merge, const struct fl_forward_list *list)
{
    const struct fl_told *told = merge->told;
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < told->n_providers; i++)
        rc = fl_map_add(&merge->providers, told->providers[i].name,
                        (void *)&told->providers[i], NULL);
    for (size_t i = 0; rc == 0 && i < told->n_pods; i++) {
        const struct fl_told_pod *pod = &told->pods[i];

        rc = fl_map_add(&merge->pods, pod->name, (void *)pod, NULL);
        if (rc == 0 && !pod->unlisted)
            rc = fl_map_add(&merge->spoke, pod->provider, (void *)pod, NULL);
    }
    for (size_t i = 0; rc == 0 && i < list->n; i++)
        rc = fl_map_add(&merge->deployed, list->at[i].name,
                        (void *)&list->at[i], NULL);
    return rc;
}

static bool same(const char *one, const char *two)
{
    return strcmp(one ? one : "", two ? two : "") == 0;
}

static bool is_at(const struct fl_forward *was, const struct fl_told_pod *now)
{
    return same(was->host, now->host) && was->ssh_port == now->ssh_port &&
           same(was->provider, now->provider) && same(was->id, now->id);
}

static bool is_same_pod(const struct fl_forward *was,
                        const struct fl_told_pod *now)
{
    return same(was->provider, now->provider) && same(was->id, now->id);
}

/* Why it is not certain that the deployed pod is gone; NULL: it is. */
static const char *doubt(const struct merge *merge,
                         const struct fl_forward *was)
{
    const struct fl_told *told = merge->told;
    const struct fl_told_provider *provider =
        fl_map_get(&merge->providers, was->provider);

    if (!provider)
        return "its provider is not asked";
    if (!provider->ok)
        return "its provider cannot be listed";
    if (told->prune || fl_map_get(&merge->spoke, was->provider) ||
        (told->ended && told->ended(told->arg, was->provider, was->id)))
        return NULL;
    return "its provider lists nothing at all; --prune takes that for true";
}

static void stay(struct fl_forward_row *row, const char *why)
{
    row->move = FL_MOVE_STALE;
    row->why = why;
}

/* One deployed forward, and whoever has its name now. */
static struct fl_forward_row judge(const struct merge *merge,
                                   const struct fl_forward *was)
{
    const struct fl_told_pod *now = fl_map_get(&merge->pods, was->name);
    struct fl_forward_row row = {
        .name = was->name, .was = was, .port = was->port};
    const char *why = now && is_same_pod(was, now) ? NULL : doubt(merge, was);

    if (why) {
        stay(&row, why);
    } else if (!now) {
        row.move = FL_MOVE_REMOVED;
        row.why = "its pod is gone";
    } else if (now->objection) {
        stay(&row, now->objection);
    } else {
        row.move = is_at(was, now) ? FL_MOVE_KEPT : FL_MOVE_CHANGED;
        row.now = now;
    }
    return row;
}

int fl_forwards_merge(const struct fl_forward_list *deployed,
                      const struct fl_told *told, struct fl_forward_rows *out,
                      struct fleet_error *err)
{
    FL_AUTO(merge_clear) struct merge merge = {.told = told};
    FL_AUTO(fl_forward_rows_clear) struct fl_forward_rows rows = {0};

    rows.at = calloc(deployed->n + told->n_pods + 1, sizeof(*rows.at));
    if (!rows.at || index_all(&merge, deployed) < 0)
        return fl_enomem(err);
    for (size_t i = 0; i < deployed->n; i++)
        rows.at[rows.n++] = judge(&merge, &deployed->at[i]);
    for (size_t i = 0; i < told->n_pods; i++) {
        const struct fl_told_pod *pod = &told->pods[i];

        if (!pod->objection && !fl_map_get(&merge.deployed, pod->name))
            rows.at[rows.n++] = (struct fl_forward_row){
                .move = FL_MOVE_ADDED, .name = pod->name, .now = pod};
    }
    *out = rows;
    rows = (struct fl_forward_rows){0};
    return FLEET_OK;
}

static int by_port(const void *one, const void *two)
{
    const struct fl_forward_row *a = one, *b = two;

    if (a->port != b->port)
        return a->port < b->port ? -1 : 1;
    return strcmp(a->name, b->name);
}

void fl_forwards_settle(struct fl_forward_rows *rows,
                        int64_t (*port)(void *arg, const char *name), void *arg)
{
    for (size_t i = 0; i < rows->n; i++) {
        struct fl_forward_row *row = &rows->at[i];

        row->port = port(arg, row->name);
        if (row->was && row->port != row->was->port &&
            row->move != FL_MOVE_REMOVED)
            row->move = FL_MOVE_CHANGED;
    }
    if (rows->n)
        qsort(rows->at, rows->n, sizeof(*rows->at), by_port);
}

size_t fl_forwards_count(const struct fl_forward_rows *rows, enum fl_move move)
{
    size_t n = 0;

    for (size_t i = 0; i < rows->n; i++)
        n += rows->at[i].move == move;
    return n;
}

bool fl_forwards_differ(const struct fl_forward_rows *rows)
{
    return fl_forwards_count(rows, FL_MOVE_KEPT) +
               fl_forwards_count(rows, FL_MOVE_STALE) <
           rows->n;
}

void fl_forward_rows_clear(struct fl_forward_rows *rows)
{
    free(rows->at);
    *rows = (struct fl_forward_rows){0};
}
