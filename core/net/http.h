/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_NET_HTTP_H
#define FL_NET_HTTP_H

#include "core/base/buf.h"
#include "core/base/strv.h"

#include <fleet/http.h>
#include <stdint.h>

/* A pool of connections and the thread that serves it. Any number of threads
 * may ask at once; each waits for its own answer. */
struct fl_http;

int fl_http_open(struct fl_http **out, struct fleet_error *err);
/* Nobody asks any more. */
void fl_http_close(struct fl_http *http);

struct fleet_answer {
    int status;
    struct fl_strv headers; /* "Name: value", of the last answer */
    struct fl_buf body;
};

/* One request, once. FLEET_OK: a whole answer, whatever its status.
 * FLEET_ETRANSIENT: certainly not sent. FLEET_EAMBIGUOUS: sent, but no whole
 * answer. FLEET_ETIMEOUT: the deadline came before it was sent.
 * FLEET_EINTERNAL: the answer is larger than allowed. FLEET_EREFUSED: plain
 * http to somewhere else, no URL. */
int fl_http_ask(struct fl_http *http, const struct fleet_request *request,
                int64_t deadline, struct fleet_answer **answer,
                struct fleet_error *err);

#endif
