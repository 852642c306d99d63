/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/envfile.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/model/shown.h"

#include <ini.h>
#include <stdarg.h>
#include <string.h>

#define LETTERS                                                                \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"                                               \
    "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* Reads the text entry by entry. A value can be longer than inih's line buffer
 * and span lines, so it stays here: inih is shown "KEY=1" in its place, and
 * the entry is stored when inih hands back KEY. */
struct lexer {
    const char *at, *end;
    bool cut; /* the text goes on behind end, with a NUL byte */
    int line;
    const char *home;
    struct fl_envfile *file;
    char key[FL_KEY_MAX + 1]; /* of the entry being read; "": none yet */
    int key_line, word_line;
    struct fl_buf word;    /* the value being read */
    struct fl_strv values; /* the values read for this key */
    bool array;
    int rc;
    struct fleet_error *err;
};

static int fail(struct lexer *lexer, int line, const char *format, ...)
    FLEET_PRINTF(3, 4);

static int fail(struct lexer *lexer, int line, const char *format, ...)
{
    char what[FL_SHOWN_SIZE + 128];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    if (lexer->cut && lexer->at == lexer->end) { /* the cause of the rest */
        line = lexer->line;
        snprintf(what, sizeof(what),
                 "a NUL byte; save the file as plain UTF-8 text");
    }
    lexer->rc = fleet_fail(lexer->err, FLEET_ECONFIG, "%s:%d: %s%s%s",
                           lexer->file->path, line, lexer->key,
                           lexer->key[0] ? ": " : "", what);
    return lexer->rc;
}

static int out_of_memory(struct lexer *lexer)
{
    lexer->rc = fl_enomem(lexer->err);
    return lexer->rc;
}

/* The byte at hand, EOF at the end. A carriage return that ends a line does not
 * count. */
static int peek(struct lexer *lexer)
{
    size_t left = (size_t)(lexer->end - lexer->at);

    if (left > 0 && *lexer->at == '\r' && (left == 1 || lexer->at[1] == '\n')) {
        lexer->at++;
        left--;
    }
    return left > 0 ? (unsigned char)*lexer->at : EOF;
}

static int next(struct lexer *lexer)
{
    int c = peek(lexer);

    if (c != EOF)
        lexer->at++;
    if (c == '\n')
        lexer->line++;
    return c;
}

/* A backslash at the end of a line joins it with the next one. */
static bool skip_join(struct lexer *lexer)
{
    const char *at = lexer->at;

    if (at == lexer->end || *at++ != '\\')
        return false;
    if (at < lexer->end && *at == '\r')
        at++;
    if (at == lexer->end || *at != '\n')
        return false;
    lexer->at = at + 1;
    lexer->line++;
    return true;
}

static void skip_blanks(struct lexer *lexer)
{
    int c;

    do {
        while (skip_join(lexer))
            ;
        c = peek(lexer);
    } while ((c == ' ' || c == '\t') && next(lexer));
}

static void skip_comment(struct lexer *lexer)
{
    if (peek(lexer) != '#')
        return;
    while (peek(lexer) != '\n' && peek(lexer) != EOF)
        next(lexer);
}

/* To the next thing that counts, over lines and comments. */
static void skip_lines(struct lexer *lexer)
{
    do {
        skip_blanks(lexer);
        skip_comment(lexer);
    } while (peek(lexer) == '\n' && next(lexer));
}

static int put(struct lexer *lexer, int c)
{
    if (lexer->word.len >= FL_VALUE_MAX)
        return fail(lexer, lexer->word_line, "longer than %d bytes",
                    FL_VALUE_MAX);
    return fl_buf_putc(&lexer->word, (char)c);
}

static int put_home(struct lexer *lexer)
{
    if (!lexer->home)
        return fail(lexer, lexer->word_line,
                    "~ and $HOME need a home directory: set HOME");
    for (const char *c = lexer->home; *c && lexer->rc == 0; c++)
        put(lexer, *c);
    return lexer->rc;
}

static int lex_single(struct lexer *lexer)
{
    int c;

    while ((c = next(lexer)) != '\'') {
        if (c == EOF)
            return fail(lexer, lexer->word_line, "unclosed quote (')");
        if (put(lexer, c) < 0)
            return lexer->rc;
    }
    return FLEET_OK;
}

