/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_BASE_MAP_H
#define FL_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>

/* String to pointer, for joins that must stay linear. Keys are borrowed and
 * must outlive the map; the first value of a key stays. */
struct fl_map {
    struct fl_map_slot {
        const char *key;
        void *value;
    } * slots;
    size_t n, size;
};

/* FLEET_OK, or FLEET_ENOMEM. *was (may be NULL): the key was there before. */
int fl_map_add(struct fl_map *map, const char *key, void *value, bool *was);
void *fl_map_get(const struct fl_map *map, const char *key);
void fl_map_clear(struct fl_map *map);

#endif
