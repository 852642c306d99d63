/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/summary.h"

#include "core/base/text.h"

#include <ctype.h>
#include <string.h>

#define TEXT_SHOWN  200
#define NAMES_SHOWN 20
#define BAD_HOST    (FLEET_FAIL + 1)

static void trouble_clear(struct fl_trouble *trouble)
{
    free(trouble->alike);
    free(trouble->text);
    fl_strv_clear(&trouble->names);
}

void fl_troubles_clear(struct fl_troubles *troubles)
{
    for (size_t i = 0; i < troubles->n; i++)
        trouble_clear(&troubles->at[i]);
    free(troubles->at);
    *troubles = (struct fl_troubles){0};
}

/* "# GB free on /": ports, sizes and times make no difference. */
static char *without_numbers(const char *text)
{
    char *made = strdup(text), *to = made;

    if (!made)
        return NULL;
    for (const char *at = text; *at; at++) {
        bool digit = isdigit((unsigned char)*at);

        if (digit && to > made && to[-1] == '#')
            continue;
        *to++ = digit ? '#' : *at;
    }
    *to = '\0';
    return made;
}

static struct fl_trouble *find(const struct fl_troubles *troubles, int verdict,
                               const char *alike)
{
    for (size_t i = 0; i < troubles->n; i++) {
        if (troubles->at[i].verdict == verdict &&
            strcmp(troubles->at[i].alike, alike) == 0)
            return &troubles->at[i];
    }
    return NULL;
}

/* Eats both texts. */
static int add(struct fl_troubles *troubles, int verdict, char *text,
               char *alike, const char *name)
{
    FL_AUTO_FREE char *owned = text;
    FL_AUTO_FREE char *key = alike;
    struct fl_trouble *trouble;

    if (!owned || !key)
        return FLEET_ENOMEM;
    trouble = find(troubles, verdict, key);
    if (trouble) {
        trouble->varies |= strcmp(trouble->text, owned) != 0;
        return fl_strv_add(&trouble->names, name);
    }
    trouble =
        reallocarray(troubles->at, troubles->n + 1, sizeof(*troubles->at));
    if (!trouble)
        return FLEET_ENOMEM;
    troubles->at = trouble;
    trouble += troubles->n++;
    *trouble = (struct fl_trouble){
        .verdict = verdict, .alike = fl_take(key), .text = fl_take(owned)};
    return fl_strv_add(&trouble->names, name);
}

static int add_finding(struct fl_troubles *troubles, int verdict, char *text,
                       const char *name)
{
    return add(troubles, verdict, text, text ? without_numbers(text) : NULL,
               name);
}

static int add_result(struct fl_troubles *troubles,
                      const struct fl_checks *checks,
                      const struct fl_test_result *result)
{
    const char *name = result->member->short_name;
    bool told = false;
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < checks->n; i++) {
        const struct fl_finding *finding = &result->findings[i];

        if (finding->verdict < FLEET_WARN || finding->unasked)
            continue;
        told = true;
        rc = add_finding(
            troubles, finding->verdict,
            fl_format("%s: %s", checks->at[i].name, finding->detail), name);
    }
    /* No chosen check may look at the connection; it is told all the same. */
    if (rc == 0 && result->stage && !told)
        rc =
            add_finding(troubles, FLEET_FAIL, strdup(result->error.text), name);
    return rc;
}

/* A public address, behind which several pods may stand; NULL: none. */
static const char *host_of(const struct fl_test_result *result)
{
    const char *host = fleet_pod_get(result->member->pod, FLEET_POD_SSH_HOST);

    if (!host || strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
        strcmp(host, "localhost") == 0)
        return NULL;
    return host;
}

static bool is_at(const struct fl_test_result *result, const char *host)
{
    const char *own = host_of(result);

    return own && strcmp(own, host) == 0;
}

static int add_host(struct fl_troubles *troubles,
                    const struct fl_test_results *results, const char *host)
{
    size_t pods = 0, failed = 0;
    int rc = FLEET_OK;

    for (size_t i = 0; i < results->n; i++) {
        if (!is_at(&results->at[i], host))
            continue;
        pods++;
        failed += results->at[i].verdict == FLEET_FAIL;
    }
    if (failed < 2)
        return FLEET_OK;
    for (size_t i = 0; rc == 0 && i < results->n; i++) {
        const struct fl_test_result *result = &results->at[i];

        if (is_at(result, host) && result->verdict == FLEET_FAIL)
            rc = add(troubles, BAD_HOST,
                     fl_format("bad host %s: %zu of its %zu pods fail", host,
                               failed, pods),
                     strdup(host), result->member->short_name);
    }
    return rc;
}

static int by_weight(const void *one, const void *two)
{
    const struct fl_trouble *a = one, *b = two;

    if (a->verdict != b->verdict)
        return a->verdict > b->verdict ? -1 : 1;
    if (a->names.n != b->names.n)
        return a->names.n > b->names.n ? -1 : 1;
    return strcmp(a->text, b->text);
}

static int find_all(const struct fl_checks *checks,
                    const struct fl_test_results *results,
                    struct fl_troubles *out)
{
    FL_AUTO(fl_strv_clear) struct fl_strv hosts = {0};
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < results->n; i++) {
        const struct fl_test_result *result = &results->at[i];
        const char *host = host_of(result);

        rc = add_result(out, checks, result);
        if (rc == 0 && host && result->verdict == FLEET_FAIL &&
            !fl_strv_has(&hosts, host))
            rc = fl_strv_add(&hosts, host);
    }
    for (size_t i = 0; rc == 0 && i < hosts.n; i++)
        rc = add_host(out, results, hosts.at[i]);
    if (rc == 0 && out->n > 0)
        qsort(out->at, out->n, sizeof(*out->at), by_weight);
    return rc;
}

int fl_troubles_find(const struct fl_checks *checks,
                     const struct fl_test_results *results,
                     struct fl_troubles *out)
{
    int rc;

    *out = (struct fl_troubles){0};
    rc = find_all(checks, results, out);
    if (rc < 0)
        fl_troubles_clear(out);
    return rc;
}

int fl_trouble_text(const struct fl_trouble *trouble, struct fl_buf *out)
{
    const char *word = fl_verdict_name(
        trouble->verdict == BAD_HOST ? FLEET_FAIL : trouble->verdict);
    size_t shown =
        trouble->names.n > NAMES_SHOWN ? NAMES_SHOWN : trouble->names.n;
    size_t len = strlen(trouble->text);

    fl_buf_printf(out, "%s  %.*s%s%s:", word, TEXT_SHOWN, trouble->text,
                  len > TEXT_SHOWN ? "..." : "",
                  trouble->varies ? " (or alike)" : "");
    for (size_t i = 0; i < shown; i++)
        fl_buf_printf(out, " %s", trouble->names.at[i]);
    if (shown < trouble->names.n)
        fl_buf_printf(out, " and %zu more", trouble->names.n - shown);
    return out->failed;
}
