/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/clock.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

int64_t fl_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t fl_deadline(int64_t ms)
{
    int64_t now = fl_now_ms();

    if (ms <= 0)
        return now;
    return ms < FL_FOREVER - now ? now + ms : FL_FOREVER;
}

int fl_left_ms(int64_t deadline)
{
    int64_t now = fl_now_ms();

    if (deadline <= now)
        return 0;
    return deadline - now < INT_MAX ? (int)(deadline - now) : INT_MAX;
}

void fl_stamp(char out[FL_STAMP_SIZE], time_t when)
{
    struct tm tm;

    out[0] = '\0';
    if (gmtime_r(&when, &tm))
        strftime(out, FL_STAMP_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* N digits at *AT, which moves behind them; -1 when they are not there. */
static int digits(const char **at, int n)
{
    int value = 0;

    for (; n > 0; n--, (*at)++) {
        if (!isdigit((unsigned char)**at))
            return -1;
        value = value * 10 + (**at - '0');
    }
    return value;
}

/* "-##T" takes a '-', then two digits, then a 'T'; each pair of '#' is stored
 * in the next of OUT. */
static bool take(const char **at, const char *pattern, int *out)
{
    while (*pattern) {
        if (*pattern != '#') {
            if (*(*at)++ != *pattern++)
                return false;
            continue;
        }
        *out = digits(at, 2);
        if (*out++ < 0)
            return false;
        pattern += 2;
    }
    return true;
}

/* 'Z' or "+hh:mm" at the end of the text, as seconds. */
static bool take_zone(const char *at, int *seconds)
{
    int sign = *at == '-' ? -1 : 1;
    int part[2];

    *seconds = 0;
    if (strcmp(at, "Z") == 0)
        return true;
    if (*at != '+' && *at != '-')
        return false;
    at++;
    if (!take(&at, "##:##", part) || *at || part[0] > 23 || part[1] > 59)
        return false;
    *seconds = sign * (part[0] * 3600 + part[1] * 60);
    return true;
}

static bool real_day(const struct tm *tm)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = tm->tm_year + 1900;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    if (tm->tm_mon < 0 || tm->tm_mon > 11 || tm->tm_mday < 1)
        return false;
    return tm->tm_mday <= days[tm->tm_mon] + (tm->tm_mon == 1 && leap);
}

int64_t fl_stamp_parse(const char *text)
{
    int year, part[5], zone;
    struct tm tm;
    int64_t when;

    year = digits(&text, 4);
    if (year < 0 || !take(&text, "-##-##T##:##:##", part))
        return -1;
    if (*text == '.') {
        if (!isdigit((unsigned char)*++text))
            return -1;
        text += strspn(text, "0123456789");
    }
    if (!take_zone(text, &zone))
        return -1;
    tm = (struct tm){.tm_year = year - 1900,
                     .tm_mon = part[0] - 1,
                     .tm_mday = part[1],
                     .tm_hour = part[2],
                     .tm_min = part[3],
                     .tm_sec = part[4]};
    if (!real_day(&tm) || part[2] > 23 || part[3] > 59 || part[4] > 60)
        return -1;
    when = (int64_t)timegm(&tm) - zone;
    return when < 0 ? -1 : when;
}

/* clang-format off */
static const struct unit {
    const char *name;
    int64_t ms;
} units[] = { /* from large to small, as they follow each other in a text */
    {"d", DAY}, {"h", HOUR}, {"m", MINUTE}, {"s", SECOND}, {"ms", 1},
};
/* clang-format on */
#define UNITS (sizeof(units) / sizeof(units[0]))

static bool take_number(const char **at, int64_t *out)
{
    int64_t value = 0;

    if (!isdigit((unsigned char)**at))
        return false;
    for (; isdigit((unsigned char)**at); (*at)++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, **at - '0', &value))
            return false;
    *out = value;
    return true;
}

/* The unit at *AT among those from FIRST on; UNITS when there is none. */
static size_t take_unit(const char **at, size_t first)
{
    size_t len = strspn(*at, "abcdefghijklmnopqrstuvwxyz");
    size_t i = first;

    while (i < UNITS && (strlen(units[i].name) != len ||
                         memcmp(units[i].name, *at, len) != 0))
        i++;
    *at += len;
    return i;
}

int fl_duration_parse(const char *text, int64_t *ms)
{
    int64_t total = 0, number, part;
    size_t next = 0;

    do {
        bool bare, first = next == 0;
        size_t unit;

        if (!take_number(&text, &number))
            return FLEET_EINVALID;
        bare = first && !*text;
        unit = bare ? UNITS - 2 : take_unit(&text, next);
        if (unit >= UNITS ||
            __builtin_mul_overflow(number, units[unit].ms, &part) ||
            __builtin_add_overflow(total, part, &total))
            return FLEET_EINVALID;
        next = unit + 1;
    } while (*text);
    if (total == FL_FOREVER)
        return FLEET_EINVALID;
    *ms = total;
    return FLEET_OK;
}

void fl_duration_text(char out[32], int64_t ms)
{
    int whole, rest;
    size_t i = 0;

    if (ms < 0)
        ms = 0;
    if (ms > INT_MAX * SECOND)
        ms = INT_MAX * SECOND; /* 68 years are for ever */
    while (i < UNITS - 1 && ms < units[i].ms)
        i++;
    whole = (int)(ms / units[i].ms);
    rest = i < UNITS - 2 ? (int)(ms % units[i].ms / units[i + 1].ms) : 0;
    if (rest)
        snprintf(out, 32, "%d %s %d %s", whole, units[i].name, rest,
                 units[i + 1].name);
    else
        snprintf(out, 32, "%d %s", whole, units[i].name);
}

void fl_cond_wait(pthread_cond_t *changed, pthread_mutex_t *mutex, int64_t ms)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    pthread_cond_timedwait(changed, mutex, &until);
}
