/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/option.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/model/envfile.h"
#include "core/model/money.h"
#include "core/model/shown.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

/* What an option holds, before it goes into its struct. */
union held {
    char *text;
    int64_t number;
    bool yes;
};

/* FLEET_OK, FLEET_ENOMEM or FLEET_EINVALID: the kind then says what it wants.
 */
typedef int parse_function(const struct fleet_option *option, const char *text,
                           const char *base_dir, union held *out);
typedef void limit_function(char out[32], int64_t value);

struct kind {
    const char *name, *wants;
    uint32_t holds;
    parse_function *parse;
    limit_function *limit; /* writes min and max; NULL: they do not count */
};

static int take_text(char *text, union held *out)
{
    out->text = text;
    return text ? FLEET_OK : FLEET_ENOMEM;
}

static int parse_string(const struct fleet_option *option, const char *text,
                        const char *base_dir, union held *out)
{
    (void)option;
    (void)base_dir;
    return take_text(strdup(text), out);
}

/* Secrets go into headers and files, one line each. */
static int parse_secret(const struct fleet_option *option, const char *text,
                        const char *base_dir, union held *out)
{
    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return FLEET_EINVALID;
    }
    return parse_string(option, text, base_dir, out);
}

static int parse_bool(const struct fleet_option *option, const char *text,
                      const char *base_dir, union held *out)
{
    static const char *const words[] = {"no",  "yes", "0",     "1",
                                        "off", "on",  "false", "true"};

    (void)option;
    (void)base_dir;
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (strcasecmp(text, words[i]) == 0) {
            out->yes = i % 2;
            return FLEET_OK;
        }
    }
    return FLEET_EINVALID;
}

static int in_range(const struct fleet_option *option, int64_t value)
{
    if (option->min < option->max &&
        (value < option->min || value > option->max))
        return FLEET_EINVALID;
    return FLEET_OK;
}

static int parse_number(const struct fleet_option *option, const char *text,
                        const char *base_dir, union held *out)
{
    (void)base_dir;
    if (!fl_parse_int(text, INT64_MIN, INT64_MAX, &out->number))
        return FLEET_EINVALID;
    return in_range(option, out->number);
}

static int parse_duration(const struct fleet_option *option, const char *text,
                          const char *base_dir, union held *out)
{
    (void)base_dir;
    if (fl_duration_parse(text, &out->number) < 0)
        return FLEET_EINVALID;
    return in_range(option, out->number);
}

static int parse_price(const struct fleet_option *option, const char *text,
                       const char *base_dir, union held *out)
{
    (void)base_dir;
    if (!fl_money_parse(text, &out->number))
        return FLEET_EINVALID;
    return in_range(option, out->number);
}

static int parse_choice(const struct fleet_option *option, const char *text,
                        const char *base_dir, union held *out)
{
    for (size_t i = 0; option->choices && option->choices[i]; i++) {
        if (strcmp(option->choices[i], text) == 0)
            return parse_string(option, text, base_dir, out);
    }
    return FLEET_EINVALID;
}

static int parse_path(const struct fleet_option *option, const char *text,
                      const char *base_dir, union held *out)
{
    const char *home = fl_home();

    if (text[0] == '~' && (text[1] == '/' || !text[1]))
        return home ? take_text(fl_format("%s%s", home, text + 1), out)
                    : FLEET_EINVALID;
    if (text[0] == '~')
        return FLEET_EINVALID;
    if (!base_dir || !*text)
        return parse_string(option, text, base_dir, out);
    return take_text(fl_path_join(base_dir, text), out);
}

static int add_entry(struct fl_buf *lines, const char *text, size_t len)
{
    while (len > 0 && strchr(" \t", text[len - 1]))
        len--;
    if (len == 0)
        return FLEET_OK;
    if (lines->len > 0)
        fl_buf_putc(lines, '\n');
    return fl_buf_add(lines, text, len);
}

static int parse_list(const struct fleet_option *option, const char *text,
                      const char *base_dir, union held *out)
{
    FL_AUTO(fl_buf_clear) struct fl_buf lines = {0};
    const char *ends = strchr(text, '\n')                 ? "\n"
                       : option->flags & FLEET_OPT_BLANKS ? ","
                                                          : ", \t";

    (void)base_dir;
    fl_buf_init(&lines, FL_ENVFILE_MAX);
    while (*text) {
        size_t len;

        text += strspn(text, " \t");
        len = strcspn(text, ends);
        add_entry(&lines, text, len);
        text += len + (text[len] ? 1 : 0);
    }
    return lines.failed ? lines.failed : take_text(fl_buf_take(&lines), out);
}

static void number_text(char out[32], int64_t value)
{
    snprintf(out, 32, "%" PRId64, value);
}

