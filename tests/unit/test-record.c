/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/record.h"

#include "core/model/shape.h"
#include "tests/unit/failalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define X16                 "xxxxxxxxxxxxxxxx"
#define X64                 X16 X16 X16 X16
#define X252                X64 X64 X64 X16 X16 X16 "xxxxxxxxxxxx"
#define FIELD_OF_THE_FUTURE 4711

/* clang-format off */
static const struct text_case {
    int field;
    const char *text;
    const char *fault; /* NULL: it is taken */
} texts[] = {
    {FLEET_POD_NAME, "arena-apple", NULL},
    {FLEET_POD_NAME, "J\xc3\xbcrgen's pod #1", NULL},
    {FLEET_POD_NAME, X252 "xxx", NULL},
    {FLEET_POD_NAME, X252 "xxxx", "name: too long"},
    {FLEET_POD_NAME, "a\nb", "name: holds a control character"},
    {FLEET_POD_NAME, "a\x7f" "b", "name: holds a control character"},
    {FLEET_POD_NAME, "a\xc2\x9b" "b", "name: holds a control character"},
    {FLEET_POD_NAME, "a\xc2\xa0" "b", NULL},
    {FLEET_POD_NAME, "\xff", "name: not UTF-8"},
    {FLEET_POD_NAME, "\xc0\xaf", "name: not UTF-8"},
    {FLEET_POD_NAME, "\xed\xa0\x80", "name: not UTF-8"},
    {FLEET_POD_ID, "i-0123", NULL},
    {FLEET_POD_ID, X252 "xxxx", "id: too long"},
    {FLEET_POD_STATE, "running", "state: is a number, not a text"},
    {FLEET_POD_IMAGE, X252 X252, NULL},
    {FLEET_POD_IMAGE, X252 X252 "xxxxxxxxx", "image: too long"},
    {FLEET_POD_GPUS, "8", "gpus: is a number, not a text"},
    {FLEET_POD_CURRENCY, "USD", NULL},
    {FLEET_POD_CURRENCY, "eur", NULL},
    {FLEET_POD_CURRENCY, "US", "currency: not a currency of three letters"},
    {FLEET_POD_CURRENCY, "U$D", "currency: not a currency of three letters"},
    {FLEET_POD_CURRENCY, "USDT", "currency: too long"},
    {FLEET_POD_SSH_HOST, "203.0.113.7", NULL},
    {FLEET_POD_SSH_HOST, "2001:db8::1", NULL},
    {FLEET_POD_SSH_HOST, "pod-1.example.org", NULL},
    {FLEET_POD_SSH_HOST, X252 "x", NULL},
    {FLEET_POD_SSH_HOST, X252 "xx", "ssh host: too long"},
    {FLEET_POD_SSH_HOST, "-v", "ssh host: not a host name or address"},
    {FLEET_POD_SSH_HOST, "a b", "ssh host: not a host name or address"},
    {FLEET_POD_SSH_HOST, "a;b", "ssh host: not a host name or address"},
    {FLEET_POD_SSH_HOST, "a}", "ssh host: not a host name or address"},
    {FLEET_POD_SSH_HOST, "h\xc3\xb6st", "ssh host: not a host name or address"},
    {FLEET_POD_SSH_USER, "root", NULL},
    {FLEET_POD_SSH_USER, "first.last@corp", NULL},
    {FLEET_POD_SSH_USER, "-l", "ssh user: not a user name"},
    {FLEET_POD_SSH_USER, "a\"b", "ssh user: not a user name"},
    {FLEET_POD_CREATED_AT, "2026-11-20T09:00:00Z", NULL},
    {FLEET_POD_CREATED_AT, "2026-11-20T09:00:00.123+02:00", NULL},
    {FLEET_POD_CREATED_AT, "yesterday", "created_at: not a time as in RFC 3339"},
    {FLEET_POD_HOST_KEY, "ssh-ed25519 AAAAC3Nz", NULL},
    {FLEET_POD_HOST_KEY, "ecdsa-sha2-nistp256 AA+/==", NULL},
    {FLEET_POD_HOST_KEY, "sk-ssh-ed25519@openssh.com AAAA", NULL},
    {FLEET_POD_HOST_KEY, "ssh-ed25519",
     "host_key: not a key of the form \"type base64\""},
    {FLEET_POD_HOST_KEY, "ssh-ed25519 ",
     "host_key: not a key of the form \"type base64\""},
    {FLEET_POD_HOST_KEY, "ssh-ed25519 AAAA comment",
     "host_key: not a key of the form \"type base64\""},
    {FLEET_POD_HOST_KEY, "ssh-ed25519 AAAA====",
     "host_key: not a key of the form \"type base64\""},
    {FLEET_POD_HOST_KEY, "ssh-ed25519 \"AAAA\"",
     "host_key: not a key of the form \"type base64\""},
};

