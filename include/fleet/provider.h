/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FLEET_PROVIDER_H
#define FLEET_PROVIDER_H

#include <fleet/check.h>
#include <fleet/host.h>
#include <fleet/log.h>
#include <fleet/plugin.h>
#include <fleet/record.h>

#ifdef __cplusplus
extern "C" {
#endif

/* NULL means "not offered"; open, close and list are needed. Every function but
 * close returns FLEET_OK or a negative enum fleet_code with err filled. Outputs
 * stay untouched on failure. The host retries, paces and serialises. */
struct fleet_provider_ops {
    /* config: the plugin's own struct, filled from its options; it and its
     * strings outlive the handle. Makes no call that changes anything. */
    int (*open)(const void *config, struct fleet_host *host, void **handle,
                struct fleet_error *err);
    void (*close)(void *handle);

    /* Every pod this provider knows of, all or nothing: a page that failed
     * fails the call. */
    int (*list)(void *handle, struct fleet_sink *pods, struct fleet_error *err);
    int (*offers)(void *handle, const struct fleet_spec *want,
                  struct fleet_sink *offers, struct fleet_error *err);

    /* Returns once the provider has accepted; fills at least the pod's id.
     * FLEET_EAMBIGUOUS when it may have been accepted. */
    int (*create)(void *handle, const struct fleet_spec *spec,
                  struct fleet_pod *pod, struct fleet_error *err);
    /* By the token given to create. FLEET_ENOTFOUND: certainly absent. */
    int (*find)(void *handle, const char *token, struct fleet_pod *pod,
                struct fleet_error *err);
    int (*get)(void *handle, const char *id, struct fleet_pod *pod,
               struct fleet_error *err);

    int (*start)(void *handle, const char *id, struct fleet_error *err);
    int (*stop)(void *handle, const char *id, struct fleet_error *err);
    int (*restart)(void *handle, const char *id, struct fleet_error *err);
    /* FLEET_OK: accepted, or already gone. The host waits until it is gone. */
    int (*terminate)(void *handle, const char *id, struct fleet_error *err);
    int (*rename)(void *handle, const char *id, const char *name,
                  struct fleet_error *err);
    int (*lock)(void *handle, const char *id, int32_t locked,
                struct fleet_error *err);
    int (*balance)(void *handle, int64_t *micros, char currency[8],
                   struct fleet_error *err);

    /* For a handle that learns what it can do when it is opened: bits of
     * FLEET_CAN(FLEET_OP_...). NULL: what the pointers above say. */
    uint64_t (*abilities)(void *handle);
    /* Likewise: what its calls do beside, ended by op 0; it lives as long as
     * the handle. NULL: what the plugin says. */
    const struct fleet_effect *(*effects)(void *handle);

    /* Whom the provider is asked as, and what is in the way of using it, for a
     * person who looks before anything is made. Changes nothing. */
    int (*about)(void *handle, struct fleet_report *report,
                 struct fleet_error *err);

    /* From now on TCP gets in on these ports and on no others, whoever asks,
     * by a firewall that belongs to this machine and goes with it. PORTS:
     * numbers and ranges, blanks between, "22 12000-12999". Asked again, with
     * the same ports or others, it puts right what is there. Offered, it makes
     * a provider fit for machines that stand in the open, such as a proxy. */
    int (*expose)(void *handle, const char *id, const char *ports,
                  struct fleet_error *err);

    /* What there is beside pods and may cost money: volumes and addresses that
     * no machine has, whoever left them. FLEET_FAIL: it bills; FLEET_WARN: it
     * was made for pods and costs nothing. Changes nothing. */
    int (*leftovers)(void *handle, struct fleet_report *report,
                     struct fleet_error *err);
};

#ifdef __cplusplus
}
#endif
#endif
