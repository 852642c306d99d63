/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/local/store.h"

#include "providers/local/file.h"
#include "providers/local/process.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fleet/log.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

/* Below the ports that the kernel hands out by itself. */
enum { PORT_FIRST = 20000, PORT_COUNT = 10000, PORT_TRIES = 2000 };

int store_open(struct store *store, const char *root, struct fleet_error *err)
{
    store->root = strdup(root);
    store->pods = path_in(root, "pods");
    store->fresh = path_in(root, "new");
    store->trash = path_in(root, "trash");
    store->lock = path_in(root, "lock");
    return store->root && store->pods && store->fresh && store->trash &&
                   store->lock
               ? FLEET_OK
               : fail_memory(err);
}

void store_close(struct store *store)
{
    free(store->root);
    free(store->pods);
    free(store->fresh);
    free(store->trash);
    free(store->lock);
}

void held_release(struct held *held)
{
    free(held->dir);
    if (held->lock >= 0)
        close(held->lock);
    *held = (struct held)HELD_NONE;
}

char *store_dir(const struct store *store, const char *id)
{
    return path_in(store->pods, id);
}

static int hold_with(int (*take)(const char *, int *, struct fleet_error *),
                     const char *dir, struct held *held,
                     struct fleet_error *err)
{
    AUTO_FREE char *path = path_in(dir, "lock");
    AUTO_HELD struct held got = {.dir = strdup(dir), .lock = -1};
    int rc;

    if (!path || !got.dir)
        return fail_memory(err);
    rc = take(path, &got.lock, err);
    if (rc < 0)
        return rc;
    *held = got;
    got = (struct held)HELD_NONE;
    return FLEET_OK;
}

int store_hold(const struct store *store, const char *id, struct held *held,
               struct fleet_error *err)
{
    AUTO_FREE char *dir = store_dir(store, id);
    int rc;

    if (!dir)
        return fail_memory(err);
    if (!pod_id_valid(id))
        return fleet_fail(err, FLEET_ENOTFOUND, "%s: no such pod", id);
    rc = hold_with(lock_take, dir, held, err);
    if (rc == FLEET_ENOTFOUND)
        return fleet_fail(err, FLEET_ENOTFOUND, "%s: no such pod", id);
    return rc;
}

bool store_busy(const char *dir)
{
    AUTO_FREE char *path = path_in(dir, "lock");

    return path && lock_busy(path);
}

static int make_directories(const struct store *store, struct fleet_error *err)
{
    int rc = dir_make(store->root, err);

    if (rc == FLEET_OK)
        rc = dir_make(store->pods, err);
    if (rc == FLEET_OK)
        rc = dir_make(store->fresh, err);
    if (rc == FLEET_OK)
        rc = dir_make(store->trash, err);
    return rc;
}

static uint64_t random_number(void)
{
    uint64_t number = 0;

    while (getrandom(&number, sizeof number, 0) < 0 && errno == EINTR)
        ;
    return number;
}

/* DIR/16 random digits. */
static char *random_path(const char *dir)
{
    char *path = NULL;

    return asprintf(&path, "%s/%016llx", dir,
                    (unsigned long long)random_number()) < 0
               ? NULL
               : path;
}

int store_prepare(const struct store *store, struct held *held,
                  struct fleet_error *err)
{
    AUTO_FREE char *dir = random_path(store->fresh);
    AUTO_CLOSE int lock = -1; /* a sweep would find it without its lock */
    int rc = dir ? make_directories(store, err) : fail_memory(err);

    if (rc == FLEET_OK)
        rc = lock_take(store->lock, &lock, err);
    if (rc == FLEET_OK)
        rc = dir_make(dir, err);
    if (rc < 0)
        return rc;
    rc = hold_with(lock_take, dir, held, err);
    if (rc < 0)
        rmdir(dir);
    return rc;
}

static bool can_bind(int64_t port)
{
    AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int yes = 1;

    return fd >= 0 &&
           setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
           bind(fd, (struct sockaddr *)&at, sizeof at) == 0;
}

static int note_port(const char *id, const char *dir, void *arg,
                     struct fleet_error *err)
{
    AUTO_POD struct pod pod = {0};
    bool *taken = arg;

    (void)id;
    (void)err;
    if (pod_read(dir, &pod, NULL) == FLEET_OK && pod.port >= PORT_FIRST &&
        pod.port < PORT_FIRST + PORT_COUNT)
        taken[pod.port - PORT_FIRST] = true;
    return FLEET_OK;
}

/* The caller holds the store's lock. Stopped pods keep theirs. */
static int choose_port(const struct store *store, int64_t *port,
                       struct fleet_error *err)
{
    AUTO_FREE bool *taken = calloc(PORT_COUNT, sizeof *taken);
    int rc =
        taken ? store_each(store, note_port, taken, err) : fail_memory(err);

    if (rc < 0)
        return rc;
    for (int i = 0; i < PORT_TRIES; i++) {
        int64_t offset = (int64_t)(random_number() % PORT_COUNT);

        if (!taken[offset] && can_bind(PORT_FIRST + offset)) {
            *port = PORT_FIRST + offset;
            return FLEET_OK;
        }
    }
    return fleet_fail(err, FLEET_ECAPACITY,
                      "no free port from %d to %d on this machine", PORT_FIRST,
                      PORT_FIRST + PORT_COUNT - 1);
}