static const struct number_case {
    int field;
    int64_t number;
    const char *fault;
} numbers[] = {
    {FLEET_POD_STATE, FLEET_STATE_FAILED, NULL},
    {FLEET_POD_STATE, FLEET_STATE_FAILED + 1, "state: out of range"},
    {FLEET_POD_STATE, -1, "state: out of range"},
    {FLEET_POD_GPUS, 0, NULL},
    {FLEET_POD_GPUS, 1000000, NULL},
    {FLEET_POD_GPUS, 1000001, "gpus: out of range"},
    {FLEET_POD_GPUS, INT64_MIN, "gpus: out of range"},
    {FLEET_POD_PRICE_MICROS, INT64_C(1000000000000000), NULL},
    {FLEET_POD_PRICE_MICROS, INT64_C(1000000000000001),
     "price_per_hour: out of range"},
    {FLEET_POD_PRICE_MICROS, -1, "price_per_hour: out of range"},
    {FLEET_POD_SSH_PORT, 1, NULL},
    {FLEET_POD_SSH_PORT, 65535, NULL},
    {FLEET_POD_SSH_PORT, 0, "ssh port: out of range"},
    {FLEET_POD_SSH_PORT, 65536, "ssh port: out of range"},
    {FLEET_POD_LOCKED, 1, NULL},
    {FLEET_POD_LOCKED, 2, "locked: out of range"},
    {FLEET_POD_SPOT, -1, "spot: out of range"},
    {FLEET_POD_NAME, 5, "name: is a text, not a number"},
};
/* clang-format on */
#define COUNT(list_) (sizeof(list_) / sizeof((list_)[0]))

static void same_text(const char *got, const char *expected)
{
    if (expected)
        assert_string_equal(got, expected);
    else
        assert_null(got);
}

static void texts_are_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();

        fleet_pod_set(pod, texts[i].field, texts[i].text);
        same_text(fl_pod_fault(pod), texts[i].fault);
        same_text(fleet_pod_get(pod, texts[i].field),
                  texts[i].fault ? NULL : texts[i].text);
        assert_int_equal(fl_pod_is_set(pod, texts[i].field), !texts[i].fault);
    }
}

static void numbers_are_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();

        fleet_pod_set_number(pod, numbers[i].field, numbers[i].number);
        same_text(fl_pod_fault(pod), numbers[i].fault);
        assert_int_equal(fleet_pod_get_number(pod, numbers[i].field, -99),
                         numbers[i].fault ? -99 : numbers[i].number);
    }
}

static void null_and_nothing_unset(void **state)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();

    (void)state;
    fleet_pod_set(pod, FLEET_POD_NAME, "a");
    fleet_pod_set(pod, FLEET_POD_NAME, NULL);
    assert_null(fleet_pod_get(pod, FLEET_POD_NAME));
    fleet_pod_set(pod, FLEET_POD_NAME, "a");
    fleet_pod_set(pod, FLEET_POD_NAME, "");
    assert_null(fleet_pod_get(pod, FLEET_POD_NAME));
    fleet_pod_set_number(pod, FLEET_POD_GPUS, 3);
    fleet_pod_set(pod, FLEET_POD_GPUS, NULL);
    assert_false(fl_pod_is_set(pod, FLEET_POD_GPUS));
    assert_null(fl_pod_fault(pod));
}

