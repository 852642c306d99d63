/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef AWS_CHAIN_H
#define AWS_CHAIN_H

#include "providers/aws/settings.h"

/* Where credentials are to come from, in the order of all AWS tools. A source
 * that is set up and fails is an error: falling through to the next one would
 * start a fleet in the wrong account. Pure. */
enum chain_source {
    CHAIN_KEYS,
    CHAIN_PROCESS,
    CHAIN_WEB,
    CHAIN_CONTAINER,
    CHAIN_MACHINE /* the role of the EC2 instance that this is */
};

struct chain_role {
    const char *arn, *session, *external_id; /* the latter two may be NULL */
    int64_t seconds;                         /* 0: the usual */
};

enum { CHAIN_ROLES = 8 };
struct chain {
    enum chain_source source;
    const char *id, *secret, *token, *expires; /* CHAIN_KEYS */
    const char *process;                       /* CHAIN_PROCESS */
    bool sso;               /* it is the AWS CLI that is asked, for SSO */
    const char *token_file; /* CHAIN_WEB, for the role below */
    struct chain_role web;
    struct chain_role roles[CHAIN_ROLES]; /* to be assumed from the last one */
    size_t n_roles;
    const char *profile; /* that it was found in; NULL: in the environment */
    char command[256];   /* what process may point to */
};
int chain_plan(const struct settings *settings, struct chain *chain,
               struct fleet_error *err);

/* "the profile x", "the environment": for messages. */
void chain_text(const struct chain *chain, char out[160]);

/* A command's words as a shell takes them apart, without expansion; an array.
 * NULL: a quote is not closed, no word, no memory. */
json_t *chain_words(const char *command);

/* RFC 3339 as seconds since the epoch; 0: it is none. */
time_t chain_time(const char *text);

/* Whether a container's URL may be asked without TLS. */
bool chain_is_near(const char *url);

#endif