/* Behind a dollar sign. */
static int lex_dollar(struct lexer *lexer, bool quoted)
{
    size_t left = (size_t)(lexer->end - lexer->at), n = 0;
    const char *name = lexer->at;
    bool brace = peek(lexer) == '{';

    if (peek(lexer) == '(')
        return fail(lexer, lexer->word_line,
                    "$(...) is not run here; write the value itself");
    if (brace) {
        name++;
        left--;
    }
    while (n < left && strchr(LETTERS DIGITS "_", name[n]))
        n++;
    if (n == 4 && memcmp(name, "HOME", n) == 0 &&
        (!brace || (left > n && name[n] == '}'))) {
        lexer->at = name + n + (brace ? 1 : 0);
        return put_home(lexer);
    }
    if (n == 0 && !brace &&
        (left == 0 || !strchr(quoted ? "@*#?-$![" : "@*#?-$!['\"", *name)))
        return put(lexer, '$'); /* nothing that a shell would expand */
    return fail(lexer, lexer->word_line,
                "only $HOME is expanded here; for a plain dollar sign use "
                "single quotes");
}

static int lex_backtick(struct lexer *lexer)
{
    return fail(lexer, lexer->word_line,
                "`...` is not run here; write the value itself");
}

static int lex_double(struct lexer *lexer)
{
    int c = 0;

    while (lexer->rc == 0) {
        if (skip_join(lexer))
            continue;
        c = next(lexer);
        if (c == '"')
            return FLEET_OK;
        if (c == EOF)
            return fail(lexer, lexer->word_line, "unclosed quote (\")");
        if (c == '$')
            lex_dollar(lexer, true);
        else if (c == '`')
            lex_backtick(lexer);
        else if (c == '\\' && peek(lexer) != EOF &&
                 strchr("\"\\$`", peek(lexer)))
            put(lexer, next(lexer));
        else
            put(lexer, c);
    }
    return lexer->rc;
}

static int lex_backslash(struct lexer *lexer)
{
    int c = next(lexer);

    return put(lexer, c == EOF ? '\\' : c);
}

/* Behind a ~ where a shell would expand it. */
static int lex_tilde(struct lexer *lexer)
{
    int c = peek(lexer);

    if (c == EOF || strchr("/: \t\n)", c))
        return put_home(lexer);
    return fail(lexer, lexer->word_line,
                "only ~/ is expanded here; write the path in full");
}

static int lex_plain(struct lexer *lexer, int c, bool array)
{
    if (strchr(array ? "|&;<>(*?[{" : "|&;<>()", c))
        return fail(lexer, lexer->word_line,
                    "'%c' outside quotes; put quotes around the value", c);
    return put(lexer, c);
}

static int lex_part(struct lexer *lexer, bool array, bool tilde)
{
    int c = next(lexer);

    switch (c) {
    case '\'':
        return lex_single(lexer);
    case '"':
        return lex_double(lexer);
    case '\\':
        return lex_backslash(lexer);
    case '$':
        return lex_dollar(lexer, false);
    case '`':
        return lex_backtick(lexer);
    case '~':
        return tilde ? lex_tilde(lexer) : put(lexer, c);
    default:
        return lex_plain(lexer, c, array);
    }
}

/* Quoted and unquoted parts up to a blank, joined: one more value. */
static int lex_word(struct lexer *lexer, bool array)
{
    bool tilde = true; /* one at this place would be expanded */
    int c;

    lexer->word_line = lexer->line;
    fl_buf_empty(&lexer->word);
    while (lexer->rc == 0) {
        if (skip_join(lexer))
            continue;
        c = peek(lexer);
        if (c == EOF || strchr(array ? " \t\n)" : " \t\n", c))
            break;
        lex_part(lexer, array, tilde);
        tilde = c == ':' && !array;
    }
    if (lexer->rc == 0 &&
        fl_strv_add_n(&lexer->values, fl_buf_text(&lexer->word),
                      lexer->word.len) < 0)
        return out_of_memory(lexer);
    return lexer->rc;
}

/* Behind the opening parenthesis. */
static int lex_array(struct lexer *lexer)
{
    for (;;) {
        skip_lines(lexer);
        if (peek(lexer) == EOF)
            return fail(lexer, lexer->key_line,
                        "unclosed array: there is no ')' behind it");
        if (peek(lexer) == ')') {
            next(lexer);
            return FLEET_OK;
        }
        if (lex_word(lexer, true) < 0)
            return lexer->rc;
    }
}

/* Bytes up to what ends a key. */
static size_t key_length(struct lexer *lexer)
{
    size_t n = 0, left = (size_t)(lexer->end - lexer->at);

    while (n < left && !strchr("= \t\r\n", lexer->at[n]))
        n++;
    return n;
}

/* A line without '=' may well be a secret that was pasted there, so its first
 * word is told only when it looks like one of our keys. */