static void a_pod_may_be_set_from_itself(void **state)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();

    (void)state;
    fleet_pod_set(pod, FLEET_POD_NAME, "apple");
    fleet_pod_set(pod, FLEET_POD_NAME, fleet_pod_get(pod, FLEET_POD_NAME));
    assert_string_equal(fleet_pod_get(pod, FLEET_POD_NAME), "apple");
}

static void the_first_fault_stays(void **state)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();

    (void)state;
    fleet_pod_set(pod, FLEET_POD_SSH_HOST, "good");
    fleet_pod_set(pod, FLEET_POD_SSH_HOST, "not good");
    assert_null(fleet_pod_get(pod, FLEET_POD_SSH_HOST));
    fleet_pod_set(pod, FLEET_POD_GPU, "\xff");
    fleet_pod_set(pod, FLEET_POD_SSH_HOST, "good");
    assert_string_equal(fleet_pod_get(pod, FLEET_POD_SSH_HOST), "good");
    assert_string_equal(fl_pod_fault(pod),
                        "ssh host: not a host name or address");
}

static void newer_fields_are_no_fault(void **state)
{
    const int fields[] = {
        -1,        0,        fl_pod_shape.count + 1, FIELD_OF_THE_FUTURE,
        INT32_MIN, INT32_MAX};
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();

    (void)state;
    for (size_t i = 0; i < COUNT(fields); i++) {
        fleet_pod_set(pod, fields[i], "x");
        fleet_pod_set(pod, fields[i], NULL);
        fleet_pod_set_number(pod, fields[i], 1);
        assert_null(fleet_pod_get(pod, fields[i]));
        assert_int_equal(fleet_pod_get_number(pod, fields[i], 7), 7);
        assert_false(fl_pod_is_set(pod, fields[i]));
    }
    assert_null(fl_pod_fault(pod));
}

static void no_record_is_no_crash(void **state)
{
    (void)state;
    fleet_pod_set(NULL, FLEET_POD_NAME, "x");
    fleet_pod_set_number(NULL, FLEET_POD_GPUS, 1);
    assert_null(fleet_pod_get(NULL, FLEET_POD_NAME));
    assert_int_equal(fleet_pod_get_number(NULL, FLEET_POD_GPUS, 7), 7);
    fl_pod_free(NULL);
    assert_null(fl_pod_copy(NULL));
}

static void wrong_getters_get_nothing(void **state)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();

    (void)state;
    fleet_pod_set(pod, FLEET_POD_NAME, "apple");
    fleet_pod_set_number(pod, FLEET_POD_GPUS, 4);
    assert_int_equal(fleet_pod_get_number(pod, FLEET_POD_NAME, 7), 7);
    assert_null(fleet_pod_get(pod, FLEET_POD_GPUS));
}

static void merge_takes_what_is_set(void **state)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
    FL_AUTO(fl_pod_free) struct fleet_pod *from = fl_pod_new();

    (void)state;
    fleet_pod_set(pod, FLEET_POD_NAME, "apple");
    fleet_pod_set(pod, FLEET_POD_GPU, "old");
    fleet_pod_set_number(pod, FLEET_POD_GPUS, 1);
    fleet_pod_set(from, FLEET_POD_GPU, "new");
    fleet_pod_set_number(from, FLEET_POD_GPUS, 8);
    fleet_pod_set_number(from, FLEET_POD_STATE, FLEET_STATE_RUNNING);
    fl_pod_merge(pod, from);
    assert_string_equal(fleet_pod_get(pod, FLEET_POD_NAME), "apple");
    assert_string_equal(fleet_pod_get(pod, FLEET_POD_GPU), "new");
    assert_int_equal(fleet_pod_get_number(pod, FLEET_POD_GPUS, 0), 8);
    assert_int_equal(fl_pod_state(pod), FLEET_STATE_RUNNING);
    assert_string_equal(fleet_pod_get(from, FLEET_POD_GPU), "new");
}

