/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef RUNPOD_JUDGE_H
#define RUNPOD_JUDGE_H

#include <fleet/http.h>

/* What an answer means. There is no error code in it: the status decides, and
 * where one status stands for many things, the words do. */
int runpod_judge(const struct fleet_answer *answer, struct fleet_error *err);
/* GraphQL tells of failures with a good status. */
int runpod_judge_graphql(const struct fleet_answer *answer,
                         struct fleet_error *err);

#endif
