/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_NET_HTTPURL_H
#define FL_NET_HTTPURL_H

#include <fleet/error.h>
#include <stdbool.h>

struct fl_http_url {
    char host[256]; /* as in the URL, for messages */
    bool loopback;  /* 127.0.0.0/8, ::1 or localhost */
    bool metadata;  /* link-local, where clouds tell a machine about itself */
};
/* FLEET_ECONFIG with the remedy: no absolute http or https URL, plain http to
 * another computer, a user name in it. METADATA: plain http may go to such a
 * service, too. Pure. */
int fl_http_url_read(const char *text, bool metadata, struct fl_http_url *url,
                     struct fleet_error *err);

#endif
