/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/map.h"

#include "tests/unit/failalloc.h"

#include <fleet/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MANY 20000

static void first_value_stays(void **state)
{
    struct fl_map map = {0};
    int one = 1, two = 2;
    bool was = true;

    (void)state;
    assert_null(fl_map_get(&map, "key"));
    assert_int_equal(fl_map_add(&map, "key", &one, &was), FLEET_OK);
    assert_false(was);
    assert_int_equal(fl_map_add(&map, "key", &two, &was), FLEET_OK);
    assert_true(was);
    assert_ptr_equal(fl_map_get(&map, "key"), &one);
    assert_int_equal(map.n, 1);
    assert_int_equal(fl_map_add(&map, "", NULL, NULL), FLEET_OK);
    assert_int_equal(map.n, 2);
    assert_null(fl_map_get(&map, "ke"));
    assert_null(fl_map_get(&map, "keys"));
    fl_map_clear(&map);
    assert_null(fl_map_get(&map, "key"));
}

/* Lengths on both sides of the 8 bytes that the hash takes at a time. */
static void many_keys_of_all_lengths(void **state)
{
    static char keys[MANY][24];
    struct fl_map map = {0};

    (void)state;
    for (int i = 0; i < MANY; i++) {
        snprintf(keys[i], sizeof(keys[i]), "%0*d", 5 + i % 18, i);
        assert_int_equal(fl_map_add(&map, keys[i], keys[i], NULL), FLEET_OK);
    }
    assert_int_equal(map.n, MANY);
    for (int i = 0; i < MANY; i++) {
        char copy[24];

        memcpy(copy, keys[i], sizeof(copy));
        assert_ptr_equal(fl_map_get(&map, copy), keys[i]);
    }
    assert_null(fl_map_get(&map, "nobody"));
    fl_map_clear(&map);
}

static void short_of_memory(void *arg)
{
    static const char *const keys[] = {"a", "b", "c", "d", "e", "f",
                                       "g", "h", "i", "j", "k", "l"};
    struct fl_map map = {0};
    size_t added = 0;

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (fl_map_add(&map, keys[i], arg, NULL) == FLEET_OK)
            added++;
    assert_int_equal(map.n, added);
    assert_true(added >= sizeof(keys) / sizeof(keys[0]) - 1);
    assert_int_equal(fl_test_alloc_failed(), fl_map_get(&map, "a") == NULL ||
                                                 fl_map_get(&map, "i") == NULL);
    fl_map_clear(&map);
}

static void survives_no_memory(void **state)
{
    (void)state;
    fl_test_each_alloc(short_of_memory, &(int){1});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_value_stays),
        cmocka_unit_test(many_keys_of_all_lengths),
        cmocka_unit_test(survives_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