static int fail_no_key(struct lexer *lexer, const char *word, size_t n)
{
    char shown[FL_SHOWN_SIZE] = "";

    for (size_t i = 0; i < n; i++) {
        if (word[i] != '_' && (word[i] < 'A' || word[i] > 'Z'))
            n = 0;
    }
    fl_shown_n(shown, word, n);
    return fail(lexer, lexer->key_line,
                "%s%sexpected KEY=value, or # before a comment", shown,
                n ? ": " : "");
}

static int lex_key(struct lexer *lexer)
{
    size_t n = key_length(lexer);
    char shown[FL_SHOWN_SIZE];
    const char *key;

    if (n == strlen("export") && memcmp(lexer->at, "export", n) == 0 &&
        lexer->at + n < lexer->end && lexer->at[n] != '=') {
        lexer->at += n;
        skip_blanks(lexer);
        n = key_length(lexer);
    }
    key = lexer->at;
    if (n > 0 && *key == '[')
        return fail(lexer, lexer->key_line,
                    "there are no [sections] in this file; remove the line");
    lexer->at += n;
    skip_blanks(lexer);
    if (peek(lexer) != '=')
        return fail_no_key(lexer, key, n);
    if (!fl_env_key_valid(key, n)) {
        fl_shown_n(shown, key, n);
        return fail(lexer, lexer->key_line,
                    "'%s' is no key: letters, digits and _, at most %d", shown,
                    FL_KEY_MAX);
    }
    memcpy(lexer->key, key, n);
    lexer->key[n] = '\0';
    return FLEET_OK;
}

static int lex_value(struct lexer *lexer)
{
    const char *start;
    int line;

    next(lexer); /* the = */
    start = lexer->at;
    line = lexer->line;
    skip_blanks(lexer);
    if (peek(lexer) == '#') { /* a comment only where a blank precedes it */
        lexer->at = start;
        lexer->line = line;
    }
    lexer->array = peek(lexer) == '(';
    if (lexer->array) {
        next(lexer);
        lex_array(lexer);
    } else {
        lex_word(lexer, false);
    }
    if (lexer->rc < 0)
        return lexer->rc;
    skip_blanks(lexer);
    skip_comment(lexer);
    if (peek(lexer) != EOF && peek(lexer) != '\n')
        return fail(lexer, lexer->line,
                    "more text behind the value; put quotes around all of it");
    return FLEET_OK;
}

/* inih's fgets: one short line for each entry. */
static char *read_line(char *line, int size, void *user)
{
    struct lexer *lexer = user;

    if (lexer->rc < 0)
        return NULL;
    lexer->key[0] = '\0';
    skip_lines(lexer);
    lexer->key_line = lexer->line;
    if (peek(lexer) != EOF) {
        if (lex_key(lexer) < 0 || lex_value(lexer) < 0)
            return NULL;
    }
    if (lexer->at == lexer->end && lexer->cut) {
        fail(lexer, lexer->line, "cut");
        return NULL;
    }
    if (!lexer->key[0])
        return NULL;
    snprintf(line, (size_t)size, "%s=1\n", lexer->key);
    return line;
}

static void wipe_values(struct fl_strv *values)
{
    for (size_t i = 0; i < values->n; i++)
        fl_wipe(values->at[i], strlen(values->at[i]));
    fl_strv_clear(values);
}

static int grow(struct fl_envfile *file)
{
    size_t size = file->size ? file->size * 2 : 32;
    struct fl_env_entry *at;

    if (file->n < file->size)
        return FLEET_OK;
    at = reallocarray(file->at, size, sizeof(*at));
    if (!at)
        return FLEET_ENOMEM;
    file->at = at;
    file->size = size;
    return FLEET_OK;
}

static char *join(const struct fl_strv *values, bool array)
{
    bool words = array && values->n == 1 && strpbrk(values->at[0], " \t,");
    size_t len = 1;
    char *text, *at;

    for (size_t i = 0; i < values->n; i++)
        len += strlen(values->at[i]) + 1;
    text = malloc(len);
    if (!text)
        return NULL;
    at = text;
    for (size_t i = 0; i < values->n; i++) {
        at = mempcpy(at, values->at[i], strlen(values->at[i]));
        if (words || i + 1 < values->n)
            *at++ = '\n';
    }
    *at = '\0';
    return text;
}

/* Eats the values. */
static int add_entry(struct fl_envfile *file, const char *key,
                     struct fl_strv *values, bool array, int line)
{
    struct fl_env_entry entry = {.array = array, .line = line};

    entry.key = strdup(key);
    entry.text = join(values, array);
    if (!entry.key || !entry.text || grow(file) < 0) {
        free(entry.key);
        free(entry.text);
        wipe_values(values);
        return FLEET_ENOMEM;
    }
    entry.values = *values;
    *values = (struct fl_strv){0};
    file->at[file->n++] = entry;
    return FLEET_OK;
}