static void copies_are_whole(void **state)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new(), *copy = NULL;

    (void)state;
    assert_int_equal(fl_pod_state(pod), FLEET_STATE_UNKNOWN);
    fleet_pod_set(pod, FLEET_POD_NAME, "apple");
    fleet_pod_set_number(pod, FLEET_POD_LOCKED, 1);
    fleet_pod_set(pod, FLEET_POD_GPU, "\xff");
    copy = fl_pod_copy(pod);
    assert_string_equal(fleet_pod_get(copy, FLEET_POD_NAME), "apple");
    assert_int_equal(fleet_pod_get_number(copy, FLEET_POD_LOCKED, 0), 1);
    assert_false(fl_pod_is_set(copy, FLEET_POD_GPU));
    assert_string_equal(fl_pod_fault(copy), "gpu: not UTF-8");
}

static void specs_and_offers_work_alike(void **state)
{
    FL_AUTO(fl_spec_free) struct fleet_spec *spec = fl_spec_new();
    FL_AUTO(fl_offer_free) struct fleet_offer *offer = fl_offer_new();
    FL_AUTO(fl_spec_free) struct fleet_spec *spec2 = NULL;
    FL_AUTO(fl_offer_free) struct fleet_offer *offer2 = NULL;
    char key[4000];

    (void)state;
    memset(key, 'A', sizeof(key));
    key[sizeof(key) - 1] = '\0';
    fl_spec_set(spec, FLEET_SPEC_PUBLIC_KEY, key);
    fl_spec_set_number(spec, FLEET_SPEC_DISK_GB, 100);
    spec2 = fl_spec_copy(spec);
    assert_string_equal(fleet_spec_get(spec2, FLEET_SPEC_PUBLIC_KEY), key);
    assert_int_equal(fleet_spec_get_number(spec2, FLEET_SPEC_DISK_GB, 0), 100);
    assert_int_equal(fleet_spec_get_number(spec2, FLEET_SPEC_GPUS, 1), 1);
    assert_null(fl_spec_fault(spec2));
    fl_spec_set(spec, FLEET_SPEC_TOKEN, "c-0123456789");
    assert_null(fl_spec_fault(spec));
    fl_spec_set(spec, FLEET_SPEC_TOKEN, "Not a token");
    assert_string_equal(fl_spec_fault(spec), "token: not of [0-9a-z-]");
    fleet_offer_set(offer, FLEET_OFFER_STOCK, "high");
    fleet_offer_set_number(offer, FLEET_OFFER_PRICE_MICROS, 120000);
    offer2 = fl_offer_copy(offer);
    assert_string_equal(fl_offer_get(offer2, FLEET_OFFER_STOCK), "high");
    assert_int_equal(fl_offer_get_number(offer2, FLEET_OFFER_PRICE_MICROS, 0),
                     120000);
    assert_null(fl_offer_fault(offer2));
    fleet_offer_set_number(offer, FLEET_OFFER_SPOT, 2);
    assert_string_equal(fl_offer_fault(offer), "spot: out of range");
}

static void a_sink_has_a_ceiling(void **state)
{
    FL_AUTO(fl_sink_clear) struct fleet_sink sink;

    (void)state;
    fl_sink_init(&sink, false, 100);
    for (int i = 0; i < 100; i++)
        assert_non_null(fleet_sink_pod(&sink));
    assert_int_equal(sink.failed, FLEET_OK);
    assert_null(fleet_sink_pod(&sink));
    assert_int_equal(sink.failed, FLEET_EINVALID);
    assert_int_equal(sink.n, 100);
    fl_sink_clear(&sink);
    assert_int_equal(sink.failed, FLEET_OK);
    assert_non_null(fleet_sink_pod(&sink));
}

