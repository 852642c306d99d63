/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* Somebody who wants in, all the time. knock PORT KEPT THREADS: opens KEPT
 * connections to 127.0.0.1:PORT and keeps them, prints "ready", and opens one
 * after the other in each of THREADS until its standard input ends. Each has to
 * bring the greeting of an SSH server. Prints how many did, how many did not,
 * and how many of those that were kept have been dropped. */
#define MOST_KEPT    1000
#define MOST_THREADS 64
#define PATIENCE_S   10

static struct sockaddr_in door;
static atomic_bool enough;
static atomic_long good, bad;

/* A connection that has been greeted, or -1. */
static int knock(void)
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char greeting[4];

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (connect(fd, (const struct sockaddr *)&door, sizeof(door)) == 0 &&
        recv(fd, greeting, sizeof(greeting), MSG_WAITALL) == 4 &&
        memcmp(greeting, "SSH-", 4) == 0)
        return fd;
    close(fd);
    return -1;
}

static void *knock_on(void *unused)
{
    (void)unused;
    while (!atomic_load(&enough)) {
        int fd = knock();

        atomic_fetch_add(fd < 0 ? &bad : &good, 1);
        if (fd >= 0)
            close(fd);
    }
    return NULL;
}

/* The rest of the greeting may stand there; an end must not. */
static bool is_dropped(int fd)
{
    char rest[4096];
    ssize_t n;

    do
        n = recv(fd, rest, sizeof(rest), MSG_DONTWAIT);
    while (n > 0);
    return n == 0;
}

static long count(const char *text, long most)
{
    long n = strtol(text, NULL, 10);

    return n < 0 ? 0 : n > most ? most : n;
}

int main(int argc, char **argv)
{
    pthread_t threads[MOST_THREADS];
    int kept[MOST_KEPT];
    long n_kept, n_threads, dropped = 0;
    char byte;

    if (argc != 4)
        return 2;
    door.sin_family = AF_INET;
    door.sin_port = htons((uint16_t)count(argv[1], 65535));
    door.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    n_kept = count(argv[2], MOST_KEPT);
    n_threads = count(argv[3], MOST_THREADS);
    for (long i = 0; i < n_kept; i++) {
        kept[i] = knock();
        if (kept[i] < 0) {
            fprintf(stderr, "knock: nobody greets\n");
            return 1;
        }
    }
    puts("ready");
    fflush(stdout);
    for (long i = 0; i < n_threads; i++) {
        if (pthread_create(&threads[i], NULL, knock_on, NULL) != 0)
            return 1;
    }
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    atomic_store(&enough, true);
    for (long i = 0; i < n_threads; i++)
        pthread_join(threads[i], NULL);
    for (long i = 0; i < n_kept; i++)
        dropped += is_dropped(kept[i]);
    printf("%ld %ld %ld\n", atomic_load(&good), atomic_load(&bad), dropped);
    return 0;
}
