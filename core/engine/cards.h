/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_CARDS_H
#define FL_ENGINE_CARDS_H

#include "core/engine/badge.h"
#include "core/engine/fleet.h"
#include "core/engine/format.h"

/* What is handed out to participants: a folder for each, with a page, the same
 * as text, the SSH configuration, known_hosts, their certificate and, where
 * fleet has made it, their key. */
struct fl_cards_job {
    struct fl_engine *engine;
    const struct fl_fleet *fleet;
    const struct fl_people *people;
    const struct fl_signer *ca;
    const struct fl_ports *ports;    /* may be NULL without via_proxy */
    const struct fl_hostca *host_ca; /* NULL: none */
    bool via_proxy;
    const char *dir;
    const char *contact; /* whom to ask; may be NULL */
};
/* NOTES gets a sentence for each pod of his that is not on the card.
 * FLEET_ENOTFOUND: he has no certificate that would do. */
int fl_cards_write(const struct fl_cards_job *job,
                   const struct fl_person *person, struct fl_strv *notes,
                   struct fleet_error *err);
/* The page that leads to these people's. */
int fl_cards_index(const struct fl_cards_job *job,
                   const struct fl_person *const *people, size_t n,
                   struct fleet_error *err);

/* Where the SSH configuration of a participant looks for key and certificate;
 * malloc'd, NULL when out of memory. */
char *fl_cards_key_path(const struct fl_cohort *cohort,
                        const struct fl_person *person);
char *fl_cards_cert_path(const struct fl_cohort *cohort,
                         const struct fl_person *person);
/* The members that are his, in place of all; by member, allocated. */
bool *fl_cards_members(const struct fl_fleet *fleet,
                       const struct fl_person *person);

#endif
