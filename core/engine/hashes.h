/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_HASHES_H
#define FL_ENGINE_HASHES_H

#include "core/base/digest.h"
#include "core/model/copies.h"

#include <stdbool.h>

/* Checksums of the files here, each read once for all pods. */
struct fl_hashes;
int fl_hashes_open(const struct fl_copies *copies, struct fl_hashes **out,
                   struct fleet_error *err);
void fl_hashes_close(struct fl_hashes *hashes);
FL_CLEANUP(fl_hashes_close, struct fl_hashes *);
/* Of file I of the list; any thread. FLEET_ECONFLICT: it is not what it was
 * when the list was made. FLEET_ECANCELLED. */
int fl_hashes_get(struct fl_hashes *hashes, size_t i, enum fl_digest_kind kind,
                  char out[FL_DIGEST_SIZE], struct fleet_error *err);
/* The file of the list is open at FD; FLEET_ECONFLICT when it has changed. */
int fl_hashes_same(const struct fl_copy *copy, int fd, struct fleet_error *err);
/* Of what FD has in its first LEN bytes. FLEET_ECONFLICT: it has fewer. */
int fl_hash_file(int fd, int64_t len, enum fl_digest_kind kind,
                 char out[FL_DIGEST_SIZE], struct fleet_error *err);

#endif
