/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/servers/sim/inside.h"

#include <inttypes.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check {
    sim_violation *tell;
    void *arg;
    int count;
};

static void violate(struct check *check, const char *path, char *message_taken)
{
    check->count++;
    check->tell(check->arg, path, message_taken);
    free(message_taken);
}

static const char *type_word(enum sim_type type)
{
    static const char *const words[] = {
        [SIM_STRING] = "string", [SIM_INTEGER] = "integer",
        [SIM_NUMBER] = "number", [SIM_BOOLEAN] = "boolean",
        [SIM_OBJECT] = "object", [SIM_MAP] = "object",
        [SIM_ARRAY] = "array",
    };

    return words[type];
}

static const char *value_word(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "object";
    case JSON_ARRAY:
        return "array";
    case JSON_STRING:
        return "string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "boolean";
    case JSON_NULL:
        break;
    }
    return "null";
}

static bool has_type(const json_t *value, const struct sim_field *field)
{
    switch (field->type) {
    case SIM_STRING:
        return json_is_string(value);
    case SIM_INTEGER:
        return json_is_integer(value);
    case SIM_NUMBER:
        return json_is_number(value);
    case SIM_BOOLEAN:
        return json_is_boolean(value);
    case SIM_OBJECT:
    case SIM_MAP:
        return json_is_object(value);
    case SIM_ARRAY:
        return json_is_array(value);
    }
    return false;
}

static void check_value(struct check *check, const json_t *value,
                        const struct sim_field *field, const char *path);
static void check_object(struct check *check, const json_t *object,
                         const struct sim_field *fields, bool any_key,
                         const char *path);

static void check_range(struct check *check, const struct sim_field *field,
                        double size, const char *what, const char *path)
{
    if (!field->min && !field->max)
        return;
    if (size < (double)field->min)
        violate(
            check, path,
            sim_format("min%s: got %g, want %" PRId64, what, size, field->min));
    else if (field->max && size > (double)field->max)
        violate(
            check, path,
            sim_format("max%s: got %g, want %" PRId64, what, size, field->max));
}

static bool pattern_fits(const char *pattern, const char *text)
{
    regex_t regex;
    bool fits;

    if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    fits = regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);
    return fits;
}

static void check_words(struct check *check, const char *text,
                        const char *const *words, const char *path)
{
    char list[512] = "";

    for (size_t i = 0; words[i]; i++) {
        size_t len = strlen(list);

        if (strcmp(words[i], text) == 0)
            return;
        snprintf(list + len, sizeof list - len, "%s'%s'", i ? ", " : "",
                 words[i]);
    }
    violate(check, path, sim_format("value must be one of %s", list));
}

static void check_string(struct check *check, const char *text,
                         const struct sim_field *field, const char *path)
{
    check_range(check, field, (double)strlen(text), "Length", path);
    if (field->words)
        check_words(check, text, field->words, path);
    if (field->pattern && !pattern_fits(field->pattern, text))
        violate(check, path,
                sim_format("'%s' does not match pattern '%s'", text,
                           field->pattern));
}

static void check_array(struct check *check, const json_t *array,
                        const struct sim_field *field, const char *path)
{
    json_t *value;
    size_t i;

    check_range(check, field, (double)json_array_size(array), "Items", path);
    json_array_foreach(array, i, value)
    {
        char *below = sim_format("%s[%zu]", path, i);

        check_value(check, value, field->sub, below);
        free(below);
    }
}

static void check_map(struct check *check, const json_t *map, const char *path)
{
    static const struct sim_field text = {.type = SIM_STRING};
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)map, key, value)
    {
        char *below = sim_format("%s.%s", path, key);

        check_value(check, value, &text, below);
        free(below);
    }
}

static void check_value(struct check *check, const json_t *value,
                        const struct sim_field *field, const char *path)
{
    if (json_is_null(value) && field->flags & SIM_NULLABLE)
        return;
    if (!has_type(value, field)) {
        violate(check, path,
                sim_format("got %s, want %s", value_word(value),
                           type_word(field->type)));
        return;
    }
    if (field->type == SIM_STRING)
        check_string(check, json_string_value(value), field, path);
    else if (field->type == SIM_INTEGER || field->type == SIM_NUMBER)
        check_range(check, field, json_number_value(value), "imum", path);
    else if (field->type == SIM_ARRAY)
        check_array(check, value, field, path);
    else if (field->type == SIM_MAP)
        check_map(check, value, path);
    else if (field->type == SIM_OBJECT && field->sub)
        check_object(check, value, field->sub, field->flags & SIM_ANY_KEY,
                     path);
}

static const struct sim_field *find(const struct sim_field *fields,
                                    const char *key)
{
    for (; fields->type; fields++)
        if (strcmp(fields->key, key) == 0)
            return fields;
    return NULL;
}

static void check_object(struct check *check, const json_t *object,
                         const struct sim_field *fields, bool any_key,
                         const char *path)
{
    const char *key;
    json_t *value;

    for (const struct sim_field *field = fields; field->type; field++)
        if (field->flags & SIM_REQUIRED && !json_object_get(object, field->key))
            violate(check, path,
                    sim_format("missing property '%s'", field->key));
    json_object_foreach((json_t *)object, key, value)
    {
        const struct sim_field *field = find(fields, key);
        char *below = sim_format("%s.%s", path, key);

        if (field)
            check_value(check, value, field, below);
        else if (!any_key)
            violate(check, path,
                    sim_format("additional properties '%s' not allowed", key));
        free(below);
    }
}

int sim_check(const json_t *value, const struct sim_field *fields,
              sim_violation *tell, void *arg)
{
    const struct sim_field root = {.type = SIM_OBJECT, .sub = fields};
    struct check check = {.tell = tell, .arg = arg};
    json_t *none = json_null();

    check_value(&check, value ? value : none, &root, "$");
    return check.count;
}
