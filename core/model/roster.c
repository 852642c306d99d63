/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/roster.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/model/pubkey.h"
#include "core/model/shown.h"

#include <fleet/csv.h>
#include <string.h>
#include <strings.h>

#define EMAIL_MAX 254

/* One pass over the file. */
struct reading {
    const char *path;
    const struct fl_cohort *cohort;
    struct fl_roster *roster;
    struct fl_map by_id, by_key; /* to the line, as a pointer */
    struct fleet_csv_record record;
    int failed;
};

static const struct column {
    enum fl_roster_column column;
    const char *name;
} names[] = {
    {FL_ROSTER_PERSON, "person"},  {FL_ROSTER_PERSON, "name"},
    {FL_ROSTER_PODS, "pods"},      {FL_ROSTER_PODS, "pod"},
    {FL_ROSTER_KEY, "key"},        {FL_ROSTER_KEY, "public key"},
    {FL_ROSTER_KEY, "public_key"}, {FL_ROSTER_UNTIL, "until"},
    {FL_ROSTER_UNTIL, "end date"}, {FL_ROSTER_UNTIL, "end_date"},
    {FL_ROSTER_UNTIL, "end"},      {FL_ROSTER_EMAIL, "email"},
    {FL_ROSTER_EMAIL, "e-mail"},   {FL_ROSTER_ID, "id"},
};
static const char header[] = "person,pods[,key[,until[,email[,id]]]]";

void fl_roster_clear(struct fl_roster *roster)
{
    for (size_t i = 0; i < roster->n; i++)
        fl_person_clear(&roster->at[i]);
    free(roster->at);
    fl_map_clear(&roster->by_id);
    fl_strv_clear(&roster->faults);
    *roster = (struct fl_roster){0};
}

static void add_fault(struct reading *reading, const char *column,
                      const char *what)
{
    char *text = fl_format("%s:%d: %s%s%s", reading->path, reading->record.line,
                           column ? column : "", column ? ": " : "", what);

    if (fl_strv_take(&reading->roster->faults, text) < 0)
        reading->failed = FLEET_ENOMEM;
}

/* "until: '19.12.26' is no ..." */
static void add_fault_of(struct reading *reading, const char *column,
                         const char *text, const char *what)
{
    char shown[FL_SHOWN_SIZE];
    FL_AUTO_FREE char *told = NULL;

    fl_shown(shown, text);
    told = fl_format("'%s' %s", shown, what);
    add_fault(reading, column, told ? told : what);
}

/* ---- the header ---- */

static const struct column *find_column(const char *name)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strcasecmp(names[i].name, name) == 0)
            return &names[i];
    return NULL;
}

static bool has_column(const struct fl_roster *roster,
                       enum fl_roster_column column)
{
    for (int i = 0; i < roster->n_columns; i++)
        if (roster->columns[i] == column)
            return true;
    return false;
}

/* Nothing below can be judged without it. */
static int read_header(struct reading *reading)
{
    const struct fleet_csv_record *record = &reading->record;
    struct fl_roster *roster = reading->roster;

    for (int i = 0; !record->fault && i < record->n; i++) {
        const struct column *column = find_column(record->field[i]);

        if (!column || has_column(roster, column->column)) {
            add_fault_of(reading, NULL, record->field[i],
                         column ? "names a column a second time"
                                : "is no column of a roster");
            break;
        }
        roster->columns[roster->n_columns++] = column->column;
    }
    if (!record->fault && roster->faults.n == 0 &&
        has_column(roster, FL_ROSTER_PERSON) &&
        has_column(roster, FL_ROSTER_PODS))
        return 1;
    add_fault(reading, "the first line has to be the header", header);
    return 0;
}

/* ---- one person ---- */

/* What a terminal shows as it is. */
static bool is_plain(const char *text)
{
    FL_AUTO(fl_buf_clear) struct fl_buf out = FL_BUF(4096);

    return fl_text_escape(&out, text) == 0 &&
           strcmp(fl_buf_text(&out), text) == 0;
}

static int put(struct reading *reading, char **member, const char *text)
{
    *member = strdup(text);
    if (!*member)
        reading->failed = FLEET_ENOMEM;
    return reading->failed;
}

static void set_name(struct reading *reading, struct fl_person *person,
                     const char *text)
{
    if (!*text)
        add_fault(reading, "person", "nobody is named");
    else if (strlen(text) > FL_PERSON_NAME_MAX)
        add_fault_of(reading, "person", text, "is too long");
    else if (!fl_utf8_valid(text, strlen(text)))
        add_fault_of(reading, "person", text,
                     "is not UTF-8: save the file as UTF-8");
    else if (!is_plain(text))
        add_fault_of(reading, "person", text,
                     "has a line break or another control character in it");
    else
        put(reading, &person->name, text);
}