static void a_sink_takes_one_kind(void **state)
{
    FL_AUTO(fl_sink_clear) struct fleet_sink pods, offers;

    (void)state;
    fl_sink_init(&pods, false, 10);
    fl_sink_init(&offers, true, 10);
    assert_non_null(fleet_sink_offer(&offers));
    assert_null(fleet_sink_pod(&offers));
    assert_int_equal(offers.failed, FLEET_EINVALID);
    assert_int_equal(offers.n, 1);
    assert_null(fleet_sink_offer(&pods));
    assert_int_equal(pods.failed, FLEET_EINVALID);
    assert_int_equal(pods.n, 0);
    assert_null(fleet_sink_pod(&pods)); /* the failure stays */
}

static void states_have_names(void **state)
{
    (void)state;
    for (int i = FLEET_STATE_UNKNOWN; i <= FLEET_STATE_FAILED; i++)
        assert_int_equal(fleet_state_from_name(fleet_state_name(i)), i);
    assert_string_equal(fleet_state_name(FLEET_STATE_RUNNING), "running");
    assert_string_equal(fleet_state_name(FLEET_STATE_FAILED + 1), "unknown");
    assert_string_equal(fleet_state_name(-1), "unknown");
    assert_int_equal(fleet_state_from_name("Running"), FLEET_STATE_UNKNOWN);
    assert_int_equal(fleet_state_from_name(NULL), FLEET_STATE_UNKNOWN);
}

/* As a plugin fills a listing. */
static void fill_a_sink(void *arg)
{
    FL_AUTO(fl_sink_clear) struct fleet_sink sink;
    FL_AUTO(fl_pod_free) struct fleet_pod *copy = NULL;
    struct fleet_pod *pod = NULL;

    (void)arg;
    fl_sink_init(&sink, false, 100);
    for (int i = 0; i < 20; i++) {
        pod = fleet_sink_pod(&sink);
        fleet_pod_set(pod, FLEET_POD_ID, "id");
        fleet_pod_set(pod, FLEET_POD_SSH_HOST, "not a host");
        if (!pod)
            break;
        assert_non_null(fl_pod_fault(pod));
        if (!fl_pod_is_set(pod, FLEET_POD_ID))
            assert_string_equal(fl_pod_fault(pod), "out of memory");
    }
    assert_true(sink.failed == FLEET_OK || fl_test_alloc_failed());
    assert_int_equal(sink.failed, pod ? FLEET_OK : FLEET_ENOMEM);
    copy = fl_pod_copy(pod);
    assert_true(copy || fl_test_alloc_failed());
    if (copy && !fl_test_alloc_failed())
        assert_string_equal(fl_pod_fault(copy), fl_pod_fault(pod));
}

static void memory_runs_out(void **state)
{
    (void)state;
    fl_test_each_alloc(fill_a_sink, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_checked),
        cmocka_unit_test(numbers_are_checked),
        cmocka_unit_test(null_and_nothing_unset),
        cmocka_unit_test(a_pod_may_be_set_from_itself),
        cmocka_unit_test(the_first_fault_stays),
        cmocka_unit_test(newer_fields_are_no_fault),
        cmocka_unit_test(no_record_is_no_crash),
        cmocka_unit_test(wrong_getters_get_nothing),
        cmocka_unit_test(merge_takes_what_is_set),
        cmocka_unit_test(copies_are_whole),
        cmocka_unit_test(specs_and_offers_work_alike),
        cmocka_unit_test(a_sink_has_a_ceiling),
        cmocka_unit_test(a_sink_takes_one_kind),
        cmocka_unit_test(states_have_names),
        cmocka_unit_test(memory_runs_out),
    };

    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
