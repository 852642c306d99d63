/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/cancel.h"

#include <errno.h>
#include <fleet/error.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

static atomic_int first_signal;
static atomic_int bell = -1; /* eventfd, never read: stays readable */

static void on_signal(int number)
{
    int saved = errno, none = 0;
    uint64_t one = 1;

    if (!atomic_compare_exchange_strong(&first_signal, &none, number))
        _exit(130);
    while (write(atomic_load(&bell), &one, sizeof(one)) < 0 && errno == EINTR)
        ;
    errno = saved;
}

/* A hang-up that our parent chose to ignore (nohup) stays ignored. */
static int listen_for(int number)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    struct sigaction was;

    if (number == SIGHUP && sigaction(number, NULL, &was) == 0 &&
        was.sa_handler == SIG_IGN)
        return 0;
    sigemptyset(&action.sa_mask);
    return sigaction(number, &action, NULL);
}

int fl_cancel_open(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    int fd;

    if (atomic_load(&bell) >= 0)
        return FLEET_OK;
    fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0)
        return FLEET_EINTERNAL;
    atomic_store(&bell, fd);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (listen_for(numbers[i]) < 0)
            return FLEET_EINTERNAL;
    return FLEET_OK;
}

bool fl_cancelled(void)
{
    return atomic_load(&first_signal) != 0;
}

int fl_cancel_fd(void)
{
    return atomic_load(&bell);
}

int fl_cancel_status(void)
{
    int number = atomic_load(&first_signal);

    return number ? 128 + number : 0; /* SIGINT is 2 */
}
