/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/envedit.h"

#include "core/base/error.h"
#include "core/model/envfile.h"

#include <stdbool.h>
#include <string.h>

/* The parser alone knows where a value ends. So this proposes an edit, has the
 * result parsed, and takes it when KEY has the value and nothing else changed.
 */
struct edit {
    const char *path, *home, *key, *value;
    const char *text, *end; /* the file as it is */
    struct fl_envfile before;
    const struct fl_env_entry *entry; /* what counts for KEY; NULL: unset */
    struct fl_buf *out;
    bool out_of_memory; /* ends it: what was not tried is not wrong */
};

static int parse(struct edit *edit, const char *text, size_t len,
                 struct fl_envfile *file)
{
    int rc = fl_envfile_parse(file, edit->path, text, len, edit->home, NULL);

    if (rc == FLEET_ENOMEM)
        edit->out_of_memory = true;
    return rc;
}

static bool same_values(const struct fl_strv *a, const struct fl_strv *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++) {
        if (strcmp(a->at[i], b->at[i]) != 0)
            return false;
    }
    return true;
}

/* Apart from the entries given, which may be NULL. */
static bool same_files(const struct fl_envfile *a,
                       const struct fl_env_entry *not_in_a,
                       const struct fl_envfile *b,
                       const struct fl_env_entry *not_in_b)
{
    size_t i = 0, k = 0;

    for (;;) {
        i += i < a->n && &a->at[i] == not_in_a;
        k += k < b->n && &b->at[k] == not_in_b;
        if (i == a->n || k == b->n)
            return i == a->n && k == b->n;
        if (strcmp(a->at[i].key, b->at[k].key) != 0 ||
            !same_values(&a->at[i].values, &b->at[k].values))
            return false;
        i++;
        k++;
    }
}

/* Whether OUT says what it should. */
static bool is_right(struct edit *edit)
{
    FL_AUTO(fl_envfile_clear) struct fl_envfile after = {0};
    const struct fl_env_entry *entry;

    if (edit->out->failed == FLEET_ENOMEM)
        edit->out_of_memory = true;
    if (edit->out->failed || edit->out_of_memory ||
        parse(edit, fl_buf_text(edit->out), edit->out->len, &after) < 0)
        return false;
    entry = fl_envfile_get(&after, edit->key);
    return entry && !entry->array && entry->values.n == 1 &&
           strcmp(entry->values.at[0], edit->value) == 0 &&
           same_files(&edit->before, edit->entry, &after, entry);
}

static const char *line_end(const struct edit *edit, const char *at)
{
    const char *newline = memchr(at, '\n', (size_t)(edit->end - at));

    return newline ? newline : edit->end;
}

/* Where line NUMBER begins, counted from 1. */
static const char *line_start(const struct edit *edit, int number)
{
    const char *at = edit->text;

    while (number > 1 && at < edit->end) {
        at = line_end(edit, at);
        at += at < edit->end;
        number--;
    }
    return at;
}

/* The file up to FROM, "KEY=value", the file from TO on. */
static void propose(const struct edit *edit, const char *from, const char *to)
{
    fl_buf_empty(edit->out);
    fl_buf_add(edit->out, edit->text, (size_t)(from - edit->text));
    fl_buf_puts(edit->out, edit->key);
    fl_buf_putc(edit->out, '=');
    fl_envfile_quote(edit->out, edit->value);
    fl_buf_add(edit->out, to, (size_t)(edit->end - to));
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Whether the bytes from AT to TO alone give the entry its value: then what
 * follows is a comment. */
static bool is_whole(struct edit *edit, const char *at, const char *to)
{
    FL_AUTO(fl_envfile_clear) struct fl_envfile alone = {0};

    return parse(edit, at, (size_t)(to - at), &alone) == 0 && alone.n == 1 &&
           same_values(&alone.at[0].values, &edit->entry->values);
}

static bool keep_comment(struct edit *edit, const char *key_at)
{
    const char *end = line_end(edit, key_at);

    for (const char *c = key_at + 1; c < end; c++) {
        const char *to = c;

        if (*c != '#' || !is_blank(c[-1]) || !is_whole(edit, key_at, c))
            continue;
        while (is_blank(to[-1]))
            to--;
        propose(edit, key_at, to);
        return is_right(edit);
    }
    return false;
}

/* The value may go on over several lines: the shortest that fits is it. */
static bool replace(struct edit *edit)
{
    const char *start = line_start(edit, edit->entry->line);
    const char *key_at = memmem(start, (size_t)(edit->end - start), edit->key,
                                strlen(edit->key));
    const char *to = key_at;

    if (!key_at)
        return false;
    if (keep_comment(edit, key_at))
        return true;
    while (to < edit->end) {
        to = line_end(edit, to);
        propose(edit, key_at, to > key_at && to[-1] == '\r' ? to - 1 : to);
        if (is_right(edit))
            return true;
        to += to < edit->end;
    }
    return false;
}

/* "#KEY=...", as `fleet init` writes it. */
static bool uncomment(struct edit *edit)
{
    size_t len = strlen(edit->key);

    for (const char *at = edit->text; at < edit->end;) {
        const char *end = line_end(edit, at), *c = at + 1;

        while (c < end && is_blank(*c))
            c++;
        if (*at == '#' && (size_t)(end - c) > len && c[len] == '=' &&
            memcmp(c, edit->key, len) == 0) {
            propose(edit, at, end > at && end[-1] == '\r' ? end - 1 : end);
            if (is_right(edit))
                return true;
        }
        at = end + (end < edit->end);
    }
    return false;
}

static bool append(struct edit *edit)
{
    const char *first = line_end(edit, edit->text);
    bool crlf = first < edit->end && first > edit->text && first[-1] == '\r';
    const char *newline = crlf ? "\r\n" : "\n";

    fl_buf_empty(edit->out);
    fl_buf_add(edit->out, edit->text, (size_t)(edit->end - edit->text));
    if (edit->end > edit->text && edit->end[-1] != '\n')
        fl_buf_puts(edit->out, newline);
    fl_buf_printf(edit->out, "%s=", edit->key);
    fl_envfile_quote(edit->out, edit->value);
    fl_buf_puts(edit->out, newline);
    return is_right(edit);
}

int fl_envedit_set(const char *path, const char *text, size_t len,
                   const char *home, const char *key, const char *value,
                   struct fl_buf *out, struct fleet_error *err)
{
    struct edit edit = {.path = path,
                        .home = home,
                        .key = key,
                        .value = value,
                        .text = text,
                        .end = text + len,
                        .out = out};
    bool done;
    int rc = fl_envfile_parse(&edit.before, path, text, len, home, err);

    if (rc < 0)
        return rc;
    edit.entry = fl_envfile_get(&edit.before, key);
    done = edit.entry ? replace(&edit) : uncomment(&edit) || append(&edit);
    fl_envfile_clear(&edit.before);
    if (edit.out_of_memory)
        return fl_enomem(err);
    if (out->failed)
        return fl_buf_check(out, path, err);
    if (!done)
        return fleet_fail(err, FLEET_EINVALID,
                          "%s: %s: this value cannot be written there; edit "
                          "the file by hand",
                          path, key);
    return FLEET_OK;
}
