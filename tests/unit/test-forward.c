/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/forward.h"

#include "tests/unit/failalloc.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */
static const struct {
    const char *text;
    size_t n;
    const char *fault; /* what the error says */
    struct {
        const char *name;
        int64_t port;
        const char *host;
        int64_t ssh_port;
        const char *provider, *id;
    } first;
} files[] = {
    {"", 0, NULL, {0}},
    {"# fleet: kept name=arena-a port=1\n# fleet: cohort arena, 1 pod\n", 0,
     NULL, {0}},
    {"# fleet: pod name=arena-a port=12000 target=203.0.113.7:22 provider=p "
     "id=x\nupstream y {}\n", 1, NULL,
     {"arena-a", 12000, "203.0.113.7", 22, "p", "x"}},
    {"x\n# fleet: pod name=arena-a port=12000 target=[2001:db8::6]:40022 "
     "provider=p id=a%20b%3B%7D%C3%A4%4", 1, NULL,
     {"arena-a", 12000, "2001:db8::6", 40022, "p", "a b;}\303\244%4"}},
    {"# fleet: pod name=arena-a port=12000 target=h:0 provider=p id=x", 0,
     "f:1: not a line that fleet wrote", {0}},
    {"\n# fleet: pod name=arena-a port=12000 provider=p id=x", 0, "f:2:", {0}},
    {"# fleet: pod name=arena-a port=12000 target=:22 provider=p id=x", 0,
     "f:1:", {0}},
    {"# fleet: pod name=arena-a port=70000 target=h:22 provider=p id=x", 0,
     "f:1:", {0}},
};
/* clang-format on */

static void reads_a_deployed_file(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        FL_AUTO(fl_forward_list_clear) struct fl_forward_list list = {0};
        struct fleet_error err = {0};
        int rc = fl_forwards_parse("f", files[i].text, strlen(files[i].text),
                                   &list, &err);

        assert_int_equal(rc, files[i].fault ? FLEET_ECONFIG : FLEET_OK);
        assert_int_equal(list.n, files[i].n);
        if (files[i].fault)
            assert_non_null(strstr(err.text, files[i].fault));
        if (!files[i].n)
            continue;
        assert_string_equal(list.at[0].name, files[i].first.name);
        assert_int_equal(list.at[0].port, files[i].first.port);
        assert_string_equal(list.at[0].host, files[i].first.host);
        assert_int_equal(list.at[0].ssh_port, files[i].first.ssh_port);
        assert_string_equal(list.at[0].provider, files[i].first.provider);
        assert_string_equal(list.at[0].id, files[i].first.id);
    }
}

#define FILE_ONE "# fleet: pod name=c-a port=12000 target=h:1 provider=p id=x\n"
#define FILE_TWO                                                               \
    FILE_ONE "# fleet: pod name=c-b port=12001 target=h:2 provider=q id=y\n"
#define POD(name_, provider_, id_, port_)                                      \
    {                                                                          \
        .name = (name_), .provider = (provider_), .id = (id_), .host = "h",    \
        .ssh_port = (port_)                                                    \
    }
#define POOR(name_, provider_, id_, unlisted_)                                 \
    {                                                                          \
        .name = (name_), .provider = (provider_), .id = (id_),                 \
        .objection = "no address yet", .unlisted = (unlisted_)                 \
    }

/* clang-format off */
static const struct {
    const char *what, *file;
    struct fl_told_pod pods[3];      /* ends at no name */
    struct fl_told_provider said[3]; /* likewise */
    bool prune;
    const char *ended; /* the id of a pod that fleet has ended */
    const char *rows;  /* "MOVE NAME;" each */
} merges[] = {
    {"nothing at all", "", {{0}}, {{0}}, false, NULL, ""},
    {"a first pod", "", {POD("c-a", "p", "x", 1)}, {{"p", true}}, false, NULL,
     "added c-a;"},
    {"one that cannot be reached yet", "", {POOR("c-a", "p", "x", false)},
     {{"p", true}}, false, NULL, ""},
    {"as it was", FILE_ONE, {POD("c-a", "p", "x", 1)}, {{"p", true}}, false,
     NULL, "kept c-a;"},
    {"it has moved", FILE_ONE, {POD("c-a", "p", "x", 7)}, {{"p", true}}, false,
     NULL, "changed c-a;"},
    {"another of that name", FILE_ONE, {POD("c-a", "p", "z", 1)},
     {{"p", true}}, false, NULL, "changed c-a;"},
    {"another at another provider", FILE_ONE,
     {POD("c-a", "q", "x", 1), POD("c-z", "p", "z", 9)},
     {{"p", true}, {"q", true}}, false, NULL, "changed c-a;added c-z;"},
    {"the same, and the old provider is silent", FILE_ONE,
     {POD("c-a", "q", "x", 1)}, {{"p", false}, {"q", true}}, false, NULL,
     "kept-stale c-a;"},
    {"the same, and the old provider lists nothing", FILE_ONE,
     {POD("c-a", "q", "x", 1)}, {{"p", true}, {"q", true}}, false, NULL,
     "kept-stale c-a;"},
    {"gone", FILE_TWO, {POD("c-b", "q", "y", 2), POD("c-c", "p", "v", 3)},
     {{"p", true}, {"q", true}}, false, NULL,
     "removed c-a;kept c-b;added c-c;"},
    {"a listing that failed", FILE_TWO, {POD("c-b", "q", "y", 2)},
     {{"p", false}, {"q", true}}, false, NULL, "kept-stale c-a;kept c-b;"},
    {"all of them failed", FILE_TWO, {{0}}, {{"p", false}, {"q", false}}, false,
     NULL, "kept-stale c-a;kept-stale c-b;"},
    {"failed, and pruning", FILE_ONE, {{0}}, {{"p", false}}, true, "x",
     "kept-stale c-a;"},
    {"an empty listing", FILE_TWO, {{0}}, {{"p", true}, {"q", true}}, false,
     NULL, "kept-stale c-a;kept-stale c-b;"},
    {"empty, for fleet has ended it", FILE_TWO, {{0}},
     {{"p", true}, {"q", true}}, false, "x", "removed c-a;kept-stale c-b;"},
    {"empty, and believed", FILE_TWO, {{0}}, {{"p", true}, {"q", true}}, true,
     NULL, "removed c-a;removed c-b;"},
    {"a provider that nobody asks", FILE_ONE, {POD("c-b", "q", "y", 2)},
     {{"q", true}}, false, NULL, "kept-stale c-a;added c-b;"},
    {"stopped: it has no address", FILE_ONE, {POOR("c-a", "p", "x", false)},
     {{"p", true}}, false, NULL, "kept-stale c-a;"},
    {"remembered only", FILE_ONE, {POOR("c-a", "p", "x", true)},
     {{"p", true}}, false, NULL, "kept-stale c-a;"},
    {"what is remembered is no listing", FILE_TWO,
     {POOR("c-z", "p", "z", true), POD("c-b", "q", "y", 2)},
     {{"p", true}, {"q", true}}, false, NULL, "kept-stale c-a;kept c-b;"},
    {"renamed", FILE_ONE, {POD("c-z", "p", "x", 1)}, {{"p", true}}, false, NULL,
     "removed c-a;added c-z;"},
};
/* clang-format on */