/* clang-format off */
static const struct kind kinds[] = {
    [FLEET_OPT_STRING] = {"text", "text", FLEET_HOLDS_TEXT, parse_string, NULL},
    [FLEET_OPT_SECRET] = {"secret", "one line of text", FLEET_HOLDS_TEXT,
                          parse_secret, NULL},
    [FLEET_OPT_BOOL] = {"yes or no", "yes or no", FLEET_HOLDS_BOOL,
                        parse_bool, NULL},
    [FLEET_OPT_INT] = {"number", "a whole number", FLEET_HOLDS_INT64,
                       parse_number, number_text},
    [FLEET_OPT_DURATION] = {"duration", "a duration like 90s, 10m or 1h30m",
                            FLEET_HOLDS_INT64, parse_duration,
                            fl_duration_text},
    [FLEET_OPT_CHOICE] = {"choice", "one of", FLEET_HOLDS_TEXT, parse_choice,
                          NULL},
    [FLEET_OPT_PATH] = {"path", "a path; write it in full, or behind ~/",
                        FLEET_HOLDS_TEXT, parse_path, NULL},
    [FLEET_OPT_LIST] = {"list", "a list", FLEET_HOLDS_TEXT, parse_list, NULL},
    [FLEET_OPT_PRICE] = {"price", "a price like 0.40", FLEET_HOLDS_INT64,
                         parse_price, fl_money_text},
};
/* clang-format on */

static const struct kind *kind_of(const struct fleet_option *option)
{
    if (option->type == 0 || option->type >= sizeof(kinds) / sizeof(*kinds))
        return NULL;
    return &kinds[option->type];
}

bool fl_option_at(const struct fl_options *options, size_t i,
                  struct fleet_option *out)
{
    size_t size =
        options->stride < sizeof(*out) ? options->stride : sizeof(*out);

    *out = (struct fleet_option){0};
    if (!options->first || size == 0)
        return false;
    memcpy(out, (const char *)options->first + i * options->stride, size);
    return out->key != NULL;
}

long fl_option_find(const struct fl_options *options, const char *name)
{
    struct fleet_option option;

    for (size_t i = 0; fl_option_at(options, i, &option); i++) {
        if (strcmp(option.key, name) == 0)
            return (long)i;
        for (size_t a = 0; option.aliases && option.aliases[a]; a++) {
            if (strcmp(option.aliases[a], name) == 0)
                return (long)i;
        }
    }
    return -1;
}

const char *fl_option_type_name(const struct fleet_option *option)
{
    static _Thread_local char choices[200];
    const struct kind *kind = kind_of(option);
    size_t len = 0;

    if (!kind || option->type != FLEET_OPT_CHOICE || !option->choices)
        return kind ? kind->name : "unknown";
    for (size_t i = 0; option->choices[i] && len < sizeof(choices); i++)
        len += (size_t)snprintf(choices + len, sizeof(choices) - len, "%s%s",
                                i ? "|" : "", option->choices[i]);
    return choices;
}

/* "KEY: '12x' is not a whole number from 1 to 600" */
static int refuse(const struct fleet_option *option, const char *text,
                  struct fleet_error *err)
{
    const struct kind *kind = kind_of(option);
    char shown[FL_SHOWN_SIZE], range[80] = "", low[32], high[32];

    if (option->type == FLEET_OPT_SECRET)
        return fleet_fail(err, FLEET_EINVALID,
                          "%s: the value has a line break or another control "
                          "character in it",
                          option->key);
    fl_shown(shown, text);
    if (kind->limit && option->min < option->max) {
        kind->limit(low, option->min);
        kind->limit(high, option->max);
        snprintf(range, sizeof(range), " from %s to %s", low, high);
    }
    return fleet_fail(
        err, FLEET_EINVALID, "%s: '%s' is not %s%s%s%s", option->key, shown,
        kind->wants, range, option->type == FLEET_OPT_CHOICE ? " " : "",
        option->type == FLEET_OPT_CHOICE ? fl_option_type_name(option) : "");
}

static void *member(const struct fleet_option *option, void *base)
{
    return (char *)base + option->offset;
}

static void drop_text(const struct fleet_option *option, void *base)
{
    char **text = member(option, base);

    if (*text && option->type == FLEET_OPT_SECRET)
        fl_wipe(*text, strlen(*text));
    free(*text);
    *text = NULL;
}

static void store(const struct fleet_option *option, void *base,
                  const union held *value)
{
    switch (option->holds) {
    case FLEET_HOLDS_TEXT:
        drop_text(option, base);
        *(char **)member(option, base) = value->text;
        break;
    case FLEET_HOLDS_INT64:
        *(int64_t *)member(option, base) = value->number;
        break;
    case FLEET_HOLDS_BOOL:
        *(bool *)member(option, base) = value->yes;
        break;
    }
}

int fl_option_set(const struct fleet_option *option, void *base,
                  const char *text, const char *base_dir,
                  struct fleet_error *err)
{
    const struct kind *kind = kind_of(option);
    union held value = {0};
    int rc;

