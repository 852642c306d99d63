/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_PROVIDER_H
#define FL_ENGINE_PROVIDER_H

#include "core/engine/catalog.h"
#include "core/model/record.h"

/* One opened provider, and the one way to call it: serialised as the plugin
 * asks, paced, with a deadline, with retries where the plugin says that nothing
 * was done, and with everything it returns checked. Any thread, unless said
 * otherwise. */
struct fl_provider;

/* state_dir: the root below which the instance gets its own directory. CONFIG
 * outlives the provider. */
int fl_provider_open(const struct fl_provider_entry *entry,
                     const struct fl_config *config, const char *state_dir,
                     int64_t deadline, struct fl_provider **out,
                     struct fleet_error *err);
/* One with a call still inside, or that does not close within some seconds, is
 * left alone with its memory. No call may begin any more. */
void fl_provider_close(struct fl_provider *provider);
const char *fl_provider_name(const struct fl_provider *provider);
uint64_t fl_provider_caps(const struct fl_provider *provider);
/* How long after a create a look-up may still miss it. */
int64_t fl_provider_settle_ms(const struct fl_provider *provider);
/* FLEET_CAN() bits, as of when it was opened. */
uint64_t fl_provider_abilities(const struct fl_provider *provider);
bool fl_provider_can(const struct fl_provider *provider, int op);
/* What this call does beside what it is for; NULL: nothing that is known. Lives
 * as long as the provider. */
const struct fleet_effect *
fl_provider_effect(const struct fl_provider *provider, int op);
/* All of them, ended by op 0; may be NULL. And one of such a table. */
const struct fleet_effect *
fl_provider_effects(const struct fl_provider *provider);
const struct fleet_effect *fl_effect_of(const struct fleet_effect *table,
                                        int op);

/* FLEET_EUNSUPPORTED where the plugin offers no such function. A pod in a
 * listing with a fault (bad name, bad host, ...) fails nothing: it is returned
 * with state unknown, its bad fields unset and a logged warning. Every pod has
 * an id that no other one has. The sink is empty on failure. */
int fl_provider_list(struct fl_provider *provider, int64_t deadline,
                     struct fleet_sink *pods, struct fleet_error *err);
int fl_provider_offers(struct fl_provider *provider, int64_t deadline,
                       const struct fleet_spec *want, struct fleet_sink *offers,
                       struct fleet_error *err);
/* Tried again only where the plugin says that nothing was done; anything that
 * leaves a doubt is FLEET_EAMBIGUOUS. pod: filled; has an id. */
int fl_provider_create(struct fl_provider *provider, int64_t deadline,
                       const struct fleet_spec *spec, struct fleet_pod *pod,
                       struct fleet_error *err);
/* By token, through find, or through list where find is not offered; NAME (may
 * be NULL) is compared with pods that carry no token. FLEET_ENOTFOUND:
 * certainly absent, or its state is gone. */
int fl_provider_find(struct fl_provider *provider, int64_t deadline,
                     const char *token, const char *name, struct fleet_pod *pod,
                     struct fleet_error *err);
/* Through get, or through list. FLEET_ENOTFOUND: certainly absent, or its state
 * is gone. */
int fl_provider_get(struct fl_provider *provider, int64_t deadline,
                    const char *id, struct fleet_pod *pod,
                    struct fleet_error *err);
/* start, stop, restart, terminate: op says which. To terminate what is not
 * there is no failure. */
int fl_provider_act(struct fl_provider *provider, int64_t deadline, int op,
                    const char *id, struct fleet_error *err);
int fl_provider_rename(struct fl_provider *provider, int64_t deadline,
                       const char *id, const char *name,
                       struct fleet_error *err);
int fl_provider_lock(struct fl_provider *provider, int64_t deadline,
                     const char *id, bool locked, struct fleet_error *err);
/* "22 12000-12999": what TCP gets in on from now on. */
int fl_provider_expose(struct fl_provider *provider, int64_t deadline,
                       const char *id, const char *ports,
                       struct fleet_error *err);
int fl_provider_balance(struct fl_provider *provider, int64_t deadline,
                        int64_t *micros, char currency[8],
                        struct fleet_error *err);
/* See core/engine/about.h. */
enum fl_question {
    FL_ASK_ABOUT,    /* whom it is asked as, and what is in the way */
    FL_ASK_LEFTOVERS /* what there is beside pods */
};
bool fl_provider_has_answer(const struct fl_provider *provider,
                            enum fl_question question);
int fl_provider_ask(struct fl_provider *provider, enum fl_question question,
                    int64_t deadline, struct fleet_report *report,
                    struct fleet_error *err);

const char *fl_op_name(int op); /* "create", ... by enum fleet_op */

#endif