/* inih's handler: stores what read_line has read. */
static int take_entry(void *user, const char *section, const char *name,
                      const char *value)
{
    struct lexer *lexer = user;

    (void)section;
    (void)value;
    if (add_entry(lexer->file, name, &lexer->values, lexer->array,
                  lexer->key_line) < 0)
        out_of_memory(lexer);
    return lexer->rc == 0;
}

static int run_lexer(struct lexer *lexer)
{
    const char *cut = memchr(lexer->at, '\0', (size_t)(lexer->end - lexer->at));
    int rc;

    if (cut) {
        lexer->end = cut;
        lexer->cut = true;
    }
    /* at once, so that no outgrown copy of a secret is left behind */
    fl_buf_init(&lexer->word, FL_VALUE_MAX);
    rc = fl_buf_reserve(&lexer->word, FL_VALUE_MAX);
    if (rc == 0)
        rc = ini_parse_stream(read_line, lexer, take_entry, lexer);
    if (lexer->rc == 0 && rc != 0) /* all that inih itself can run out of */
        out_of_memory(lexer);
    if (lexer->word.data)
        fl_wipe(lexer->word.data, lexer->word.size);
    fl_buf_clear(&lexer->word);
    wipe_values(&lexer->values);
    return lexer->rc;
}

int fl_envfile_parse(struct fl_envfile *file, const char *path,
                     const char *text, size_t len, const char *home,
                     struct fleet_error *err)
{
    static const char bom[] = "\xef\xbb\xbf";
    FL_AUTO(fl_envfile_clear) struct fl_envfile made = {0};
    struct lexer lexer = {.at = text,
                          .end = text + len,
                          .line = 1,
                          .home = home,
                          .file = &made,
                          .err = err};
    int rc;

    if (len > FL_ENVFILE_MAX)
        return fleet_fail(err, FLEET_ECONFIG, "%s: larger than %d bytes", path,
                          FL_ENVFILE_MAX);
    if (len >= strlen(bom) && memcmp(text, bom, strlen(bom)) == 0)
        lexer.at += strlen(bom);
    made.path = strdup(path);
    if (!made.path)
        return fl_enomem(err);
    rc = run_lexer(&lexer);
    if (rc < 0)
        return rc;
    *file = made;
    made = (struct fl_envfile){0};
    return FLEET_OK;
}

const struct fl_env_entry *fl_envfile_get(const struct fl_envfile *file,
                                          const char *key)
{
    for (size_t i = file->n; i > 0; i--) {
        if (strcmp(file->at[i - 1].key, key) == 0)
            return &file->at[i - 1];
    }
    return NULL;
}

int fl_envfile_add(struct fl_envfile *file, const char *key, const char *value)
{
    struct fl_strv values = {0};

    if (fl_strv_add(&values, value) < 0) {
        fl_strv_clear(&values);
        return FLEET_ENOMEM;
    }
    return add_entry(file, key, &values, false, 0);
}

int fl_envfile_add_copy(struct fl_envfile *file,
                        const struct fl_env_entry *entry)
{
    struct fl_strv values = {0};

    for (size_t i = 0; i < entry->values.n; i++) {
        if (fl_strv_add(&values, entry->values.at[i]) < 0) {
            wipe_values(&values);
            return FLEET_ENOMEM;
        }
    }
    return add_entry(file, entry->key, &values, entry->array, entry->line);
}

void fl_envfile_clear(struct fl_envfile *file)
{
    if (!file)
        return;
    for (size_t i = 0; i < file->n; i++) {
        struct fl_env_entry *entry = &file->at[i];

        fl_wipe(entry->text, strlen(entry->text));
        free(entry->text);
        wipe_values(&entry->values);
        free(entry->key);
    }
    free(file->at);
    free(file->path);
    *file = (struct fl_envfile){0};
}

bool fl_env_key_valid(const char *key, size_t len)
{
    if (len == 0 || len > FL_KEY_MAX || !strchr(LETTERS "_", key[0]))
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!key[i] || !strchr(LETTERS DIGITS "_", key[i]))
            return false;
    }
    return true;
}

int fl_envfile_quote(struct fl_buf *out, const char *value)
{
    size_t len = strlen(value);

    if (len > FL_VALUE_MAX || strchr(value, '\r'))
        return FLEET_EINVALID;
    if (len > 0 && strspn(value, LETTERS DIGITS "_./:@%+,=-") == len)
        return fl_buf_puts(out, value);
    fl_buf_putc(out, '\'');
    for (; *value; value++) {
        if (*value == '\'')
            fl_buf_puts(out, "'\\''");
        else
            fl_buf_putc(out, *value);
    }
    return fl_buf_putc(out, '\'');
}
