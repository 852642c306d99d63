/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FLEET_CHECK_H
#define FLEET_CHECK_H

#include <fleet/log.h>
#include <fleet/plugin.h>
#include <fleet/record.h>
#include <fleet/writer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A check is a small POSIX shell probe that prints facts on the pod, and a
 * judge that turns facts and policy into a verdict here. All probes of a pod
 * travel in one session and one exec. */
struct fleet_facts;
struct fleet_report;

enum fleet_verdict {
    FLEET_PASS = 1,
    FLEET_SKIP, /* does not apply here; says why */
    FLEET_WARN,
    FLEET_FAIL
};

#define FLEET_CHECK_DEEP (1u << 0)

struct fleet_check_ops {
    /* Writes a probe: shell text that runs in a subshell of its own, prints
     * "key=value" lines, and may print a key several times. It sees nothing of
     * the other probes and is ended after limit_ms. FLEET_HERE=yes in its
     * environment: the pod is one of the computer that fleet runs on. NULL: no
     * probe, the judge looks at what the host tells of the connection. */
    int (*probe)(const void *config, uint32_t flags,
                 struct fleet_writer *script, struct fleet_error *err);
    /* Bad health is a report; failing means "could not find out". */
    int (*judge)(const void *config, uint32_t flags,
                 const struct fleet_facts *facts, struct fleet_report *report,
                 struct fleet_error *err);
    int64_t limit_ms;      /* 0: 10 s */
    int64_t deep_limit_ms; /* with FLEET_CHECK_DEEP; 0: limit_ms */
};

/* The host adds facts of its own, with keys that no probe can use:
 * fleet_open_ms     until it was logged in
 * fleet_run_ms      until all probes had answered
 * fleet_asked_at    seconds since the epoch, here, when the probes were sent
 * fleet_answered_at likewise, when they had answered
 * fleet_stage       where it failed: "connect", ...; not there: it did not
 * fleet_error       what has happened then
 * fleet_here        "yes": the pod is one of this computer */

/* A fact's first value; NULL when the probe did not print it. Valid UTF-8, at
 * most 4 KiB, may hold control characters: the host escapes what is shown. */
FLEET_API const char *fleet_fact(const struct fleet_facts *facts,
                                 const char *key);
FLEET_API const char *fleet_fact_nth(const struct fleet_facts *facts,
                                     const char *key, size_t nth);
/* FALLBACK when it is missing or no whole decimal number. */
FLEET_API int64_t fleet_fact_number(const struct fleet_facts *facts,
                                    const char *key, int64_t fallback);
/* The probe was ended by its time limit; what it had printed is there. */
FLEET_API int fleet_facts_timed_out(const struct fleet_facts *facts);
/* The pod that is judged. */
FLEET_API const struct fleet_pod *
fleet_facts_pod(const struct fleet_facts *facts);
/* What the connection itself took, milliseconds. */
FLEET_API int64_t fleet_facts_elapsed_ms(const struct fleet_facts *facts);

/* Adds a finding; the worst verdict counts, details are joined with "; ". A
 * judge that reports nothing has found nothing wrong: FLEET_PASS. */
FLEET_API void fleet_report(struct fleet_report *report, int verdict,
                            const char *format, ...) FLEET_PRINTF(3, 4);

#ifdef __cplusplus
}
#endif
#endif
