/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/facts.h"

#include "core/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KEY_FIRST "abcdefghijklmnopqrstuvwxyz"
#define KEY_REST  KEY_FIRST "0123456789_.-"

/* Eats both strings, also on failure. */
static int add_take(struct fleet_facts *facts, char *key, char *value)
{
    if (key && value && facts->n == facts->size) {
        size_t size = facts->size ? 2 * facts->size : 16;
        struct fl_fact *more = reallocarray(facts->at, size, sizeof(*more));

        if (more) {
            facts->at = more;
            facts->size = size;
        }
    }
    if (!key || !value || facts->n == facts->size) {
        free(key);
        free(value);
        return FLEET_ENOMEM;
    }
    facts->at[facts->n++] = (struct fl_fact){key, value};
    return FLEET_OK;
}

/* Valid UTF-8 of these bytes; control characters stay as they are, for the
 * judge may want them. NULL when out of memory. */
static char *clean(const char *text, size_t len)
{
    FL_AUTO(fl_buf_clear) struct fl_buf out = FL_BUF(FL_FACT_VALUE_MAX);

    if (fl_buf_puts(&out, "") < 0)
        return NULL;
    while (len > 0 && out.len + sizeof("\\xNN") < FL_FACT_VALUE_MAX) {
        size_t step = fl_utf8_step(text, len, &(uint32_t){0});

        if (step)
            fl_buf_add(&out, text, step);
        else
            fl_buf_printf(&out, "\\x%02x", (unsigned)(unsigned char)*text);
        text += step ? step : 1;
        len -= step ? step : 1;
    }
    return fl_buf_take(&out);
}

/* Bytes of the key that the line begins with; 0: it is no fact. */
static size_t key_len(const char *line, size_t len)
{
    size_t n = 0;

    if (len == 0 || !*line || !strchr(KEY_FIRST, *line))
        return 0;
    while (n < len && n <= FL_FACT_KEY_MAX && line[n] &&
           strchr(KEY_REST, line[n]))
        n++;
    return n < len && line[n] == '=' && n <= FL_FACT_KEY_MAX ? n : 0;
}

static int add_line(struct fleet_facts *facts, const char *line, size_t len)
{
    size_t key = key_len(line, len);

    if (key == 0 || facts->n >= FL_FACTS_MAX ||
        strncmp(line, FL_FACT_HOST, strlen(FL_FACT_HOST)) == 0)
        return FLEET_OK;
    if (line[len - 1] == '\r')
        len--;
    return add_take(facts, strndup(line, key),
                    clean(line + key + 1, len - key - 1));
}

int fl_facts_parse(struct fleet_facts *facts, const char *text, size_t len)
{
    while (len > 0) {
        const char *end = memchr(text, '\n', len);
        size_t line = end ? (size_t)(end - text) : len;
        size_t used = end ? line + 1 : line;

        if (add_line(facts, text, line) < 0)
            return FLEET_ENOMEM;
        text += used;
        len -= used;
    }
    return FLEET_OK;
}

int fl_facts_tell(struct fleet_facts *facts, const char *key, const char *value)
{
    return add_take(facts, fl_format(FL_FACT_HOST "%s", key),
                    clean(value, strlen(value)));
}

int fl_facts_tell_number(struct fleet_facts *facts, const char *key,
                         int64_t value)
{
    char number[24];

    snprintf(number, sizeof(number), "%" PRId64, value);
    return fl_facts_tell(facts, key, number);
}

void fl_facts_clear(struct fleet_facts *facts)
{
    int before = errno;

    for (size_t i = 0; i < facts->n; i++) {
        free(facts->at[i].key);
        free(facts->at[i].value);
    }
    free(facts->at);
    *facts = (struct fleet_facts){0};
    errno = before;
}

const char *fleet_fact_nth(const struct fleet_facts *facts, const char *key,
                           size_t nth)
{
    for (size_t i = 0; i < facts->n; i++) {
        if (strcmp(facts->at[i].key, key) == 0 && nth-- == 0)
            return facts->at[i].value;
    }
    return NULL;
}

const char *fleet_fact(const struct fleet_facts *facts, const char *key)
{
    return fleet_fact_nth(facts, key, 0);
}

int64_t fleet_fact_number(const struct fleet_facts *facts, const char *key,
                          int64_t fallback)
{
    const char *text = fleet_fact(facts, key);
    int64_t number;

    if (!text || !fl_parse_int(text, INT64_MIN, INT64_MAX, &number))
        return fallback;
    return number;
}

int fleet_facts_timed_out(const struct fleet_facts *facts)
{
    return facts->timed_out;
}

const struct fleet_pod *fleet_facts_pod(const struct fleet_facts *facts)
{
    return facts->pod;
}

int64_t fleet_facts_elapsed_ms(const struct fleet_facts *facts)
{
    return facts->elapsed_ms;
}
