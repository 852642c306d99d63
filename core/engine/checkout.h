/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_CHECKOUT_H
#define FL_ENGINE_CHECKOUT_H

#include "core/engine/settings.h"
#include "core/model/giturl.h"

/* The repository of the course, as the settings have it. */
struct fl_checkout {
    struct fl_giturl url; /* no text: nobody says where it is cloned from */
    char *dir;            /* on the pods, as people write it; "": none */
    char *key;            /* git's, on the pods, likewise */
};
bool fl_checkout_configured(const struct fl_settings *settings);
int fl_checkout_read(const struct fl_settings *settings,
                     struct fl_checkout *checkout, struct fleet_error *err);
void fl_checkout_clear(struct fl_checkout *checkout);
FL_CLEANUP_IN_PLACE(fl_checkout_clear, struct fl_checkout);

#endif
