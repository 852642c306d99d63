/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_CHECKUP_H
#define FL_ENGINE_CHECKUP_H

#include "core/base/buf.h"

#include <fleet/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All probes of a pod as one POSIX shell script, and its answer taken apart
 * again. Pure. The probes run side by side, each in a subshell and with a time
 * limit kept on the pod. Every line that comes back begins with a word that the
 * probes are not told, so that none can write into another's section, and
 * whatever else prints (a login script) is no section at all. */
#define FL_PROBE_BYTES  32768 /* that come back: each line and 33 beside it */
#define FL_PROBE_BLOCKS 400   /* that are read, of 512 bytes or less */
/* Of a whole answer of N probes, with some room for what else prints. */
#define FL_CHECKUP_MAX(n_)                                                     \
    ((size_t)65536 + (n_) * (size_t)(FL_PROBE_BYTES + 64))

struct fl_probe {
    const char *script;
    int64_t limit_ms;
    bool drain; /* let it write to its end, for its exit status counts */
};

#define FL_NONCE_SIZE 17
int fl_nonce(char out[FL_NONCE_SIZE], struct fleet_error *err);

/* For the standard input of "sh". */
int fl_checkup_compose(const struct fl_probe *probes, size_t n,
                       const char *nonce, struct fl_buf *script);

struct fl_section {
    struct fl_buf text; /* what the probe printed; lines end in \n */
    int status;         /* exit status; -1: it did not end */
    bool timed_out;
};
/* Into N sections, which are zeroed or cleared. *whole: the script came to its
 * end. FLEET_OK or FLEET_ENOMEM. */
int fl_checkup_parse(const char *answer, size_t len, const char *nonce,
                     struct fl_section *sections, size_t n, bool *whole);
void fl_sections_clear(struct fl_section *sections, size_t n);

#endif
