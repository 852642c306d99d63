/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef PLUGINS_CHECK_H
#define PLUGINS_CHECK_H

#include <fleet/check.h>

#include <stdlib.h>
#include <string.h>

/* What several checks need. */

/* WORD as one word of the shell, whatever stands in it. */
static inline void write_word(struct fleet_writer *script, const char *word,
                              size_t len)
{
    fleet_write(script, "'");
    for (size_t i = 0; i < len; i++) {
        if (word[i] == '\'')
            fleet_write(script, "'\\''");
        else
            fleet_write_n(script, &word[i], 1);
    }
    fleet_write(script, "'");
}

static inline void write_assignment(struct fleet_writer *script,
                                    const char *name, const char *value)
{
    fleet_write(script, name);
    fleet_write(script, "=");
    write_word(script, value ? value : "", value ? strlen(value) : 0);
    fleet_write(script, "\n");
}

/* Does its provider say that it has a GPU? */
static inline int has_gpu(const struct fleet_facts *facts)
{
    const struct fleet_pod *pod = fleet_facts_pod(facts);
    int64_t gpus = fleet_pod_get_number(pod, FLEET_POD_GPUS, -1);

    return gpus > 0 || (gpus < 0 && fleet_pod_get(pod, FLEET_POD_GPU));
}

/* A pod of this computer: it has no more than this computer has. */
static inline int is_here(const struct fleet_facts *facts)
{
    return fleet_fact(facts, "fleet_here") != NULL;
}

/* The numbers of a line of df -P: size, used and free, in its units. They are
 * three in a row with a percentage behind them; names with blanks may stand
 * around them. Some file systems tell "-". */
struct df {
    long long size, used, left;
};

static inline int is_count(const char *word, size_t len, long long *out)
{
    char *end = NULL;

    if (len == 1 && *word == '-') {
        *out = 0;
        return 1;
    }
    if (len == 0 || len > 18 || *word < '0' || *word > '9')
        return 0;
    *out = strtoll(word, &end, 10);
    return end == word + len;
}

static inline int read_df(const char *line, struct df *out)
{
    long long numbers[3] = {0};
    int n = 0;

    while (line && *line) {
        size_t len = strcspn(line, " \t");
        long long number;

        if (n == 3 && len > 0 && (line[len - 1] == '%' || line[0] == '-')) {
            *out = (struct df){numbers[0], numbers[1], numbers[2]};
            return 1;
        }
        if (is_count(line, len, &number)) {
            numbers[0] = n == 3 ? numbers[1] : numbers[0];
            numbers[1] = n == 3 ? numbers[2] : numbers[1];
            n = n == 3 ? 2 : n;
            numbers[n++] = number;
        } else if (len > 0) {
            n = 0;
        }
        line += len;
        line += strspn(line, " \t");
    }
    return 0;
}

#endif
