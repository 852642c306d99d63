/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/servers/sim/inside.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static int64_t clock_of(clockid_t id)
{
    struct timespec now = {0};

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t sim_now_ms(void)
{
    return clock_of(CLOCK_MONOTONIC);
}

int64_t sim_clock_ms(void)
{
    return clock_of(CLOCK_REALTIME);
}

void sim_stamp(char out[SIM_STAMP_SIZE], int64_t clock_ms, bool without_ms)
{
    time_t seconds = (time_t)(clock_ms / 1000);
    struct tm utc = {0};
    char text[24];

    gmtime_r(&seconds, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    if (without_ms)
        snprintf(out, SIM_STAMP_SIZE, "%sZ", text);
    else
        snprintf(out, SIM_STAMP_SIZE, "%s.%03dZ", text, (int)(clock_ms % 1000));
}

uint64_t sim_random(void)
{
    uint64_t number = 0;

    while (getrandom(&number, sizeof number, 0) < 0 && errno == EINTR)
        ;
    return number;
}

void sim_random_word(char *out, size_t len)
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyz";

    for (size_t i = 0; i < len; i++)
        out[i] = letters[sim_random() % (sizeof letters - 1)];
    out[len] = '\0';
}

json_t *sim_price(double price)
{
    if (price == floor(price))
        return json_integer((json_int_t)price);
    return json_real(price);
}

static void *have(void *memory)
{
    if (memory)
        return memory;
    fputs("fleet-sim: out of memory\n", stderr);
    abort();
}

void *sim_alloc(size_t size)
{
    return have(calloc(1, size));
}

char *sim_copy(const char *text)
{
    return have(strdup(text));
}

char *sim_format(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    int len;

    va_start(args, format);
    len = vasprintf(&text, format, args);
    va_end(args);
    return have(len < 0 ? NULL : text);
}

const char *sim_text(const json_t *object, const char *key,
                     const char *fallback)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : fallback;
}

int64_t sim_number(const json_t *object, const char *key, int64_t fallback)
{
    const json_t *value = json_object_get(object, key);

    return json_is_integer(value) ? json_integer_value(value) : fallback;
}

bool sim_flag(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

void sim_put(json_t *object, const char *key, json_t *value_taken)
{
    json_object_set_new(object, key, have(value_taken));
}

const struct sim_options *sim_options(const struct sim *sim)
{
    return &sim->options;
}

const json_t *sim_values(const struct sim *sim)
{
    return sim->values;
}

void *sim_state(const struct sim *sim)
{
    return sim->state;
}

void sim_set_state(struct sim *sim, void *state)
{
    sim->state = state;
}

const char *sim_login(const struct sim *sim)
{
    return sim->server.user ? sim->server.user : "root";
}

void sim_lock(struct sim *sim)
{
    pthread_mutex_lock(&sim->lock);
}

void sim_unlock(struct sim *sim)
{
    pthread_mutex_unlock(&sim->lock);
}

bool sim_stopping(struct sim *sim)
{
    bool stopping;

    sim_lock(sim);
    stopping = sim->stopping;
    sim_unlock(sim);
    return stopping;
}

bool sim_sleep(struct sim *sim, int64_t ms)
{
    enum { STEP_MS = 20 };
    int64_t until = sim_now_ms() + ms;

    for (int64_t left = ms; left > 0; left = until - sim_now_ms()) {
        struct timespec step = {.tv_nsec = 1000000L *
                                           (left < STEP_MS ? left : STEP_MS)};

        if (sim_stopping(sim))
            return false;
        nanosleep(&step, NULL);
    }
    return true;
}