static void set_key(struct reading *reading, struct fl_person *person,
                    const char *text)
{
    const char *why;
    void *line = (void *)(uintptr_t)reading->record.line;
    bool was = false;

    if (!*text || strcasecmp(text, "none") == 0)
        return;
    why = fl_pubkey_objection(text);
    if (why) {
        add_fault(reading, "key", why);
        return;
    }
    person->key = fl_pubkey_bare(text);
    if (!person->key ||
        fl_map_add(&reading->by_key, person->key, line, &was) < 0)
        reading->failed = FLEET_ENOMEM;
    else if (was) {
        char text_of[96];

        snprintf(text_of, sizeof(text_of),
                 "the same key as on line %d: each person needs one of his own",
                 (int)(uintptr_t)fl_map_get(&reading->by_key, person->key));
        add_fault(reading, "key", text_of);
    }
}

static void set_until(struct reading *reading, struct fl_person *person,
                      const char *text)
{
    if (!*text || strcasecmp(text, "none") == 0)
        return;
    person->ends = fl_day_end(text);
    if (person->ends < 0)
        add_fault_of(reading, "until", text,
                     "is no day; it is written like 2026-12-19");
    else
        put(reading, &person->until, text);
}

static void set_email(struct reading *reading, struct fl_person *person,
                      const char *text)
{
    const char *at = strchr(text, '@');

    if (!*text)
        return;
    if (!at || at == text || !at[1] || strchr(at + 1, '@') ||
        strlen(text) > EMAIL_MAX || strpbrk(text, " \t\"<>,;:\\()[]") ||
        !fl_utf8_valid(text, strlen(text)) || !is_plain(text))
        add_fault_of(reading, "email", text, "is no e-mail address");
    else
        put(reading, &person->email, text);
}

static void set_pods(struct reading *reading, struct fl_person *person,
                     const char *text)
{
    struct fleet_error err = {0};
    int rc = fl_roster_pods(reading->cohort, text, &person->pods, &err);

    if (rc == FLEET_ENOMEM)
        reading->failed = rc;
    else if (rc < 0)
        add_fault(reading, "pods", err.text);
}

static void set_id(struct reading *reading, struct fl_person *person,
                   const char *text)
{
    void *line = (void *)(uintptr_t)reading->record.line;
    char slug[FL_PERSON_ID_MAX + 1];
    bool was = false;

    if (*text && !fl_person_id_valid(text)) {
        add_fault_of(reading, "id", text,
                     "is not allowed: use a-z, 0-9 and, inside, -; at most 40");
        return;
    }
    fl_person_slug(slug, person->name ? person->name : "");
    if (!*text && !*slug && person->name)
        add_fault_of(reading, "person", person->name,
                     "has no Latin letters to make an id of: give one in a "
                     "column id");
    if ((!*text && !*slug) || put(reading, &person->id, *text ? text : slug))
        return;
    if (fl_map_add(&reading->by_id, person->id, line, &was) < 0)
        reading->failed = FLEET_ENOMEM;
    else if (was) {
        char text_of[160];

        snprintf(text_of, sizeof(text_of),
                 "%s stands on line %d already; two people of one name need a "
                 "column id",
                 person->id,
                 (int)(uintptr_t)fl_map_get(&reading->by_id, person->id));
        add_fault(reading, NULL, text_of);
    }
}

static void set_field(struct reading *reading, struct fl_person *person, int i)
{
    static void (*const set[])(struct reading *, struct fl_person *,
                               const char *) = {
        [FL_ROSTER_PERSON] = set_name, [FL_ROSTER_PODS] = set_pods,
        [FL_ROSTER_KEY] = set_key,     [FL_ROSTER_UNTIL] = set_until,
        [FL_ROSTER_EMAIL] = set_email,
    };
    enum fl_roster_column column = reading->roster->columns[i];
    bool there = i < reading->record.n;

    if (column == FL_ROSTER_ID)
        return; /* after the name */
    set[column](reading, person, there ? reading->record.field[i] : "");
    if (column == FL_ROSTER_PODS && there) {
        person->pods_begin = reading->record.begin[i];
        person->pods_end = reading->record.end[i];
    }
}

static const char *field_of(const struct reading *reading,
                            enum fl_roster_column column)
{
    for (int i = 0; i < reading->roster->n_columns; i++)
        if (i < reading->record.n && reading->roster->columns[i] == column)
            return reading->record.field[i];
    return "";
}

static struct fl_person *add_person(struct fl_roster *roster)
{
    if (roster->n == roster->size) {
        size_t size = roster->size ? 2 * roster->size : 16;
        struct fl_person *at = reallocarray(roster->at, size, sizeof(*at));

        if (!at)
            return NULL;
        roster->at = at;
        roster->size = size;
    }
    roster->at[roster->n] = (struct fl_person){0};
    return &roster->at[roster->n++];
}

static void read_person(struct reading *reading)
{
    struct fl_roster *roster = reading->roster;
    const struct fleet_csv_record *record = &reading->record;
    struct fl_person *person;

    if (record->fault || record->n > roster->n_columns) {
        add_fault(reading, NULL,
                  record->fault ? record->fault : "more fields than columns");
        return;
    }
    if (roster->n == FL_ROSTER_PEOPLE) {
        add_fault(reading, NULL, "too many people");
        return;
    }
    person = add_person(roster);
    if (!person) {
        reading->failed = FLEET_ENOMEM;
        return;
    }
    person->line = record->line;
    for (int i = 0; i < roster->n_columns; i++)
        set_field(reading, person, i);
    set_id(reading, person, field_of(reading, FL_ROSTER_ID));
}