    if (!kind || kind->holds != option->holds)
        return fleet_fail(err, FLEET_EINTERNAL, "%s: no such type of option",
                          option->key);
    rc = kind->parse(option, text, base_dir, &value);
    if (rc == FLEET_ENOMEM)
        return fl_enomem(err);
    if (rc < 0)
        return refuse(option, text, err);
    store(option, base, &value);
    return FLEET_OK;
}

int fl_options_defaults(const struct fl_options *options, void *base,
                        const char *base_dir, struct fleet_error *err)
{
    struct fleet_option option;
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && fl_option_at(options, i, &option); i++) {
        if (option.fallback)
            rc = fl_option_set(&option, base, option.fallback, base_dir, err);
    }
    return rc;
}

void fl_options_clear(const struct fl_options *options, void *base)
{
    struct fleet_option option;

    for (size_t i = 0; base && fl_option_at(options, i, &option); i++) {
        if (option.holds == FLEET_HOLDS_TEXT)
            drop_text(&option, base);
    }
}

static int wrong(const struct fleet_option *option, struct fleet_error *err,
                 const char *what)
{
    char shown[FL_SHOWN_SIZE];

    fl_shown(shown, option->key);
    return fleet_fail(err, FLEET_ECONFIG, "option %s: %s", shown, what);
}

static int check_names(const struct fl_options *options, size_t at,
                       const struct fleet_option *option,
                       struct fleet_error *err)
{
    const char *const *aliases = option->aliases;

    if (!fl_env_key_valid(option->key, strlen(option->key)))
        return wrong(option, err, "the key is no name");
    if (fl_option_find(options, option->key) != (long)at)
        return wrong(option, err, "there is another one of that name");
    for (; aliases && *aliases; aliases++) {
        if (!fl_env_key_valid(*aliases, strlen(*aliases)))
            return wrong(option, err, "an alias is no name");
        if (fl_option_find(options, *aliases) != (long)at)
            return wrong(option, err, "an alias is another option's name");
    }
    return FLEET_OK;
}

static int check_member(const struct fleet_option *option, size_t size,
                        struct fleet_error *err)
{
    static const struct {
        size_t size, align;
    } members[] = {
        [FLEET_HOLDS_TEXT] = {sizeof(char *), _Alignof(char *)},
        [FLEET_HOLDS_INT64] = {sizeof(int64_t), _Alignof(int64_t)},
        [FLEET_HOLDS_BOOL] = {sizeof(bool), _Alignof(bool)},
    };
    const struct kind *kind = kind_of(option);

    if (!kind)
        return wrong(option, err, "of a type that this fleet does not know");
    if (kind->holds != option->holds)
        return wrong(option, err, "its member does not fit its type");
    if (size < members[option->holds].size ||
        option->offset > size - members[option->holds].size ||
        option->offset % members[option->holds].align != 0)
        return wrong(option, err, "its member is outside the struct");
    return FLEET_OK;
}

static int check_default(const struct fleet_option *option,
                         struct fleet_error *err)
{
    struct fleet_option copy = *option;
    union held value = {0};
    struct fleet_error why = {0};
    int rc;

    if (!option->fallback)
        return FLEET_OK;
    copy.offset = 0;
    rc = fl_option_set(&copy, &value, option->fallback, NULL, &why);
    if (rc == FLEET_ENOMEM)
        return fl_enomem(err);
    if (rc < 0)
        return fleet_fail(err, FLEET_ECONFIG, "option %s (its default)",
                          why.text);
    if (copy.holds == FLEET_HOLDS_TEXT)
        drop_text(&copy, &value);
    return FLEET_OK;
}

static int check_option(const struct fl_options *options, size_t at,
                        const struct fleet_option *option, size_t size,
                        struct fleet_error *err)
{
    int rc = check_names(options, at, option, err);

    if (rc == 0)
        rc = check_member(option, size, err);
    if (rc < 0)
        return rc;
    if (!option->help || !*option->help || strchr(option->help, '\n'))
        return wrong(option, err, "its help is not one line of text");
    if (option->min > option->max)
        return wrong(option, err, "its range is upside down");
    if (option->type == FLEET_OPT_CHOICE &&
        (!option->choices || !option->choices[0]))
        return wrong(option, err, "there is nothing to choose from");
    return check_default(option, err);
}

int fl_options_check(const struct fl_options *options, size_t size,
                     struct fleet_error *err)
{
    struct fleet_option option;
    int rc = FLEET_OK;

    if (options->first &&
        options->stride < offsetof(struct fleet_option, holds) +
                              sizeof(((struct fleet_option *)0)->holds))
        return fleet_fail(err, FLEET_ECONFIG,
                          "its options are smaller than any released ones");
    for (size_t i = 0; rc == 0 && fl_option_at(options, i, &option); i++)
        rc = check_option(options, i, &option, size, err);
    return rc;
}
