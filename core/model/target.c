/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/names.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/model/shown.h"

#include <fnmatch.h>
#include <stdint.h>
#include <string.h>

/* The pods that a target can hit, and those that were hit. */
struct field {
    const struct fl_target_pod *pods;
    size_t n;
    const char *on;
    bool *hit;
};

static bool offered(const struct field *field, size_t i)
{
    return !field->on || strcmp(field->pods[i].provider, field->on) == 0;
}

static bool is_called(const struct fl_target_pod *pod, const char *text)
{
    return strcmp(pod->short_name, text) == 0 || strcmp(pod->name, text) == 0;
}

static bool has_id(const struct fl_target_pod *pod, const char *text)
{
    return pod->id && strcmp(pod->id, text) == 0;
}

/* The prefix counts only when it is written out: a* is no arena-zebra. */
static bool fits_glob(const struct fl_target_pod *pod, const char *text)
{
    size_t len = strlen(pod->name), short_len = strlen(pod->short_name);
    size_t prefix = len > short_len ? len - short_len : 0;

    if (fnmatch(text, pod->short_name, 0) == 0)
        return true;
    return prefix > 0 && strncmp(text, pod->name, prefix) == 0 &&
           fnmatch(text + prefix, pod->name + prefix, 0) == 0;
}

static bool is_any(const struct fl_target_pod *pod, const char *text)
{
    (void)pod;
    (void)text;
    return true;
}

typedef bool fits_function(const struct fl_target_pod *pod, const char *text);

static bool mark(struct field *field, fits_function *fits, const char *text)
{
    bool any = false;

    for (size_t i = 0; i < field->n; i++) {
        if (offered(field, i) && fits(&field->pods[i], text)) {
            field->hit[i] = true;
            any = true;
        }
    }
    return any;
}

/* "shell: no such pod on local; did you mean shelf?" */
static int no_such_pod(const struct field *field, const char *text,
                       struct fleet_error *err)
{
    FL_AUTO_FREE const char **names = calloc(2 * field->n + 1, sizeof(*names));
    char shown[FL_SHOWN_SIZE], on[FL_SHOWN_SIZE] = "";
    const char *near;
    size_t n = 0;

    if (!names)
        return fl_enomem(err);
    for (size_t i = 0; i < field->n; i++) {
        if (!offered(field, i))
            continue;
        names[n++] = field->pods[i].short_name;
        names[n++] = field->pods[i].name;
    }
    near = fl_closest(text, names);
    fl_shown(shown, text);
    if (field->on)
        fl_shown(on, field->on);
    return fleet_fail(err, FLEET_ENOTFOUND, "%s: no such pod%s%s%s%s%s", shown,
                      field->on ? " on " : "", on,
                      near ? "; did you mean " : "", near ? near : "",
                      near ? "?" : "; see `fleet list`");
}

/* The pod of that name; SIZE_MAX and err when there is none. */
static size_t find_end(const struct field *field, const char *text,
                       struct fleet_error *err)
{
    for (size_t i = 0; i < field->n; i++) {
        if (offered(field, i) && is_called(&field->pods[i], text))
            return i;
    }
    no_such_pod(field, text, err);
    return SIZE_MAX;
}

static int mark_range(struct field *field, const char *first, const char *last,
                      struct fleet_error *err)
{
    size_t from = find_end(field, first, err), to;

    if (from == SIZE_MAX)
        return FLEET_ENOTFOUND;
    to = find_end(field, last, err);
    if (to == SIZE_MAX)
        return FLEET_ENOTFOUND;
    if (from > to)
        return fleet_fail(err, FLEET_EUSAGE,
                          "%s..%s runs backwards: in the list %s comes first",
                          first, last, last);
    for (size_t i = from; i <= to; i++)
        field->hit[i] |= offered(field, i);
    return FLEET_OK;
}

static int mark_target(struct field *field, const char *text,
                       struct fleet_error *err)
{
    FL_AUTO_FREE char *first = NULL;
    const char *dots = strstr(text, "..");

    if (strcmp(text, "all") == 0) {
        mark(field, is_any, text);
        return FLEET_OK;
    }
    if (mark(field, is_called, text) || mark(field, has_id, text))
        return FLEET_OK;
    if (strpbrk(text, "*?[") && mark(field, fits_glob, text))
        return FLEET_OK;
    if (!dots)
        return no_such_pod(field, text, err);
    first = strndup(text, (size_t)(dots - text));
    return first ? mark_range(field, first, dots + 2, err) : fl_enomem(err);
}

static int mark_all(struct field *field, const char *const *targets, size_t n,
                    struct fleet_error *err)
{
    int rc = FLEET_OK;

    if (n == 0)
        mark(field, is_any, "");
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = mark_target(field, targets[i], err);
    return rc;
}

static int check_provider(const struct field *field, struct fleet_error *err)
{
    FL_AUTO_FREE const char **providers = NULL;
    char shown[FL_SHOWN_SIZE];
    const char *near;

    for (size_t i = 0; i < field->n; i++) {
        if (offered(field, i))
            return FLEET_OK;
    }
    providers = calloc(field->n + 1, sizeof(*providers));
    if (!providers)
        return fl_enomem(err);
    for (size_t i = 0; i < field->n; i++)
        providers[i] = field->pods[i].provider;
    near = fl_closest(field->on, providers);
    fl_shown(shown, field->on);
    return fleet_fail(err, FLEET_ENOTFOUND, "no pod on %s%s%s%s", shown,
                      near ? "; did you mean " : "", near ? near : "",
                      near ? "?" : "");
}

int fl_targets_match(const char *const *targets, size_t n_targets,
                     const char *exclude, const char *on,
                     const struct fl_target_pod *pods, size_t n_pods,
                     bool *selected, struct fleet_error *err)
{
    FL_AUTO_FREE bool *hit = calloc(n_pods + 1, sizeof(*hit));
    FL_AUTO_FREE bool *out = calloc(n_pods + 1, sizeof(*out));
    FL_AUTO(fl_strv_clear) struct fl_strv unwanted = {0};
    struct field field = {pods, n_pods, on, hit};
    struct field without = {pods, n_pods, NULL, out};
    int rc = FLEET_OK;

    if (!hit || !out ||
        (exclude && fl_strv_split(&unwanted, exclude, ", \t\n") < 0))
        return fl_enomem(err);
    if (on && n_targets > 0 && n_pods > 0)
        rc = check_provider(&field, err);
    if (rc == 0)
        rc = mark_all(&field, targets, n_targets, err);
    if (rc == 0 && unwanted.n > 0)
        rc = mark_all(&without, (const char *const *)unwanted.at, unwanted.n,
                      err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n_pods; i++)
        selected[i] = hit[i] && !out[i];
    return FLEET_OK;
}
