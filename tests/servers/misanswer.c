/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* What else may stand behind a port: a server on the loopback that is no SSH
 * server, or hardly one. misanswer MODE PORT-FILE: writes its port to the file
 * and serves until it is killed. */
static void write_all(int fd, const char *text)
{
    size_t len = strlen(text);

    while (len > 0) {
        ssize_t n = write(fd, text, len);

        if (n <= 0)
            return;
        text += n;
        len -= (size_t)n;
    }
}

static void wait_for_end(int fd)
{
    char drop[512];

    while (read(fd, drop, sizeof(drop)) > 0)
        ;
}

static void web(int fd)
{
    write_all(fd, "HTTP/1.1 400 Bad Request\r\nServer: \033[31mnginx\r\n\r\n");
}

static void silent(int fd)
{
    wait_for_end(fd);
}

static void closing(int fd)
{
    (void)fd;
}

static void greeting(int fd)
{
    write_all(fd, "SSH-2.0-OpenSSH_9.2\r\n");
}

/* One byte of a greeting a second. */
static void tarpit(int fd)
{
    const struct timespec second = {.tv_sec = 1};

    for (const char *at = "SSH-2.0-tarpit"; *at; at++) {
        char byte[2] = {*at, '\0'};

        write_all(fd, byte);
        nanosleep(&second, NULL);
    }
    wait_for_end(fd);
}

static void flood(int fd)
{
    static const char line[] = "all work and no play makes jack a dull boy\n";

    while (send(fd, line, sizeof(line) - 1, MSG_NOSIGNAL) > 0)
        ;
}

static const struct mode {
    const char *name;
    void (*serve)(int fd);
} modes[] = {{"web", web},           {"silent", silent}, {"closing", closing},
             {"greeting", greeting}, {"tarpit", tarpit}, {"flood", flood},
             {"deaf", NULL}};

static const struct mode *mode;

static void *serve(void *arg)
{
    int fd = (int)(intptr_t)arg;

    mode->serve(fd);
    close(fd);
    return NULL;
}

static int listen_anywhere(struct sockaddr_in *address)
{
    socklen_t len = sizeof(*address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *address = (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    if (!mode->serve) { /* on all addresses of the loopback */
        address->sin_addr.s_addr = htonl(INADDR_ANY);
        if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", sizeof("lo")) < 0)
            return -1;
    }
    if (fd < 0 || bind(fd, (struct sockaddr *)address, len) < 0 ||
        listen(fd, mode->serve ? 64 : 0) < 0 ||
        getsockname(fd, (struct sockaddr *)address, &len) < 0)
        return -1;
    return fd;
}

/* As a machine that is off: once its queue is full, the kernel answers nobody.
 */
static int go_deaf(struct sockaddr_in *address)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connect(fd, (struct sockaddr *)address, sizeof(*address));
}

/* Whole at once: somebody waits for the file. */
static int tell_port(const char *path, int port)
{
    char temporary[4096];
    FILE *file;

    snprintf(temporary, sizeof(temporary), "%s.new", path);
    file = fopen(temporary, "we");
    if (!file)
        return -1;
    fprintf(file, "%d\n", port);
    return fclose(file) == 0 ? rename(temporary, path) : -1;
}

int main(int argc, char **argv)
{
    struct sockaddr_in address;
    int fd;

    for (size_t i = 0; argc == 3 && i < sizeof(modes) / sizeof(*modes); i++) {
        if (strcmp(argv[1], modes[i].name) == 0)
            mode = &modes[i];
    }
    if (!mode) {
        fprintf(stderr, "usage: misanswer MODE PORT-FILE\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    fd = listen_anywhere(&address);
    if (fd < 0 || (!mode->serve && go_deaf(&address) < 0) ||
        tell_port(argv[2], ntohs(address.sin_port)) < 0) {
        perror("misanswer");
        return 1;
    }
    while (!mode->serve)
        pause();
    for (;;) {
        int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
        pthread_t thread;

        if (peer < 0 ||
            pthread_create(&thread, NULL, serve, (void *)(intptr_t)peer) != 0)
            return 1;
        pthread_detach(thread);
    }
}
