/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/sims.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/program.h"
#include "core/base/text.h"
#include "core/engine/plugins.h"
#include "core/model/names.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#define HEAD      "fleet-sim-"
#define ABOUT_MS  2000
#define ABOUT_MAX 1024

static bool is_program(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0 && S_ISREG(about.st_mode) &&
           access(path, X_OK) == 0 && fl_path_trusted(path, NULL) == 0;
}

static int add(struct fl_sims *sims, const char *name, char **path)
{
    struct fl_sim *at = sims->at;

    if (sims->n == sims->size) {
        size_t size = sims->size ? 2 * sims->size : 8;

        at = realloc(at, size * sizeof(*at));
        if (!at)
            return FLEET_ENOMEM;
        sims->at = at;
        sims->size = size;
    }
    at[sims->n].name = strdup(name);
    if (!at[sims->n].name)
        return FLEET_ENOMEM;
    at[sims->n++].path = fl_take(*path);
    return FLEET_OK;
}

static int look_at(struct fl_sims *sims, const char *dir, const char *file)
{
    const char *name = file + strlen(HEAD);
    FL_AUTO_FREE char *path = NULL;

    if (strncmp(file, HEAD, strlen(HEAD)) != 0 || !fl_name_valid(name))
        return FLEET_OK;
    path = fl_path_join(dir, file);
    if (!path)
        return FLEET_ENOMEM;
    return is_program(path) ? add(sims, name, &path) : FLEET_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct fl_sim *)a)->name,
                  ((const struct fl_sim *)b)->name);
}

int fl_sims_look(struct fl_sims *sims, struct fleet_error *err)
{
    FL_AUTO_FREE char *path = fl_plugins_programs();
    FL_AUTO(closedir) DIR *dir = path ? opendir(path) : NULL;
    const struct dirent *entry;

    if (!path)
        return fl_enomem(err);
    while (dir && (entry = readdir(dir))) {
        if (look_at(sims, path, entry->d_name) < 0)
            return fl_enomem(err);
    }
    if (sims->n)
        qsort(sims->at, sims->n, sizeof(*sims->at), by_name);
    return FLEET_OK;
}

void fl_sims_clear(struct fl_sims *sims)
{
    for (size_t i = 0; i < sims->n; i++) {
        free(sims->at[i].name);
        free(sims->at[i].path);
    }
    free(sims->at);
    memset(sims, 0, sizeof(*sims));
}

static int no_such_sim(const struct fl_sims *sims, const char *name,
                       struct fleet_error *err)
{
    FL_AUTO_FREE const char **names = calloc(sims->n + 1, sizeof(*names));
    const char *near;

    if (!names)
        return fl_enomem(err);
    for (size_t i = 0; i < sims->n; i++)
        names[i] = sims->at[i].name;
    near = fl_closest(name, names);
    return fleet_fail(err, FLEET_ENOTFOUND,
                      "no fake cloud is called \"%s\"%s%s%s; `fleet sim` "
                      "lists all",
                      name, near ? "; did you mean " : "", near ? near : "",
                      near ? "?" : "");
}

int fl_sims_find(const struct fl_sims *sims, const char *name,
                 const struct fl_sim **out, struct fleet_error *err)
{
    for (size_t i = 0; i < sims->n; i++) {
        if (strcmp(sims->at[i].name, name) == 0) {
            *out = &sims->at[i];
            return FLEET_OK;
        }
    }
    return no_such_sim(sims, name, err);
}

char *fl_sim_about(const struct fl_sim *sim)
{
    const char *const argv[] = {sim->path, "--about", NULL};
    const struct fleet_program program = {
        .size = sizeof(program), .argv = argv, .max_output = ABOUT_MAX};
    char *text = NULL;

    if (fl_program_run(&program, fl_deadline(ABOUT_MS), &text, NULL) < 0)
        return NULL;
    if (text)
        text[strcspn(text, "\n")] = '\0';
    return text;
}
