/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef LOCAL_POD_H
#define LOCAL_POD_H

#include <fleet/error.h>
#include <stdbool.h>
#include <stdint.h>

/* A pod is a directory; this is what its file "pod" holds. */
enum wanted {
    WANTED_NEW = 0, /* its sshd has never been up: create is not through */
    WANTED_RUNNING,
    WANTED_STOPPED
};
struct pod {
    char *dir;
    char *name, *token, *created, *host_key, *public_key;
    int64_t port, locked, wanted;
};

#define POD_ID_SIZE 13

/* The id that belongs to a token. */
void pod_id(char id[POD_ID_SIZE], const char *token);
bool pod_id_valid(const char *id);
/* Printable and on one line: fit for the pod file. */
bool pod_text_valid(const char *text);

/* Reads DIR/pod. *pod is untouched on failure. */
int pod_read(const char *dir, struct pod *pod, struct fleet_error *err);
int pod_write(const struct pod *pod, struct fleet_error *err);
void pod_clear(struct pod *pod);

#define AUTO_POD __attribute__((cleanup(pod_clear)))

#endif
