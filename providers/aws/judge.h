/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef AWS_JUDGE_H
#define AWS_JUDGE_H

#include "providers/api/api.h"

/* What an error of AWS means: by its code first, by the HTTP status second. EC2
 * tells of missing capacity with HTTP 500. Pure. */
enum aws_class {
    AWS_FINE,
    AWS_CAPACITY,
    AWS_QUOTA,
    AWS_THROTTLED,
    AWS_TRANSIENT,
    AWS_EXPIRED, /* keys that were good once */
    AWS_CLOCK,
    AWS_CREDENTIALS,
    AWS_FORBIDDEN,
    AWS_MISSING,
    AWS_EXISTS,
    AWS_STATE,
    AWS_REUSED, /* a client token, with other words */
    AWS_WRONG,  /* the request */
    AWS_DRY
};

struct aws_fault {
    enum aws_class class;
    char code[96];     /* AWS's own; "" where there was none */
    char message[400]; /* likewise */
    char request[96];  /* what AWS's support asks for */
};

/* By code, status and words. */
enum aws_class aws_classify(const char *code, int status, const char *message);

/* Where all codes are ValidationError, or there is none. */
enum aws_class aws_by_words(const char *message);

/* FLEET_OK, or what has gone wrong, with the remedy in err. */
int aws_read_fault(const struct fleet_answer *answer, struct aws_fault *fault,
                   struct fleet_error *err);
/* Likewise, for a code that stands inside a good answer. */
int aws_explain(const struct aws_fault *fault, int status,
                struct fleet_error *err);

/* For the host: only what it shall try again is a failure, since everything
 * else is looked at by those who asked. */
int aws_judge(const struct fleet_answer *answer, struct fleet_error *err);

/* "L-DB2E81BA", for that family and market; "" when nobody knows. */
const char *aws_quota_code(const char *type, bool spot);

/* The code that a free text of Auto Scaling speaks of; "" none. */
const char *aws_code_in(const char *text);

#endif
