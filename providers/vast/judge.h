/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef VAST_JUDGE_H
#define VAST_JUDGE_H

#include <fleet/http.h>

/* What an answer means: by its body first, by its status second. A bad key is a
 * 404, and many failures are a 200. Pure. */

/* Of calls that concern no single instance: search, list, account. */
int vast_judge(const struct fleet_answer *answer, struct fleet_error *err);
/* Of calls on one: 404 is FLEET_ENOTFOUND. */
int vast_judge_instance(const struct fleet_answer *answer,
                        struct fleet_error *err);
/* Of a create: FLEET_OK for whatever names a new contract, FLEET_EAMBIGUOUS for
 * what does not prove that there is none. */
int vast_judge_create(const struct fleet_answer *answer,
                      struct fleet_error *err);
/* Of attaching a key: one that is there already is fine. */
int vast_judge_attach(const struct fleet_answer *answer,
                      struct fleet_error *err);

#endif