static bool was_ended(void *arg, const char *provider, const char *id)
{
    (void)provider;
    return arg && strcmp(arg, id) == 0;
}

static void describe(const struct fl_forward_rows *rows, char *out, size_t size)
{
    size_t len = 0;

    *out = '\0';
    for (size_t i = 0; i < rows->n; i++)
        len +=
            (size_t)snprintf(out + len, size - len, "%s %s;",
                             fl_move_name(rows->at[i].move), rows->at[i].name);
}

static int run_merge(size_t i, char *out, size_t size, struct fleet_error *err)
{
    FL_AUTO(fl_forward_list_clear) struct fl_forward_list list = {0};
    FL_AUTO(fl_forward_rows_clear) struct fl_forward_rows rows = {0};
    struct fl_told told = {.pods = merges[i].pods,
                           .providers = merges[i].said,
                           .prune = merges[i].prune,
                           .ended = was_ended,
                           .arg = (void *)merges[i].ended};
    int rc;

    while (told.n_pods < 3 && merges[i].pods[told.n_pods].name)
        told.n_pods++;
    while (told.n_providers < 3 && merges[i].said[told.n_providers].name)
        told.n_providers++;
    rc = fl_forwards_parse("f", merges[i].file, strlen(merges[i].file), &list,
                           err);
    if (rc == 0)
        rc = fl_forwards_merge(&list, &told, &rows, err);
    if (rc == 0)
        describe(&rows, out, size);
    return rc;
}

static void merges_what_is_deployed_with_what_is_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(merges) / sizeof(*merges); i++) {
        char found[400];

        assert_int_equal(run_merge(i, found, sizeof(found), NULL), FLEET_OK);
        if (strcmp(found, merges[i].rows) != 0)
            fail_msg("%s: %s", merges[i].what, found);
    }
}

static int64_t port_of(void *arg, const char *name)
{
    (void)arg;
    return strcmp(name, "c-a") == 0 ? 12009 : 12001;
}

static void ports_decide_the_order_and_what_has_changed(void **state)
{
    FL_AUTO(fl_forward_list_clear) struct fl_forward_list list = {0};
    FL_AUTO(fl_forward_rows_clear) struct fl_forward_rows rows = {0};
    const struct fl_told nothing = {0};
    char found[400];

    (void)state;
    assert_int_equal(
        fl_forwards_parse("f", FILE_TWO, strlen(FILE_TWO), &list, NULL),
        FLEET_OK);
    assert_int_equal(fl_forwards_merge(&list, &nothing, &rows, NULL), FLEET_OK);
    assert_false(fl_forwards_differ(&rows));
    fl_forwards_settle(&rows, port_of, NULL);
    describe(&rows, found, sizeof(found));
    assert_string_equal(found, "kept-stale c-b;changed c-a;");
    assert_int_equal(rows.at[1].port, 12009);
    assert_true(fl_forwards_differ(&rows));
}

static void merge_one(void *arg)
{
    char found[400];
    int rc = run_merge(9, found, sizeof(found), NULL);

    (void)arg;
    assert_int_equal(rc, fl_test_alloc_failed() ? FLEET_ENOMEM : FLEET_OK);
}

static void memory_may_run_out(void **state)
{
    (void)state;
    fl_test_each_alloc(merge_one, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_deployed_file),
        cmocka_unit_test(merges_what_is_deployed_with_what_is_said),
        cmocka_unit_test(ports_decide_the_order_and_what_has_changed),
        cmocka_unit_test(memory_may_run_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
