/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_MODEL_CARD_H
#define FL_MODEL_CARD_H

#include "core/base/buf.h"
#include "core/base/strv.h"

#include <stdbool.h>

/* What is handed out to one participant: a page that prints on two sheets, and
 * the same as plain text. Pure; whatever is in here may be anybody's words. */
struct fl_card_pod {
    const char *name; /* that ssh knows it by */
    const char *host;
    int64_t port;
    const char *user;
};
struct fl_card {
    const char *cohort, *person;
    const char
        *until; /* the last day, "2026-12-19"; NULL: CERT_UNTIL ends it */
    const char *cert_until; /* the last day of the certificate */
    const char *contact;    /* whom to ask; may be NULL */
    const char *written;    /* the day */
    const struct fl_card_pod *pods;
    size_t n_pods;
    const struct fl_strv *missing; /* pods that are not there yet */
    const char *config;            /* the text of the SSH configuration */

    /* Names of the files beside it. */
    const char *config_name, *known_hosts_name, *cert_name;
    const char *key_name; /* NULL: he has a key of his own */
    const char *key_path; /* where the configuration looks for it */
};

/* How to come in, step by step. */
struct fl_card_step {
    char *what;     /* a sentence */
    char *commands; /* lines to type; "": none */
};
struct fl_card_way {
    const char *title; /* "Windows" */
    const char *where; /* "in PowerShell, ..."; may be NULL */
    struct fl_card_step steps[4];
    size_t n;
};
enum { FL_CARD_WAYS = 3 };
struct fl_card_ways {
    struct fl_card_way at[FL_CARD_WAYS];
};
int fl_card_ways(const struct fl_card *card, struct fl_card_ways *out);
void fl_card_ways_clear(struct fl_card_ways *ways);
FL_CLEANUP_IN_PLACE(fl_card_ways_clear, struct fl_card_ways);

/* "19 December 2026" of "2026-12-19"; the text itself when it is no day. */
void fl_card_day(char out[32], const char *day);

int fl_card_html(const struct fl_card *card, struct fl_buf *out);
int fl_card_text(const struct fl_card *card, struct fl_buf *out);

/* The page with all of them, for whoever hands them out. */
struct fl_card_entry {
    const char *id, *person, *pods, *until, *email;
    bool has_key; /* their key file lies there, too */
};
int fl_card_index(const char *cohort, const char *written,
                  const struct fl_card_entry *entries, size_t n,
                  struct fl_buf *out);

/* Text as it may stand in HTML, between tags and in quoted attributes. */
int fl_html_escape(struct fl_buf *out, const char *text);
/* The head of a page, up to <body>. */
int fl_html_head(struct fl_buf *out, const char *title);

#endif
