/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/hashes.h"

#include "core/base/cancel.h"
#include "core/base/clock.h"
#include "core/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#define CHUNK_BYTES ((size_t)64 * 1024)
#define LOOK_MS     200
#define NS_IN_S     INT64_C(1000000000)

enum state { UNKNOWN, BUSY, KNOWN };

struct hash {
    enum state state;
    enum fl_digest_kind kind;
    char text[FL_DIGEST_SIZE];
};
struct fl_hashes {
    const struct fl_copies *copies;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct hash *at; /* under mutex, but for text of one that is busy */
};

int fl_hashes_open(const struct fl_copies *copies, struct fl_hashes **out,
                   struct fleet_error *err)
{
    struct fl_hashes *made = calloc(1, sizeof(*made));

    if (made)
        made->at = calloc(copies->n + 1, sizeof(*made->at));
    if (!made || !made->at) {
        free(made);
        return fl_enomem(err);
    }
    made->copies = copies;
    pthread_mutex_init(&made->mutex, NULL);
    pthread_cond_init(&made->changed, NULL);
    *out = made;
    return FLEET_OK;
}

void fl_hashes_close(struct fl_hashes *hashes)
{
    if (!hashes)
        return;
    pthread_mutex_destroy(&hashes->mutex);
    pthread_cond_destroy(&hashes->changed);
    free(hashes->at);
    free(hashes);
}

int fl_hashes_same(const struct fl_copy *copy, int fd, struct fleet_error *err)
{
    struct stat now;

    if (fstat(fd, &now) < 0)
        return fleet_fail(err, FLEET_EINTERNAL, "%.200s: %s", copy->path,
                          strerror(errno));
    if (S_ISREG(now.st_mode) && now.st_size == copy->size &&
        now.st_mtim.tv_sec * NS_IN_S + now.st_mtim.tv_nsec == copy->mtime_ns)
        return FLEET_OK;
    return fleet_fail(err, FLEET_ECONFLICT,
                      "%.200s: it changes while it is copied", copy->path);
}

int fl_hash_file(int fd, int64_t len, enum fl_digest_kind kind,
                 char out[FL_DIGEST_SIZE], struct fleet_error *err)
{
    FL_AUTO(fl_digest_clear) struct fl_digest sum = {0};
    FL_AUTO_FREE char *chunk = malloc(CHUNK_BYTES);
    int64_t at = 0;
    int rc = chunk ? fl_digest_begin(&sum, kind, err) : fl_enomem(err);

    while (rc == 0 && at < len) {
        size_t most =
            len - at < (int64_t)CHUNK_BYTES ? (size_t)(len - at) : CHUNK_BYTES;
        ssize_t n = pread(fd, chunk, most, at);

        if (fl_cancelled())
            return fleet_fail(err, FLEET_ECANCELLED, "cancelled");
        if (n < 0)
            return fleet_fail(err, FLEET_EINTERNAL, "read: %s",
                              strerror(errno));
        if (n == 0)
            return fleet_fail(err, FLEET_ECONFLICT, "it has become shorter");
        fl_digest_add(&sum, chunk, (size_t)n);
        at += n;
    }
    if (rc == 0)
        fl_digest_end(&sum, out);
    return rc;
}

static int read_one(const struct fl_copy *copy, enum fl_digest_kind kind,
                    char out[FL_DIGEST_SIZE], struct fleet_error *err)
{
    FL_AUTO(close) int fd = open(copy->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int rc;

    if (fd < 0)
        return fleet_fail(err, FLEET_ECONFLICT, "%.200s: %s", copy->path,
                          strerror(errno));
    rc = fl_hashes_same(copy, fd, err);
    if (rc == 0)
        rc = fl_hash_file(fd, copy->size, kind, out, err);
    return rc == 0 ? fl_hashes_same(copy, fd, err) : rc;
}

/* Whether it is ours to find out. */
static bool claim(struct fl_hashes *hashes, struct hash *hash,
                  enum fl_digest_kind kind)
{
    bool ours;

    pthread_mutex_lock(&hashes->mutex);
    while (hash->state == BUSY)
        fl_cond_wait(&hashes->changed, &hashes->mutex, LOOK_MS);
    ours = hash->state != KNOWN || hash->kind != kind;
    if (ours)
        hash->state = BUSY;
    pthread_mutex_unlock(&hashes->mutex);
    return ours;
}

int fl_hashes_get(struct fl_hashes *hashes, size_t i, enum fl_digest_kind kind,
                  char out[FL_DIGEST_SIZE], struct fleet_error *err)
{
    struct hash *hash = &hashes->at[i];
    int rc = FLEET_OK;

    if (claim(hashes, hash, kind)) {
        char text[FL_DIGEST_SIZE] = "";

        rc = read_one(&hashes->copies->at[i], kind, text, err);
        pthread_mutex_lock(&hashes->mutex);
        memcpy(hash->text, text, sizeof(text));
        hash->kind = kind;
        hash->state = rc == 0 ? KNOWN : UNKNOWN;
        pthread_cond_broadcast(&hashes->changed);
        pthread_mutex_unlock(&hashes->mutex);
    }
    if (rc == 0) {
        pthread_mutex_lock(&hashes->mutex);
        memcpy(out, hash->text, FL_DIGEST_SIZE);
        pthread_mutex_unlock(&hashes->mutex);
    }
    return rc;
}
