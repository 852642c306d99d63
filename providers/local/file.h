/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef LOCAL_FILE_H
#define LOCAL_FILE_H

#include <fleet/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

static inline void auto_free(void *at)
{
    free(*(void **)at);
}

static inline void auto_close(int *at)
{
    if (*at >= 0)
        close(*at);
}

#define AUTO_FREE  __attribute__((cleanup(auto_free)))
#define AUTO_CLOSE __attribute__((cleanup(auto_close)))

/* "cannot DOING PATH: why", from errno; the code follows from errno too. */
int fail_errno(struct fleet_error *err, const char *doing, const char *path);
int fail_memory(struct fleet_error *err);

/* FNV-1a, 64 bit. */
uint64_t text_hash(const char *text);
/* DIR/NAME, malloc'd; NULL when out of memory. */
char *path_in(const char *dir, const char *name);
/* Creates it with mode 0700; one that is there is fine. */
int dir_make(const char *path, struct fleet_error *err);
/* Whole file, NUL-terminated, the caller's to free. len may be NULL. A file
 * longer than MAX is an error. */
int file_read(const char *path, size_t max, char **data, size_t *len,
              struct fleet_error *err);
/* PATH has the old or the new text at any time. One writer at a time. */
int file_write(const char *path, const char *text, mode_t mode,
               struct fleet_error *err);
/* Removes a tree without following links or entering mounts. PATH is absolute;
 * a missing one is fine. */
int tree_remove(const char *path, struct fleet_error *err);

/* Locks belong to the descriptor: they end with it, also when we are killed. */
/* The lock file PATH, made when missing. FLEET_ECONFLICT: somebody else has it,
 * err untouched. FLEET_ENOTFOUND: its directory is gone. */
int lock_try(const char *path, int *fd, struct fleet_error *err);
/* Waits for it until the deadline of the call. */
int lock_take(const char *path, int *fd, struct fleet_error *err);
bool lock_busy(const char *path);

#endif
