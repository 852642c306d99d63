/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FLEET_ERROR_H
#define FLEET_ERROR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define FLEET_API __attribute__((visibility("default")))
#define FLEET_PRINTF(format_, first_)                                          \
    __attribute__((format(printf, format_, first_)))
#else
#define FLEET_API
#define FLEET_PRINTF(format_, first_)
#endif

/* The kind of a failure decides what the host does next. */
enum fleet_code {
    FLEET_OK = 0,
    FLEET_EINTERNAL = -1,
    FLEET_ENOMEM = -2,
    FLEET_EINVALID = -3,      /* the provider does not accept this request */
    FLEET_ENOTFOUND = -4,     /* certainly not there */
    FLEET_EAUTH = -5,         /* credentials refused: the provider stops */
    FLEET_ECAPACITY = -6,     /* none left of this option */
    FLEET_EQUOTA = -7,        /* the account's limit: no more creates */
    FLEET_ECONFLICT = -8,     /* the name or the state is in the way */
    FLEET_ERATELIMITED = -9,  /* not done; try later */
    FLEET_ETRANSIENT = -10,   /* not done; try again */
    FLEET_EAMBIGUOUS = -11,   /* may have been done: look before trying again */
    FLEET_EUNSUPPORTED = -12, /* this provider has no such thing */
    FLEET_ELOCKED = -13,
    FLEET_ECANCELLED = -14,
    FLEET_ETIMEOUT = -15,
    FLEET_EREFUSED = -16,
    FLEET_ECONFIG = -17,
    FLEET_EUSAGE = -18
};

/* On the caller's stack; the layout is frozen. */
struct fleet_error {
    int32_t code;     /* enum fleet_code */
    int32_t detail;   /* errno, HTTP status or SSH code; 0: none */
    int32_t retry_ms; /* <0 never, 0 at will, >0 not before */
    uint32_t reserved;
    char text[496]; /* one sentence, no newline, no secret */
};

/* Fills err unless it is NULL, keeps errno, returns code. A text that does not
 * fit ends in "...". Newlines and control characters become spaces. */
FLEET_API int fleet_fail(struct fleet_error *err, int code, const char *format,
                         ...) FLEET_PRINTF(3, 4);

/* "auth", "rate_limited", ...: the words that JSON documents use.
 * FLEET_ENOMEM is "internal". Never NULL. */
FLEET_API const char *fleet_code_name(int code);

/* The code for such a word; FLEET_EINTERNAL for any other text. */
FLEET_API int fleet_code_from_name(const char *name);

#ifdef __cplusplus
}
#endif
#endif
