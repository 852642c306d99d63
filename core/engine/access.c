/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/access.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/engine/accesswork.h"

#include <string.h>

int fl_access_wanted(const struct fl_engine *engine,
                     const struct fl_people *people, const char *only,
                     const struct fl_member *member, struct fl_strv *ids,
                     struct fl_strv *principals, struct fleet_error *err)
{
    for (size_t i = 0; i < people->roster.n; i++) {
        const struct fl_person *person = &people->roster.at[i];
        char *principal;

        if (only && (!person->id || strcmp(person->id, only) != 0))
            continue;
        if (fl_people_presence(people, person) != FL_PRESENT ||
            !fl_strv_has(&person->pods, member->short_name))
            continue;
        principal = fl_people_principal(people, &engine->cohort, person);
        if (fl_strv_take(principals, principal) < 0 ||
            fl_strv_add(ids, person->id) < 0)
            return fl_enomem(err);
    }
    return FLEET_OK;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char *fl_access_text(const struct fl_strv *principals)
{
    FL_AUTO_FREE const char **sorted =
        calloc(principals->n + 1, sizeof(*sorted));
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(1 << 20);

    if (!sorted)
        return NULL;
    for (size_t i = 0; i < principals->n; i++)
        sorted[i] = principals->at[i];
    qsort(sorted, principals->n, sizeof(*sorted), by_text);
    fl_buf_puts(&text, "");
    for (size_t i = 0; i < principals->n; i++)
        fl_buf_printf(&text, "%s%s", i ? " " : "", sorted[i]);
    return text.len || text.failed ? fl_buf_take(&text) : strdup("");
}

static void clear(void *own)
{
    struct fl_accessed *accessed = own;

    fl_authkeys_change_clear(&accessed->change);
    fl_strv_clear(&accessed->now);
    free(accessed->cohort);
    free(accessed->ca);
    free(accessed->dir);
    free(accessed->only);
    fl_strv_clear(&accessed->ids);
    fl_strv_clear(&accessed->principals);
    free(accessed->key_path);
    free(accessed->cert_path);
}

/* Copies of everything: the thread may outlive the run. */
static int begin(const void *arg, const struct fl_member *member, void *own,
                 struct fleet_error *err)
{
    const struct fl_access_job *job = arg;
    struct fl_accessed *accessed = own;

    accessed->dry = job->dry;
    accessed->kill = job->kill;
    accessed->kill_anyway = job->kill && job->kill_on &&
                            fl_strv_has(job->kill_on, member->short_name);
    accessed->cohort = strdup(job->to.engine->cohort.prefix);
    accessed->ca = strdup(job->ca->line);
    accessed->dir = strdup(job->to.engine->state_dir);
    if (!accessed->cohort || !accessed->ca || !accessed->dir)
        return fl_enomem(err);
    accessed->only = job->only ? strdup(job->only) : NULL;
    if (job->only && !accessed->only)
        return fl_enomem(err);
    if (job->key_path && job->cert_path) {
        accessed->key_path = strdup(job->key_path);
        accessed->cert_path = strdup(job->cert_path);
        if (!accessed->key_path || !accessed->cert_path)
            return fl_enomem(err);
    }
    return fl_access_wanted(job->to.engine, job->people, job->only, member,
                            &accessed->ids, &accessed->principals, err);
}

static bool told(const void *arg, const struct fl_visit_result *result,
                 char text[64])
{
    const struct fl_accessed *accessed = fl_accessed_of(result);
    const struct fl_authkeys_change *change = &accessed->change;

    (void)arg;
    if (accessed->proof == FL_PROOF_LET_IN)
        snprintf(text, 64, "still lets them in");
    else if (fl_authkeys_changed(change))
        snprintf(text, 64, "+%zu -%zu", change->added.n + change->renewed.n,
                 change->removed.n);
    else
        snprintf(text, 64, "as it should be");
    return accessed->proof != FL_PROOF_LET_IN;
}

int fl_access_run(const struct fl_access_job *job,
                  struct fl_visit_results *results, struct fleet_error *err)
{
    static const struct fl_visit_kind kind = {
        .own_size = sizeof(struct fl_accessed),
        .begin = begin,
        .work = fl_access_work,
        .clear = clear,
        .told = told,
    };

    return fl_visit_all(&job->to, &kind, job, results, err);
}

const struct fl_accessed *fl_accessed_of(const struct fl_visit_result *result)
{
    static const struct fl_accessed none;

    return result->own ? result->own : &none;
}

int fl_access_keep(struct fl_engine *engine,
                   const struct fl_visit_results *results,
                   struct fleet_error *err)
{
    FL_AUTO_FREE struct fl_access *rows = calloc(results->n + 1, sizeof(*rows));
    FL_AUTO(fl_strv_clear) struct fl_strv texts = {0};
    char now[FL_STAMP_SIZE];
    size_t n = 0;

    fl_stamp(now, time(NULL));
    for (size_t i = 0; rows && i < results->n; i++) {
        const struct fl_visit_result *result = &results->at[i];
        const char *id = fleet_pod_get(result->member->pod, FLEET_POD_ID);

        if (result->stage || !id)
            continue;
        if (fl_strv_take(&texts, fl_access_text(&fl_accessed_of(result)->now)) <
            0)
            return fl_enomem(err);
        rows[n++] = (struct fl_access){
            .name = (char *)result->name,
            .provider = (char *)result->member->listing->name,
            .pod_id = (char *)id,
            .at = now,
            .people = texts.at[texts.n - 1]};
    }
    if (!rows)
        return fl_enomem(err);
    return n ? fl_accesses_put(engine->state, rows, n, err) : FLEET_OK;
}
