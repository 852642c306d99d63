/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_PORTCHECK_H
#define FL_ENGINE_PORTCHECK_H

#include "core/engine/engine.h"

/* Whether ports of the proxy lead somewhere, all asked at once. */
enum fl_port_verdict {
    FL_PORT_SERVED, /* as it should be: an SSH server says who it is, or
                       nobody listens any more */
    FL_PORT_SILENT, /* the proxy takes connections, and nobody answers */
    FL_PORT_BROKEN  /* nobody listens, or the proxy cannot reach the pod that
                       answers here */
};
struct fl_port_check {
    int64_t port;
    const char *host; /* the pod's own address; NULL: it should be closed */
    int64_t ssh_port;

    enum fl_port_verdict verdict;
    struct fleet_error error; /* unless it is served */
};
/* A port that is not served yet is asked again for some seconds: nginx reads
 * its files a moment after it was told to. */
int fl_port_checks_run(struct fl_engine *engine, const char *address,
                       struct fl_port_check *checks, size_t n,
                       struct fleet_error *err);

#endif
