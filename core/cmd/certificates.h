/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_CERTIFICATES_H
#define FL_CMD_CERTIFICATES_H

#include "core/cmd/work.h"
#include "core/engine/certify.h"

/* Host certificates for these members, told one by one and put into the
 * document. */
int fl_certificates_give(struct fl_context *context,
                         const struct fl_fleet *fleet, const bool *selected,
                         struct fl_visit_results *results,
                         struct fleet_error *err);
/* At the end of commands after which these pods, by full name, are new or have
 * started anew: when the cohort has an authority, they get certificates. One
 * that cannot have one is told of, and is known by its key as before. */
void fl_certificates_follow(struct fl_context *context,
                            const struct fl_strv *names);

#endif