int store_commit(const struct store *store, const char *id, struct held *held,
                 struct pod *pod, struct fleet_error *err)
{
    AUTO_FREE char *dir = store_dir(store, id);
    AUTO_CLOSE int lock = -1;
    int rc = dir ? lock_take(store->lock, &lock, err) : fail_memory(err);

    if (rc == FLEET_OK)
        rc = choose_port(store, &pod->port, err);
    if (rc == FLEET_OK)
        rc = pod_write(pod, err);
    if (rc < 0)
        return rc;
    if (rename(held->dir, dir) < 0)
        return errno == ENOTEMPTY || errno == EEXIST
                   ? fleet_fail(err, FLEET_ECONFLICT, "%s: exists", id)
                   : fail_errno(err, "make", dir);
    free(held->dir);
    free(pod->dir);
    held->dir = strdup(dir);
    pod->dir = dir;
    dir = NULL;
    return held->dir ? FLEET_OK : fail_memory(err);
}

int store_new_port(const struct store *store, struct pod *pod,
                   struct fleet_error *err)
{
    AUTO_CLOSE int lock = -1;
    int rc = lock_take(store->lock, &lock, err);

    if (rc == FLEET_OK)
        rc = choose_port(store, &pod->port, err);
    if (rc == FLEET_OK)
        rc = pod_write(pod, err);
    return rc;
}

static void remove_or_log(const char *path)
{
    struct fleet_error err;

    if (tree_remove(path, &err) < 0)
        fleet_log(FLEET_LOG_WARNING, "local", "%s: remove it by hand",
                  err.text);
}

int store_discard(const struct store *store, struct held *held,
                  struct fleet_error *err)
{
    AUTO_FREE char *path = random_path(store->trash);
    int rc = path ? dir_make(store->trash, err) : fail_memory(err);

    if (rc < 0)
        return rc;
    if (rename(held->dir, path) < 0 && errno != ENOENT)
        return fail_errno(err, "remove", held->dir);
    held_release(held);
    remove_or_log(path);
    return FLEET_OK;
}

/* Calls EACH with every entry of DIR that is no dot file. */
static int each_entry(const char *dir,
                      int (*each)(const char *name, const char *path, void *arg,
                                  struct fleet_error *err),
                      void *arg, struct fleet_error *err)
{
    DIR *open = opendir(dir);
    int rc = FLEET_OK;

    if (!open)
        return errno == ENOENT ? FLEET_OK : fail_errno(err, "read", dir);
    for (struct dirent *at; rc == FLEET_OK && (at = readdir(open));) {
        AUTO_FREE char *path = NULL;

        if (at->d_name[0] == '.')
            continue;
        path = path_in(dir, at->d_name);
        rc = path ? each(at->d_name, path, arg, err) : fail_memory(err);
    }
    closedir(open);
    return rc;
}

struct each_pod {
    int (*each)(const char *id, const char *dir, void *arg,
                struct fleet_error *err);
    void *arg;
};

static int only_pods(const char *name, const char *path, void *arg,
                     struct fleet_error *err)
{
    const struct each_pod *to = arg;

    if (pod_id_valid(name))
        return to->each(name, path, to->arg, err);
    fleet_log(FLEET_LOG_WARNING, "local", "%s is not a pod: skipped", path);
    return FLEET_OK;
}

int store_each(const struct store *store,
               int (*each)(const char *id, const char *dir, void *arg,
                           struct fleet_error *err),
               void *arg, struct fleet_error *err)
{
    struct each_pod to = {each, arg};

    return each_entry(store->pods, only_pods, &to, err);
}

static void move_to_trash(const struct store *store, const char *path)
{
    AUTO_FREE char *trash = random_path(store->trash);

    if (!trash || rename(path, trash) < 0)
        fleet_log(FLEET_LOG_WARNING, "local", "%s: cannot be removed: %s", path,
                  strerror(errno));
}

/* Prepared by somebody who is no more. */
static int sweep_fresh(const char *name, const char *path, void *arg,
                       struct fleet_error *err)
{
    AUTO_HELD struct held held = HELD_NONE;

    (void)name;
    (void)err;
    if (hold_with(lock_try, path, &held, NULL) == FLEET_OK)
        move_to_trash(arg, path);
    return FLEET_OK;
}

/* A create that died before its last step: its sshd is up, or never was. */
static int sweep_new(const char *id, const char *dir, void *arg,
                     struct fleet_error *err)
{
    AUTO_POD struct pod pod = {0}, now = {0};
    AUTO_HELD struct held held = HELD_NONE;

    (void)id;
    (void)err;
    if (pod_read(dir, &pod, NULL) < 0 || pod.wanted != WANTED_NEW ||
        hold_with(lock_try, dir, &held, NULL) < 0 ||
        pod_read(dir, &now, NULL) < 0 || now.wanted != WANTED_NEW)
        return FLEET_OK;
    now.wanted = WANTED_RUNNING;
    if (process_serves(dir))
        pod_write(&now, NULL);
    else if (!process_started(dir))
        move_to_trash(arg, dir);
    return FLEET_OK;
}

static int sweep_trash(const char *name, const char *path, void *arg,
                       struct fleet_error *err)
{
    (void)name;
    (void)arg;
    (void)err;
    remove_or_log(path);
    return FLEET_OK;
}

void store_sweep(struct store *store)
{
    int lock = -1;

    if (lock_take(store->lock, &lock, NULL) < 0)
        return;
    each_entry(store->fresh, sweep_fresh, store, NULL);
    store_each(store, sweep_new, store, NULL);
    close(lock);
    each_entry(store->trash, sweep_trash, store, NULL);
}
