/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/checkout.h"

#include "core/base/error.h"
#include "core/base/text.h"

#include <stdlib.h>
#include <string.h>

bool fl_checkout_configured(const struct fl_settings *settings)
{
    return settings->git_url || settings->repo_name || settings->repo_dir;
}

static int read_url(const struct fl_settings *settings, struct fl_giturl *url,
                    struct fleet_error *err)
{
    FL_AUTO_FREE char *made = NULL;

    if (settings->git_url)
        return fl_giturl_read(settings->git_url, url, err);
    if (!settings->repo_owner || !settings->repo_name)
        return FLEET_OK;
    made = fl_format("git@github.com:%s/%s.git", settings->repo_owner,
                     settings->repo_name);
    return made ? fl_giturl_read(made, url, err) : fl_enomem(err);
}

static char *dir_of(const struct fl_settings *settings,
                    const struct fl_giturl *url)
{
    const char *name = url->name ? url->name : settings->repo_name;

    if (settings->repo_dir)
        return strdup(settings->repo_dir);
    return name ? fl_format("~/%s", name) : strdup("");
}

static char *key_of(const struct fl_settings *settings)
{
    const char *local = settings->git_key_local, *base;

    if (settings->git_key_remote)
        return strdup(settings->git_key_remote);
    if (!local)
        return strdup("");
    base = strrchr(local, '/');
    return fl_format("~/.ssh/%s", base ? base + 1 : local);
}

int fl_checkout_read(const struct fl_settings *settings,
                     struct fl_checkout *checkout, struct fleet_error *err)
{
    int rc;

    *checkout = (struct fl_checkout){0};
    rc = read_url(settings, &checkout->url, err);
    if (rc < 0)
        return rc;
    checkout->dir = dir_of(settings, &checkout->url);
    checkout->key = key_of(settings);
    if (checkout->dir && checkout->key)
        return FLEET_OK;
    fl_checkout_clear(checkout);
    return fl_enomem(err);
}

void fl_checkout_clear(struct fl_checkout *checkout)
{
    fl_giturl_clear(&checkout->url);
    free(checkout->dir);
    free(checkout->key);
    *checkout = (struct fl_checkout){0};
}
