/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_BASE_DIGEST_H
#define FL_BASE_DIGEST_H

#include "core/base/cleanup.h"

#include <fleet/error.h>
#include <stdint.h>

/* Checksums as the tools of a pod print them: SHA-256 in hexadecimal, or where
 * a machine has no tool for that the "CRC SIZE" of POSIX cksum. */
enum fl_digest_kind { FL_DIGEST_NONE, FL_DIGEST_SHA256, FL_DIGEST_CKSUM };
#define FL_DIGEST_SIZE 72

struct fl_digest {
    enum fl_digest_kind kind;
    void *context; /* of OpenSSL */
    uint32_t crc;
    uint64_t len;
};
int fl_digest_begin(struct fl_digest *sum, enum fl_digest_kind kind,
                    struct fleet_error *err);
void fl_digest_add(struct fl_digest *sum, const void *data, size_t len);
void fl_digest_end(struct fl_digest *sum, char out[FL_DIGEST_SIZE]);
void fl_digest_clear(struct fl_digest *sum);
FL_CLEANUP_IN_PLACE(fl_digest_clear, struct fl_digest);

/* The sum that TEXT begins with; its length, 0 when there is none. */
size_t fl_digest_read(enum fl_digest_kind kind, const char *text,
                      char out[FL_DIGEST_SIZE]);
/* 16 hexadecimal digits that stand for this text. */
void fl_digest_tag(const void *data, size_t len, char out[17]);

#endif
