/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* A long wire between two network namespaces, for kernels without netem.
 * longwire NEAR FAR NAMESPACE MS: makes the TUN device NEAR in the namespace it
 * runs in and FAR in the one of that file (/proc/PID/ns/net), prints "ready",
 * and hands on each packet after MS milliseconds, in order, until it is killed;
 * the devices go with it. */
#define PACKET_BYTES 2048
#define PACKETS      16384 /* under way, each direction; then the device waits */

struct packet {
    struct timespec due;
    size_t len;
    unsigned char data[PACKET_BYTES];
};

/* One direction: a thread takes packets in, another lets them out. */
struct lane {
    int from, to;
    long delay_ns;
    sem_t waiting, room;
    struct packet *packets;
};

static void stop(const char *what)
{
    perror(what);
    exit(1);
}

static void wait_for(sem_t *sem)
{
    while (sem_wait(sem) < 0)
        ;
}

static struct timespec after(long ns)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += (at.tv_nsec + ns) / 1000000000;
    at.tv_nsec = (at.tv_nsec + ns) % 1000000000;
    return at;
}

static void *take_in(void *arg)
{
    struct lane *lane = arg;

    for (size_t i = 0;; i++) {
        struct packet *packet = &lane->packets[i % PACKETS];
        ssize_t n;

        wait_for(&lane->room);
        do
            n = read(lane->from, packet->data, PACKET_BYTES);
        while (n <= 0);
        packet->len = (size_t)n;
        packet->due = after(lane->delay_ns);
        sem_post(&lane->waiting);
    }
    return NULL;
}

static void *let_out(void *arg)
{
    struct lane *lane = arg;

    for (size_t i = 0;; i++) {
        struct packet *packet = &lane->packets[i % PACKETS];

        wait_for(&lane->waiting);
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &packet->due,
                               NULL) != 0)
            ;
        if (write(lane->to, packet->data, packet->len) < 0)
            perror("longwire: a packet is lost");
        sem_post(&lane->room);
    }
    return NULL;
}

static int make_device(const char *name)
{
    struct ifreq want = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

    if (fd < 0)
        stop("/dev/net/tun");
    snprintf(want.ifr_name, sizeof(want.ifr_name), "%s", name);
    if (ioctl(fd, TUNSETIFF, &want) < 0)
        stop(name);
    return fd;
}

static int make_device_in(const char *namespace, const char *name)
{
    int fd = open(namespace, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
        stop(namespace);
    close(fd);
    return make_device(name);
}

static void run(void *(*work)(void *), struct lane *lane)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, work, lane) != 0)
        stop("thread");
}

static void open_lane(struct lane *lane, int from, int to, long delay_ns)
{
    *lane = (struct lane){.from = from, .to = to, .delay_ns = delay_ns};
    lane->packets = calloc(PACKETS, sizeof(*lane->packets));
    if (!lane->packets)
        stop("memory");
    sem_init(&lane->waiting, 0, 0);
    sem_init(&lane->room, 0, PACKETS);
    run(take_in, lane);
    run(let_out, lane);
}

int main(int argc, char **argv)
{
    const struct sched_param first = {.sched_priority = 10};
    struct lane lanes[2];
    int near, far;
    long delay_ns;

    if (argc != 5) {
        fprintf(stderr, "usage: longwire NEAR FAR NAMESPACE MS\n");
        return 2;
    }
    delay_ns = (long)(strtod(argv[4], NULL) * 1e6);
    near = make_device(argv[1]);
    far = make_device_in(argv[3], argv[2]);
    /* Or a busy processor would make the wire longer. */
    if (sched_setscheduler(0, SCHED_FIFO, &first) < 0)
        perror("longwire: no real-time priority");
    open_lane(&lanes[0], near, far, delay_ns);
    open_lane(&lanes[1], far, near, delay_ns);
    puts("ready");
    fflush(stdout);
    for (;;)
        pause();
}
