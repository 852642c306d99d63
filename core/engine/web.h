/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_WEB_H
#define FL_ENGINE_WEB_H

#include <fleet/http.h>

/* The manners of HTTP, for all threads of one opened plugin: pace, judgement,
 * trying again. core/net/http.h carries the requests. */
struct fl_web;

int fl_web_open(struct fl_web **out, struct fleet_error *err);
void fl_web_close(struct fl_web *web);

/* As fleet_http, within the deadline of the call that this thread is in. */
int fl_web_ask(struct fl_web *web, const struct fleet_request *request,
               struct fleet_answer **answer, struct fleet_error *err);

/* How long an answer asks to be left alone, by Retry-After or by a RateLimit
 * window with nothing left; -1: it does not say. Pure but for the clock that a
 * date is compared with. */
int64_t fl_web_hint_ms(const struct fleet_answer *answer);

#endif
