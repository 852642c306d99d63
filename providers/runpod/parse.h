/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef RUNPOD_PARSE_H
#define RUNPOD_PARSE_H

#include "providers/api/api.h"

/* What RunPod's REST v2 answers, as records. Pure. */

/* The variable that carries the token of a create; it comes back with the pod.
 */
#define RUNPOD_TOKEN "FLEET_TOKEN"

void runpod_read_pod(const json_t *from, struct fleet_pod *pod);
/* Every pod of one page; *cursor: of the next page, borrowed from the answer;
 * NULL: this was the last. NOTES: what GraphQL says of them, NULL: nothing. */
int runpod_read_page(const json_t *answer, const json_t *notes,
                     struct fleet_sink *pods, const char **cursor,
                     struct fleet_error *err);
/* Whether a page has any pod. */
bool runpod_has_pods(const json_t *answer);
/* From GraphQL's list of pods: an object of texts by id, for those whose host
 * is to be under maintenance. NULL: out of memory. */
json_t *runpod_read_notes(const json_t *answer);
/* Those GPUs of the catalogue that can be had COUNT at a time in TIER. */
int runpod_read_catalogue(const json_t *answer, const char *tier, int64_t count,
                          struct fleet_sink *offers, struct fleet_error *err);
/* Likewise, but only the pod that carries that token; *found: it is here. */
int runpod_search_page(const json_t *answer, const char *token,
                       struct fleet_pod *pod, bool *found, const char **cursor,
                       struct fleet_error *err);

/* An offer's id is "TIER/GPU". false: it is none of ours. */
#define RUNPOD_TIER_SIZE 16
bool runpod_split_offer(const char *id, char tier[RUNPOD_TIER_SIZE],
                        const char **gpu);

/* "balanceAmount" of REST or "clientBalance" of GraphQL. */
int runpod_read_balance(const json_t *answer, int64_t *micros,
                        struct fleet_error *err);

#endif
