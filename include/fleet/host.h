/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FLEET_HOST_H
#define FLEET_HOST_H

#include <fleet/error.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the host does for one opened plugin. Lives from open to close. */
struct fleet_host;

/* The name this instance goes by; the plugin's own unless it has instances. */
FLEET_API const char *fleet_host_name(const struct fleet_host *host);

/* VALUE of NAME=VALUE for plugins with an instances key, else NULL. */
FLEET_API const char *fleet_host_argument(const struct fleet_host *host);

/* The path of a directory of this instance's own. A call that writes there
 * makes it first, mode 0700; calls that only read make nothing. Borrowed from
 * the host. */
FLEET_API int fleet_host_state_dir(struct fleet_host *host, const char **dir,
                                   struct fleet_error *err);

/* Settings, from environment and files, whose key begins with PREFIX, one after
 * the other from index 0; 0 when there are no more. For plugins that pass
 * settings on to somebody else. */
FLEET_API int fleet_host_setting(const struct fleet_host *host,
                                 const char *prefix, size_t index,
                                 const char **key, const char **value);

/* Every call into a plugin has a deadline, kept by the host for the thread that
 * makes it. These three ask for it. */

/* Milliseconds left of the call this thread is in; never below 0. */
FLEET_API int64_t fleet_call_left_ms(void);

/* Waits until the descriptor is ready for EVENTS (as in poll) or the call's
 * deadline has come: FLEET_OK or FLEET_ETIMEOUT. */
FLEET_API int fleet_call_wait(int fd, short events, struct fleet_error *err);

/* Sleeps, but not past the deadline. */
FLEET_API int fleet_call_sleep(int64_t ms, struct fleet_error *err);

/* Runs a program to its end, without a shell. Its standard input is INPUT
 * (NULL: empty); its standard output is bounded; its standard error goes to the
 * log, the last line into the error. Killed with its process group at the
 * deadline of the call. */
struct fleet_program {
    size_t size;             /* sizeof(struct fleet_program) */
    const char *const *argv; /* argv[0] is searched in PATH; ends at NULL */
    const char *const *env;  /* whole environment; NULL: the host's */
    const char *input;
    size_t max_output; /* 0: 1 MiB */
};
/* *output is the caller's to free (may be NULL to ignore it). FLEET_OK only
 * when the program ended with status 0; otherwise err->detail is its exit
 * status, or 128 + signal; FLEET_ENOTFOUND when there is no such program. */
FLEET_API int fleet_run_program(const struct fleet_program *program,
                                char **output, struct fleet_error *err);

#ifdef __cplusplus
}
#endif
#endif
