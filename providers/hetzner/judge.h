/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef HETZNER_JUDGE_H
#define HETZNER_JUDGE_H

#include "providers/api/api.h"

/* What an answer means, by the code in its body first. Pure. */
int judge_answer(const struct fleet_answer *answer, struct fleet_error *err);
/* The same without the answer: its status and the object "error" of its body,
 * NULL where there is none. */
int judge_error(int status, const json_t *error, struct fleet_error *err);

/* Another action runs on the server: to be waited for. */
bool judge_is_busy(const struct fleet_error *err);
/* A name or a key is taken. */
bool judge_is_taken(const struct fleet_error *err);

#endif
