/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/args.h"

#include "core/base/error.h"
#include "core/base/text.h"

#include <stdio.h>
#include <string.h>

/* One flag as found on the command line. */
struct flag {
    struct fleet_option option;
    void *base;
    char shown[80]; /* "--lock-wait", "-n" */
};

bool fl_flag_takes_value(const struct fleet_option *option)
{
    return option->type != FLEET_OPT_BOOL && !(option->flags & FL_FLAG_COUNT);
}

char fl_flag_letter(const struct fleet_option *option)
{
    if (!option->aliases)
        return 0;
    for (const char *const *alias = option->aliases; *alias; alias++) {
        if (strlen(*alias) == 1)
            return **alias;
    }
    return 0;
}

int fl_flag_metavar(const struct fleet_option *option, struct fl_buf *out)
{
    static const char *const words[] = {
        [FLEET_OPT_STRING] = "TEXT",
        [FLEET_OPT_SECRET] = "SECRET",
        [FLEET_OPT_INT] = "N",
        [FLEET_OPT_PATH] = "FILE",
        [FLEET_OPT_DURATION] = "DURATION",
        [FLEET_OPT_LIST] = "LIST",
        [FLEET_OPT_PRICE] = "PRICE",
    };

    if (!fl_flag_takes_value(option))
        return FLEET_OK;
    if (option->type != FLEET_OPT_CHOICE)
        return fl_buf_puts(out, words[option->type]);
    for (size_t i = 0; option->choices[i]; i++)
        fl_buf_printf(out, "%s%s", i ? "|" : "", option->choices[i]);
    return out->failed;
}

static bool find(const struct fl_flags *sets, size_t n_sets, const char *name,
                 struct flag *out)
{
    for (size_t i = 0; i < n_sets; i++) {
        long at = fl_option_find(&sets[i].options, name);

        if (at >= 0 &&
            fl_option_at(&sets[i].options, (size_t)at, &out->option)) {
            out->base = sets[i].base;
            return true;
        }
    }
    return false;
}

/* One letter after one dash, more than one after two: nothing else matches. */
static bool find_typed(const struct fl_flags *sets, size_t n_sets, bool is_long,
                       const char *name, struct flag *out)
{
    if (is_long != (strlen(name) > 1) || !find(sets, n_sets, name, out))
        return false;
    snprintf(out->shown, sizeof(out->shown), "%s%s", is_long ? "--" : "-",
             name);
    return true;
}

bool fl_args_find(const struct fl_flags *sets, size_t n_sets, const char *flag,
                  struct fleet_option *out)
{
    struct flag found;
    bool is_long = strncmp(flag, "--", 2) == 0;

    if (flag[0] != '-' ||
        !find_typed(sets, n_sets, is_long, flag + 1 + is_long, &found))
        return false;
    *out = found.option;
    return true;
}

static int unknown(const struct fl_parse *parse, const char *typed,
                   struct fleet_error *err)
{
    FL_AUTO(fl_strv_clear) struct fl_strv names = {0};
    FL_AUTO(fl_buf_clear) struct fl_buf shown = {0};
    struct fleet_option option;
    const char *near = NULL;

    for (size_t i = 0; i < parse->n_sets; i++) {
        for (size_t k = 0; fl_option_at(&parse->sets[i].options, k, &option);
             k++) {
            if (fl_strv_add(&names, option.key) < 0)
                return fl_enomem(err);
        }
    }
    if (strncmp(typed, "--", 2) == 0 && names.n)
        near = fl_closest(typed + 2, (const char *const *)names.at);
    fl_buf_init(&shown, 1024);
    fl_text_escape(&shown, typed);
    return fleet_fail(err, FLEET_EUSAGE, "%s: unknown flag%s%s%s",
                      fl_buf_text(&shown), near ? "; did you mean --" : "",
                      near ? near : "", near ? "?" : "");
}

/* The table's own check words the error; the user knows the flag, not the key.
 */
