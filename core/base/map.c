/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/map.h"

#include <fleet/error.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Keys come from API answers, so the hash is keyed: nobody outside can choose
 * names that all meet in one slot. SipHash-1-3. */
static uint64_t secret[2];

static void make_secret(void)
{
    if (getrandom(secret, sizeof(secret), GRND_NONBLOCK) !=
        (ssize_t)sizeof(secret))
        secret[0] = (uint64_t)(uintptr_t)&secret; /* early in boot */
}

static uint64_t rotl(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotl(v[1], 13) ^ v[0];
    v[3] = rotl(v[3], 16) ^ v[2];
    v[0] = rotl(v[0], 32) + v[3];
    v[2] += v[1];
    v[3] = rotl(v[3], 21) ^ v[0];
    v[1] = rotl(v[1], 17) ^ v[2];
    v[2] = rotl(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
}

static uint64_t hash(const char *key)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    size_t len = strlen(key);
    uint64_t v[4], word = 0;
    size_t i;

    pthread_once(&once, make_secret);
    v[0] = secret[0] ^ UINT64_C(0x736f6d6570736575);
    v[1] = secret[1] ^ UINT64_C(0x646f72616e646f6d);
    v[2] = secret[0] ^ UINT64_C(0x6c7967656e657261);
    v[3] = secret[1] ^ UINT64_C(0x7465646279746573);
    for (i = 0; i + 8 <= len; i += 8) {
        memcpy(&word, key + i, 8);
        sip_word(v, word);
    }
    word = 0;
    memcpy(&word, key + i, len - i);
    sip_word(v, word ^ (uint64_t)len << 56);
    v[2] ^= 0xff;
    for (i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* The slot that holds KEY, or the empty one where it belongs. */
static struct fl_map_slot *slot(const struct fl_map *map, const char *key)
{
    size_t mask = map->size - 1;
    size_t i = (size_t)hash(key) & mask;

    while (map->slots[i].key && strcmp(map->slots[i].key, key) != 0)
        i = (i + 1) & mask;
    return &map->slots[i];
}

static int grow(struct fl_map *map)
{
    struct fl_map bigger = {.n = map->n,
                            .size = map->size ? map->size * 2 : 16};

    bigger.slots = calloc(bigger.size, sizeof(*bigger.slots));
    if (!bigger.slots)
        return FLEET_ENOMEM;
    for (size_t i = 0; i < map->size; i++)
        if (map->slots[i].key)
            *slot(&bigger, map->slots[i].key) = map->slots[i];
    free(map->slots);
    *map = bigger;
    return FLEET_OK;
}

int fl_map_add(struct fl_map *map, const char *key, void *value, bool *was)
{
    struct fl_map_slot *at;
    bool had;

    if (map->n >= map->size / 2 && grow(map) < 0)
        return FLEET_ENOMEM;
    at = slot(map, key);
    had = at->key != NULL;
    if (!had) {
        *at = (struct fl_map_slot){.key = key, .value = value};
        map->n++;
    }
    if (was)
        *was = had;
    return FLEET_OK;
}

void *fl_map_get(const struct fl_map *map, const char *key)
{
    return map->n ? slot(map, key)->value : NULL;
}

void fl_map_clear(struct fl_map *map)
{
    free(map->slots);
    *map = (struct fl_map){0};
}
