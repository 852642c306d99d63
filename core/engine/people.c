/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/people.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"

#include <string.h>
#include <sys/stat.h>

void fl_people_clear(struct fl_people *people)
{
    free(people->path);
    free(people->text);
    free(people->dir);
    fl_roster_clear(&people->roster);
    fl_standing_list_clear(&people->standings);
    *people = (struct fl_people){0};
}

static int parse(const struct fl_engine *engine, struct fl_people *people,
                 struct fleet_error *err)
{
    FL_AUTO_FREE char *copy = strdup(people->text);

    return copy ? fl_roster_parse(people->path, copy, &engine->cohort,
                                  &people->roster, err)
                : fl_enomem(err);
}

static int read_roster(const struct fl_engine *engine, struct fl_people *people,
                       struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(FL_ROSTER_MAX);
    int rc = fl_file_read(people->path, &text, err);

    if (rc == FLEET_ENOTFOUND)
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s: there is no such roster; it is a CSV file that "
                          "begins with person,pods,key,until,email",
                          people->path);
    if (rc < 0)
        return rc;
    if (text.len && memchr(text.data, '\0', text.len))
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s: holds a NUL byte: save it as UTF-8 text",
                          people->path);
    people->text = strdup(fl_buf_text(&text));
    return people->text ? parse(engine, people, err) : fl_enomem(err);
}

static char *keys_dir(const struct fl_engine *engine)
{
    const char *set = engine->settings.roster_keys;

    return set ? strdup(set)
               : fl_format("%s/%s.people", engine->state_dir,
                           engine->cohort.prefix);
}

int fl_people_open(struct fl_engine *engine, const char *path,
                   struct fl_people *out, struct fleet_error *err)
{
    FL_AUTO(fl_people_clear) struct fl_people people = {0};
    int rc;

    path = path ? path : engine->settings.roster;
    if (!path)
        return fleet_fail(err, FLEET_ECONFIG,
                          "ROSTER is not set: it names a CSV file of "
                          "participants; `fleet help roster` shows one");
    people.path = strdup(path);
    people.dir = keys_dir(engine);
    if (!people.path || !people.dir)
        return fl_enomem(err);
    rc = read_roster(engine, &people, err);
    if (rc == 0)
        rc = fl_engine_state(engine, FL_STATE_READ, err);
    if (rc == 0)
        rc = fl_standings_load(engine->state, &people.standings, err);
    if (rc < 0)
        return rc;
    *out = people;
    people = (struct fl_people){0};
    return FLEET_OK;
}

int fl_people_check(const struct fl_people *people, struct fleet_error *err)
{
    size_t n = people->roster.faults.n;

    if (n == 0)
        return FLEET_OK;
    return n == 1 ? fleet_fail(err, FLEET_ECONFIG, "%s",
                               people->roster.faults.at[0])
                  : fleet_fail(err, FLEET_ECONFIG,
                               "%.400s (and %zu more: `fleet roster check`)",
                               people->roster.faults.at[0], n - 1);
}

int fl_people_signer(const struct fl_engine *engine, struct fl_signer *out,
                     struct fleet_error *err)
{
    const char *path = engine->settings.user_ca_key_path;

    if (!path)
        return fleet_fail(err, FLEET_ECONFIG,
                          "SSH_USER_CA_KEY_PATH is not set: nothing can vouch "
                          "for participants; `fleet ca init --users` makes the "
                          "key");
    return fl_signer_open(path, "fleet ca init --users", out, err);
}

enum fl_presence fl_people_presence(const struct fl_people *people,
                                    const struct fl_person *person)
{
    const struct fl_standing *standing =
        fl_standing_of(&people->standings, person->id);

    if (standing && standing->revoked_at)
        return FL_REVOKED;
    if (person->ends && person->ends <= time(NULL))
        return FL_ENDED;
    return person->pods.n ? FL_PRESENT : FL_NOWHERE;
}

const char *fl_presence_name(enum fl_presence presence)
{
    static const char *const names[] = {
        [FL_PRESENT] = "in",
        [FL_NOWHERE] = "no pods",
        [FL_ENDED] = "ended",
        [FL_REVOKED] = "revoked",
    };

    return names[presence];
}

char *fl_people_principal(const struct fl_people *people,
                          const struct fl_cohort *cohort,
                          const struct fl_person *person)
{
    const struct fl_standing *standing =
        fl_standing_of(&people->standings, person->id);

    return fl_principal(person->id, cohort->prefix,
                        standing ? standing->generation : 1);
}

static int set_standing(struct fl_engine *engine, struct fl_people *people,
                        const struct fl_standing *standing,
                        struct fleet_error *err)
{
    FL_AUTO(fl_standing_list_clear) struct fl_standing_list list = {0};
    int rc = fl_standing_put(engine->state, standing, err);

    if (rc == 0)
        rc = fl_standings_load(engine->state, &list, err);
    if (rc < 0)
        return rc;
    fl_standing_list_clear(&people->standings);
    people->standings = list;
    list = (struct fl_standing_list){0};
    return FLEET_OK;
}

int fl_people_revoke(struct fl_engine *engine, struct fl_people *people,
                     const char *id, const struct fl_strv *pods,
                     struct fleet_error *err)
{
    const struct fl_standing *was = fl_standing_of(&people->standings, id);
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(1 << 20);
    char now[FL_STAMP_SIZE];
    struct fl_standing standing = {.id = (char *)id, .revoked_at = now};

    if (was && was->revoked_at)
        return FLEET_OK;
    for (size_t i = 0; i < pods->n; i++)
        fl_buf_printf(&text, "%s%s", i ? " " : "", pods->at[i]);
    if (text.failed)
        return fl_enomem(err);
    fl_stamp(now, time(NULL));
    standing.generation = (was ? was->generation : 1) + 1;
    standing.pods = (char *)fl_buf_text(&text);
    return set_standing(engine, people, &standing, err);
}

int fl_people_readmit(struct fl_engine *engine, struct fl_people *people,
                      const char *id, struct fleet_error *err)
{
    const struct fl_standing *was = fl_standing_of(&people->standings, id);
    struct fl_standing standing = {.id = (char *)id};

    if (!was || !was->revoked_at)
        return FLEET_OK;
    standing.generation = was->generation;
    return set_standing(engine, people, &standing, err);
}

int fl_people_rewrite(struct fl_engine *engine, struct fl_people *people,
                      const char *text, size_t len, struct fleet_error *err)
{
    struct stat about;
    mode_t mode =
        stat(people->path, &about) == 0 ? about.st_mode & 0777 : (mode_t)0600;
    int rc = fl_file_write(people->path, text, len, mode, err);

    if (rc < 0)
        return rc;
    fl_roster_clear(&people->roster);
    free(people->text);
    people->text = strdup(text);
    rc = people->text ? parse(engine, people, err) : fl_enomem(err);
    return rc < 0 ? rc : fl_people_check(people, err);
}
