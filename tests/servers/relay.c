/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A wire that breaks: relay ADDRESS PORT PORT-FILE BYTES TIMES listens on a
 * port of 127.0.0.1, which it writes to the file, and hands on what comes to
 * ADDRESS PORT and back. The first TIMES connections are cut in both
 * directions once BYTES have gone through in one of them. */
static struct sockaddr_in target;
static long most, times;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct wire {
    int client, server;
    long left; /* -1: it holds */
};

static int write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

        if (n <= 0)
            return -1;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

/* One read and what comes of it; below 0 at the end. */
static int pass(struct wire *wire, int from, int to, long *left)
{
    char data[65536];
    size_t most_now = sizeof(data);
    ssize_t n;

    if (wire->left >= 0 && (long)most_now > *left)
        most_now = (size_t)*left;
    if (most_now == 0)
        return -1;
    n = recv(from, data, most_now, 0);
    if (n <= 0 || write_all(to, data, (size_t)n) < 0)
        return -1;
    *left -= n;
    return wire->left >= 0 && *left == 0 ? -1 : 0;
}

static void *serve(void *arg)
{
    struct wire *wire = arg;
    long up = wire->left, down = wire->left;
    struct pollfd at[2] = {{.fd = wire->client, .events = POLLIN},
                           {.fd = wire->server, .events = POLLIN}};
    int rc = connect(wire->server, (struct sockaddr *)&target, sizeof(target));

    while (rc == 0 && poll(at, 2, -1) > 0) {
        if (at[0].revents)
            rc = pass(wire, wire->client, wire->server, &up);
        if (rc == 0 && at[1].revents)
            rc = pass(wire, wire->server, wire->client, &down);
    }
    close(wire->client);
    close(wire->server);
    free(wire);
    return NULL;
}

static void begin(int client)
{
    struct wire *wire = calloc(1, sizeof(*wire));
    pthread_t thread;

    if (!wire)
        exit(1);
    pthread_mutex_lock(&lock);
    wire->left = times > 0 ? most : -1;
    times -= times > 0;
    pthread_mutex_unlock(&lock);
    wire->client = client;
    wire->server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (pthread_create(&thread, NULL, serve, wire))
        exit(1);
    pthread_detach(thread);
}

static int tell_port(int fd, const char *path)
{
    struct sockaddr_in at;
    socklen_t size = sizeof(at);
    FILE *file = fopen(path, "we");

    if (!file || getsockname(fd, (struct sockaddr *)&at, &size) < 0)
        return -1;
    fprintf(file, "%d\n", ntohs(at.sin_port));
    return fclose(file);
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (argc != 6)
        return 2;
    target.sin_family = AF_INET;
    target.sin_port = htons((uint16_t)strtol(argv[2], NULL, 10));
    most = strtol(argv[4], NULL, 10);
    times = strtol(argv[5], NULL, 10);
    if (inet_pton(AF_INET, argv[1], &target.sin_addr) != 1 ||
        bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
        listen(fd, 64) < 0 || tell_port(fd, argv[3]) < 0)
        return 1;
    for (;;) {
        int client = accept(fd, NULL, NULL);

        if (client >= 0)
            begin(client);
    }
}