/* ---- the file ---- */

/* Wherever it stands, nothing of it may reach an error message. */
static int refuse_private(struct reading *reading)
{
    char *text = fl_format("%s: there is a private key in it, which must never "
                           "leave its owner's computer: it counts as stolen "
                           "now; take it out, and ask for the .pub file of a "
                           "new pair",
                           reading->path);

    return fl_strv_take(&reading->roster->faults, text);
}

static int index_people(struct fl_roster *roster)
{
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < roster->n && !roster->faults.n; i++)
        rc = fl_map_add(&roster->by_id, roster->at[i].id, &roster->at[i], NULL);
    return rc;
}

static int read_records(struct reading *reading, char *text)
{
    struct fleet_csv csv;

    fleet_csv_init(&csv, text);
    if (!fleet_csv_next(&csv, &reading->record)) {
        reading->record.line = 1;
        add_fault(reading, "the file is empty; it begins with the header",
                  header);
        return reading->failed;
    }
    if (!read_header(reading))
        return reading->failed;
    while (!reading->failed && fleet_csv_next(&csv, &reading->record))
        read_person(reading);
    return reading->failed ? reading->failed : index_people(reading->roster);
}

int fl_roster_parse(const char *path, char *text,
                    const struct fl_cohort *cohort, struct fl_roster *out,
                    struct fleet_error *err)
{
    FL_AUTO(fl_roster_clear) struct fl_roster roster = {0};
    struct reading reading = {
        .path = path, .cohort = cohort, .roster = &roster};
    int rc = fl_pubkey_is_private(text) ? refuse_private(&reading)
                                        : read_records(&reading, text);

    fl_map_clear(&reading.by_id);
    fl_map_clear(&reading.by_key);
    if (rc < 0)
        return fl_enomem(err);
    *out = roster;
    roster = (struct fl_roster){0};
    return FLEET_OK;
}

/* ---- finding ---- */

static int not_found(const struct fl_roster *roster, const char *who,
                     struct fleet_error *err)
{
    FL_AUTO(fl_strv_clear) struct fl_strv all = {0};
    char shown[FL_SHOWN_SIZE];
    const char *near = NULL;

    for (size_t i = 0; i < roster->n; i++) {
        if (fl_strv_add(&all, roster->at[i].id) < 0)
            return fl_enomem(err);
        if (!near && strncmp(roster->at[i].id, who, strlen(who)) == 0)
            near = all.at[i];
    }
    if (!near && all.n)
        near = fl_closest(who, (const char *const *)all.at);
    fl_shown(shown, who);
    return fleet_fail(err, FLEET_ENOTFOUND,
                      "nobody called '%s' is in the roster%s%s%s", shown,
                      near ? "; did you mean '" : "", near ? near : "",
                      near ? "'?" : "");
}

int fl_roster_find(const struct fl_roster *roster, const char *who,
                   const struct fl_person **out, struct fleet_error *err)
{
    char slug[FL_PERSON_ID_MAX + 1];

    *out = fl_map_get(&roster->by_id, who);
    for (size_t i = 0; !*out && i < roster->n; i++)
        if (strcmp(roster->at[i].name, who) == 0)
            *out = &roster->at[i];
    fl_person_slug(slug, who);
    if (!*out && strlen(who) > 0)
        *out = fl_map_get(&roster->by_id, slug);
    return *out ? FLEET_OK : not_found(roster, who, err);
}

int fl_roster_pods(const struct fl_cohort *cohort, const char *text,
                   struct fl_strv *pods, struct fleet_error *err)
{
    FL_AUTO(fl_strv_clear) struct fl_strv words = {0};
    char shown[FL_SHOWN_SIZE];

    if (fl_strv_split(&words, text, " ,;\t\r\n") < 0)
        return fl_enomem(err);
    for (size_t i = 0; i < words.n; i++) {
        const char *name = words.at[i], *rest = fl_cohort_short(cohort, name);
        const char *near;

        if (fl_cohort_index(cohort, name) == SIZE_MAX && rest)
            name = rest;
        if (fl_cohort_index(cohort, name) != SIZE_MAX) {
            if (!fl_strv_has(pods, name) && fl_strv_add(pods, name) < 0)
                return fl_enomem(err);
            continue;
        }
        near = fl_closest(name, (const char *const *)cohort->names.at);
        fl_shown(shown, words.at[i]);
        return fleet_fail(err, FLEET_EINVALID,
                          "there is no pod '%s' in MACHINE_NAME_LIST%s%s%s",
                          shown, near ? "; did you mean '" : "",
                          near ? near : "", near ? "'?" : "");
    }
    return FLEET_OK;
}
