/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef EXEC_ANSWER_H
#define EXEC_ANSWER_H

#include <fleet/provider.h>
#include <jansson.h>

/* What a program answers, made into records. Pure; any thread. FLEET_EINTERNAL
 * is an answer that cannot be trusted. */

/* The line as an object that answers request ID; the caller's to release. */
int exec_answer_parse(const char *line, size_t len, int64_t id, json_t **answer,
                      struct fleet_error *err);
/* FLEET_OK when the program says so, else the code that it gives and what it
 * says; borrowed from the answer. */
int exec_answer_verdict(const json_t *answer, const char **message,
                        int32_t *retry_ms);
/* FLEET_CAN() bits. *unknown: a word that is none of ours, or NULL; borrowed
 * from the answer. */
int exec_answer_abilities(const json_t *answer, uint64_t *abilities,
                          const char **unknown, struct fleet_error *err);
/* What its calls do beside, ended by op 0; the caller's to free, with texts
 * borrowed from the answer. Calls that are none of ours are left out. */
int exec_answer_effects(const json_t *answer, struct fleet_effect **effects,
                        struct fleet_error *err);
int exec_answer_pods(const json_t *answer, struct fleet_sink *pods,
                     struct fleet_error *err);
/* FLEET_ENOTFOUND: null. A pod has an id. */
int exec_answer_pod(const json_t *answer, struct fleet_pod *pod,
                    struct fleet_error *err);
int exec_answer_offers(const json_t *answer, struct fleet_sink *offers,
                       struct fleet_error *err);
int exec_answer_balance(const json_t *answer, int64_t *micros, char currency[8],
                        struct fleet_error *err);

/* "list", "create", ...: the word for an enum fleet_op. */
const char *exec_call_name(int op);

#endif
