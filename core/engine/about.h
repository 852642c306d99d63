/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_ABOUT_H
#define FL_ENGINE_ABOUT_H

#include "core/engine/fleet.h"
#include "core/model/report.h"

/* What providers answer to a question beside pods. */
struct fl_about {
    const struct fl_listing *listing;
    int rc;
    struct fleet_error error;
    struct fleet_report report;
};
/* One for each provider that answers and has anything to say, asked at once;
 * the caller's to free with fl_about_free. */
int fl_about_gather(struct fl_engine *engine, struct fl_fleet *fleet,
                    enum fl_question question, struct fl_about **out, size_t *n,
                    struct fleet_error *err);
void fl_about_free(struct fl_about *about, size_t n);

#endif
