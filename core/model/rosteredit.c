/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/rosteredit.h"

#include <string.h>

static void put_pods(struct fl_buf *out, const struct fl_strv *pods)
{
    for (size_t i = 0; i < pods->n; i++)
        fl_buf_printf(out, "%s%s", i ? " " : "", pods->at[i]);
}

int fl_roster_change(const char *text, const struct fl_person *person,
                     const struct fl_strv *pods, struct fl_buf *out,
                     struct fleet_error *err)
{
    if (person->pods_begin == 0 || person->pods_end < person->pods_begin ||
        person->pods_end > strlen(text))
        return fleet_fail(err, FLEET_ECONFIG,
                          "line %d of the roster ends before the pods: put the "
                          "missing comma there",
                          person->line);
    fl_buf_add(out, text, person->pods_begin);
    put_pods(out, pods);
    fl_buf_puts(out, text + person->pods_end);
    return fl_buf_check(out, "the roster", err);
}

static void put_field(struct fl_buf *out, const char *text)
{
    size_t len = strlen(text);

    if (!strpbrk(text, ",\"\r\n#") && text[0] != ' ' &&
        (len == 0 || text[len - 1] != ' ')) {
        fl_buf_puts(out, text);
        return;
    }
    fl_buf_putc(out, '"');
    for (; *text; text++) {
        if (*text == '"')
            fl_buf_putc(out, '"');
        fl_buf_putc(out, *text);
    }
    fl_buf_putc(out, '"');
}

static const char *field_of(const struct fl_person *person,
                            enum fl_roster_column column)
{
    char slug[FL_PERSON_ID_MAX + 1];
    const char *text = NULL;

    if (column == FL_ROSTER_PERSON)
        text = person->name;
    else if (column == FL_ROSTER_KEY)
        text = person->key;
    else if (column == FL_ROSTER_UNTIL)
        text = person->until;
    else if (column == FL_ROSTER_EMAIL)
        text = person->email;
    else if (column == FL_ROSTER_ID && person->id) {
        fl_person_slug(slug, person->name);
        text = strcmp(slug, person->id) == 0 ? NULL : person->id;
    }
    return text ? text : "";
}

static int check_columns(const struct fl_roster *roster,
                         const struct fl_person *person,
                         struct fleet_error *err)
{
    static const char *const names[FL_ROSTER_COLUMNS] = {
        [FL_ROSTER_KEY] = "key",
        [FL_ROSTER_UNTIL] = "until",
        [FL_ROSTER_EMAIL] = "email",
        [FL_ROSTER_ID] = "id",
    };
    bool has[FL_ROSTER_COLUMNS] = {false};

    for (int i = 0; i < roster->n_columns; i++)
        has[roster->columns[i]] = true;
    for (int i = 0; i < FL_ROSTER_COLUMNS; i++)
        if (!has[i] && *field_of(person, (enum fl_roster_column)i))
            return fleet_fail(err, FLEET_ECONFIG,
                              "the roster has no column '%s' for it: add that "
                              "to its first line",
                              names[i] ? names[i] : "person");
    return FLEET_OK;
}

int fl_roster_append(const char *text, const struct fl_roster *roster,
                     const struct fl_person *person, struct fl_buf *out,
                     struct fleet_error *err)
{
    const char *first = strchr(text, '\n');
    const char *end =
        first && first > text && first[-1] == '\r' ? "\r\n" : "\n";
    size_t len = strlen(text);
    int rc = check_columns(roster, person, err);

    if (rc < 0)
        return rc;
    fl_buf_puts(out, text);
    if (len && text[len - 1] != '\n')
        fl_buf_puts(out, end);
    for (int i = 0; i < roster->n_columns; i++) {
        if (i)
            fl_buf_putc(out, ',');
        if (roster->columns[i] == FL_ROSTER_PODS)
            put_pods(out, &person->pods);
        else
            put_field(out, field_of(person, roster->columns[i]));
    }
    fl_buf_puts(out, end);
    return fl_buf_check(out, "the roster", err);
}