static int set(const struct flag *flag, const char *text,
               struct fleet_error *err)
{
    struct fleet_option named = flag->option;
    int rc;

    named.key = flag->shown;
    rc = fl_option_set(&named, flag->base, text, NULL, err);
    if (rc == FLEET_EINVALID && err)
        err->code = FLEET_EUSAGE;
    return rc == FLEET_EINVALID ? FLEET_EUSAGE : rc;
}

static int set_plain(const struct flag *flag, struct fleet_error *err)
{
    int64_t *count;

    if (!(flag->option.flags & FL_FLAG_COUNT))
        return set(flag, "yes", err);
    count = (int64_t *)(void *)((char *)flag->base + flag->option.offset);
    if (*count < 100)
        ++*count;
    return FLEET_OK;
}

/* The value is INLINE_VALUE, or the next word. */
static int set_valued(struct fl_parse *parse, const struct flag *flag,
                      const char *inline_value, struct fleet_error *err)
{
    if (inline_value)
        return set(flag, inline_value, err);
    if (parse->used == parse->n_words)
        return fleet_fail(err, FLEET_EUSAGE, "%s: needs a value", flag->shown);
    return set(flag, parse->words[parse->used++], err);
}

static int parse_long(struct fl_parse *parse, const char *word,
                      struct fleet_error *err)
{
    const char *equals = strchr(word, '=');
    size_t len = equals ? (size_t)(equals - word) : strlen(word);
    FL_AUTO_FREE char *typed = strndup(word, len);
    struct flag flag;

    if (!typed)
        return fl_enomem(err);
    if (!find_typed(parse->sets, parse->n_sets, true, typed + 2, &flag))
        return unknown(parse, typed, err);
    if (fl_flag_takes_value(&flag.option))
        return set_valued(parse, &flag, equals ? equals + 1 : NULL, err);
    if (equals)
        return fleet_fail(err, FLEET_EUSAGE, "%s: takes no value", flag.shown);
    return set_plain(&flag, err);
}

static int parse_short(struct fl_parse *parse, const char *word,
                       struct fleet_error *err)
{
    for (const char *at = word + 1; *at; at++) {
        char name[2] = {*at, '\0'};
        char typed[3] = {'-', *at, '\0'};
        struct flag flag;
        int rc;

        if (!find_typed(parse->sets, parse->n_sets, false, name, &flag))
            return unknown(parse, (unsigned char)*at < 128 ? typed : word, err);
        if (fl_flag_takes_value(&flag.option))
            return set_valued(parse, &flag, at[1] ? at + 1 : NULL, err);
        rc = set_plain(&flag, err);
        if (rc < 0)
            return rc;
    }
    return FLEET_OK;
}

int fl_args_parse(struct fl_parse *parse, struct fleet_error *err)
{
    bool flags = true;

    parse->used = parse->n_rest = 0;
    parse->split = false;
    while (parse->used < parse->n_words) {
        const char *word = parse->words[parse->used];
        bool is_flag = flags && word[0] == '-' && word[1];
        int rc;

        if (!is_flag && parse->to_first)
            return FLEET_OK;
        parse->used++;
        if (!is_flag) {
            parse->rest[parse->n_rest++] = word;
        } else if (strcmp(word, "--") == 0) {
            flags = false;
            parse->split = true;
            parse->n_before = parse->n_rest;
        } else {
            rc = word[1] == '-' ? parse_long(parse, word, err)
                                : parse_short(parse, word, err);
            if (rc < 0)
                return rc;
        }
    }
    if (!parse->split)
        parse->n_before = parse->n_rest;
    return FLEET_OK;
}

int fl_args_join(const char *const *words, size_t n, struct fl_buf *out)
{
    for (size_t i = 0; i < n; i++) {
        if (i)
            fl_buf_putc(out, ' ');
        fl_shell_quote(out, words[i]);
    }
    return out->failed;
}
