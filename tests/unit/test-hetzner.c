/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/record.h"
#include "core/net/http.h"
#include "providers/hetzner/choice.h"
#include "providers/hetzner/judge.h"
#include "providers/hetzner/parse.h"
#include "providers/hetzner/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static json_t *json(const char *text)
{
    json_error_t why;
    json_t *value = json_loads(text, JSON_DECODE_ANY, &why);

    if (!value)
        fail_msg("%s: %s", why.text, text);
    return value;
}

/* ---- servers ---- */

#define PRICING                                                                \
    "{\"currency\":\"EUR\",\"vat_rate\":\"19.00\","                            \
    "\"server_backup\":{\"percentage\":\"20.00\"},"                            \
    "\"primary_ips\":[{\"type\":\"ipv6\",\"prices\":[]},"                      \
    "{\"type\":\"ipv4\",\"prices\":[{\"location\":\"nbg1\","                   \
    "\"price_hourly\":{\"net\":\"0.0008000000000000\","                        \
    "\"gross\":\"0.0009520000000000\"}}]}]}"
/* The wrong price is the first of the list. */
#define TYPE                                                                   \
    "\"server_type\":{\"name\":\"cax21\",\"architecture\":\"arm\","            \
    "\"prices\":[{\"location\":\"fsn1\",\"price_hourly\":{\"net\":\"9\","      \
    "\"gross\":\"9\"}},{\"location\":\"nbg1\",\"price_hourly\":"               \
    "{\"net\":\"0.0100000000000000\",\"gross\":\"0.0119000000000000\"}}]}"
#define PLACE "\"location\":{\"name\":\"nbg1\"}"
#define OURS                                                                   \
    "\"labels\":{\"managed-by\":\"fleet\",\"fleet-token\":\"abc1\","           \
    "\"mine\":\"1\"}"
#define V4 "\"ipv4\":{\"id\":7,\"ip\":\"203.0.113.9\",\"blocked\":false}"
#define V6 "\"ipv6\":{\"id\":8,\"ip\":\"2001:db8:1::/64\",\"blocked\":false}"

struct server_case {
    const char *text;
    const char *id, *name, *word, *host, *token, *billing;
    int state;
    int64_t micros; /* -1: not known */
    int port;
};

static const struct server_case servers[] = {
    {"{\"id\":145000001,\"name\":\"arena-apple\",\"status\":\"running\","
     "\"created\":\"2026-07-10T12:41:52+00:00\"," TYPE "," PLACE "," OURS
     ",\"public_net\":{" V4 "," V6 "},\"image\":null,"
     "\"protection\":{\"delete\":true,\"rebuild\":true}}",
     "145000001", "arena-apple", "running", "203.0.113.9", "abc1",
     "server and IPv4", FLEET_STATE_RUNNING, 11900 + 952, 22},
    /* IPv6 only: no price for an IPv4 address, the ::1 of the network. */
    {"{\"id\":2,\"name\":\"b\",\"status\":\"running\"," TYPE "," PLACE
     ",\"labels\":{\"fleet-token\":\"abc1\",\"fleet-ssh-port\":\"2222\","
     "\"fleet-ssh-user\":\"ubuntu\"},"
     "\"public_net\":{\"ipv4\":null," V6 "}}",
     "2", "b", "running", "2001:db8:1::1", NULL, "server", FLEET_STATE_RUNNING,
     11900, 2222},
    /* Ids and numbers as text, no location, so no price. */
    {"{\"id\":\"9007199254740991\",\"name\":\"c\",\"status\":\"off\"," TYPE
     "," OURS ",\"public_net\":{" V4 "}}",
     "9007199254740991", "c", "off", "203.0.113.9", "abc1", "all (powered off)",
     FLEET_STATE_STOPPED, -1, 22},
    /* The abuse department has cut the IPv4 address off. */
    {"{\"id\":3,\"name\":\"d\",\"status\":\"running\"," TYPE "," PLACE
     ",\"public_net\":{\"ipv4\":{\"ip\":\"203.0.113.9\",\"blocked\":true}," V6
     "}}",
     "3", "d", "running, IPv4 blocked by the abuse department", "2001:db8:1::1",
     NULL, "server and IPv4", FLEET_STATE_RUNNING, 12852, 22},
    /* Backups cost a fifth of the server more. */
    {"{\"id\":4,\"name\":\"e\",\"status\":\"stopping\",\"backup_window\":"
     "\"22-02\"," TYPE "," PLACE ",\"public_net\":{" V4 "}}",
     "4", "e", "stopping", "203.0.113.9", NULL, "all (powered off)",
     FLEET_STATE_STOPPING, 14280 + 952, 22},
    /* No address yet, and words that nobody knew of. */
    {"{\"id\":5,\"name\":\"f\",\"status\":\"thinking\",\"public_net\":"
     "{\"ipv4\":null,\"ipv6\":null},\"server_type\":null,\"labels\":null}",
     "5", "f", "thinking", NULL, NULL, "server", FLEET_STATE_UNKNOWN, -1, 0},
    {"{\"id\":6,\"status\":[],\"public_net\":\"x\",\"labels\":[1],"
     "\"location\":7,\"image\":\"\",\"protection\":0,\"name\":null}",
     "6", NULL, "not told", NULL, NULL, "server", FLEET_STATE_UNKNOWN, -1, 0},
    {"{\"id\":7,\"name\":\"g\",\"status\":\"running\",\"public_net\":{\"ipv6\":"
     "{\"ip\":\"not an address\"}}}",
     "7", "g", "running", NULL, NULL, "server", FLEET_STATE_RUNNING, -1, 0},
};

static void same_text(const struct fleet_pod *pod, int field, const char *text)
{
    const char *has = fleet_pod_get(pod, field);

    if (text)
        assert_string_equal(has ? has : "(none)", text);
    else
        assert_null(has);
}

static void check_server(const struct server_case *c)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
    json_t *pricing = json(PRICING), *server = json(c->text);
    struct tariff tariff = {.pricing = pricing};
    struct fleet_error err = {0};

    assert_int_equal(parse_server(server, &tariff, pod, &err), FLEET_OK);
    assert_null(fl_pod_fault(pod));
    same_text(pod, FLEET_POD_ID, c->id);
    same_text(pod, FLEET_POD_NAME, c->name);
    same_text(pod, FLEET_POD_PROVIDER_STATE, c->word);
    same_text(pod, FLEET_POD_SSH_HOST, c->host);
    same_text(pod, FLEET_POD_TOKEN, c->token);
    same_text(pod, FLEET_POD_BILLING, c->billing);
    same_text(pod, FLEET_POD_CURRENCY, c->micros < 0 ? NULL : "EUR");
    assert_int_equal(fl_pod_state(pod), c->state);
    assert_int_equal(fleet_pod_get_number(pod, FLEET_POD_PRICE_MICROS, -1),
                     c->micros);
    assert_int_equal(fleet_pod_get_number(pod, FLEET_POD_SSH_PORT, 0), c->port);
    same_text(pod, FLEET_POD_SSH_USER,
              !c->port ? NULL : (c->port == 22 ? "root" : "ubuntu"));
    json_decref(server);
    json_decref(pricing);
}

static void servers_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++)
        check_server(&servers[i]);
}

static void a_locked_one_says_so(void **state)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
    json_t *server = json(servers[0].text);
    struct tariff none = {0};

    (void)state;
    assert_int_equal(parse_server(server, &none, pod, NULL), FLEET_OK);
    assert_int_equal(fleet_pod_get_number(pod, FLEET_POD_LOCKED, 0), 1);
    assert_int_equal(fleet_pod_get_number(pod, FLEET_POD_GPUS, -1), 0);
    same_text(pod, FLEET_POD_REGION, "nbg1");
    same_text(pod, FLEET_POD_TIER, "cax21");
    same_text(pod, FLEET_POD_CREATED_AT, "2026-07-10T12:41:52+00:00");
    json_decref(server);
}

static void servers_without_an_id_are_an_error(void **state)
{
    static const char *const bad[] = {
        "{}",
        "[]",
        "null",
        "\"x\"",
        "{\"id\":null}",
        "{\"id\":0}",
        "{\"id\":-4}",
        "{\"id\":\"7x\"}",
        "{\"id\":{}}",
        "{\"id\":\"\"}",
    };
    struct tariff none = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
        json_t *server = json(bad[i]);
        struct fleet_error err = {0};

        assert_int_equal(parse_server(server, &none, pod, &err),
                         FLEET_EINTERNAL);
        json_decref(server);
    }
}

static void states_have_their_meaning(void **state)
{
    static const struct {
        const char *status;
        int means;
    } cases[] = {
        {"initializing", FLEET_STATE_PENDING},
        {"starting", FLEET_STATE_PENDING},
        {"rebuilding", FLEET_STATE_PENDING},
        {"migrating", FLEET_STATE_PENDING},
        {"running", FLEET_STATE_RUNNING},
        {"stopping", FLEET_STATE_STOPPING},
        {"off", FLEET_STATE_STOPPED},
        {"deleting", FLEET_STATE_TERMINATING},
        {"unknown", FLEET_STATE_UNKNOWN},
        {"", FLEET_STATE_UNKNOWN},
        {NULL, FLEET_STATE_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(parse_state(cases[i].status), cases[i].means);
}

static void only_the_label_makes_it_ours(void **state)
{
    static const struct {
        const char *text;
        bool ours;
    } cases[] = {
        {"{\"labels\":{\"managed-by\":\"fleet\"}}", true},
        {"{\"labels\":{\"managed-by\":\"Fleet\"}}", false},
        {"{\"labels\":{\"managed-by\":\"terraform\"}}", false},
        {"{\"labels\":{\"managed-by\":1}}", false},
        {"{\"labels\":{}}", false},
        {"{\"labels\":null}", false},
        {"{\"name\":\"arena-apple\"}", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *server = json(cases[i].text);

        assert_int_equal(parse_is_ours(server), cases[i].ours);
        json_decref(server);
    }
}

static void pages_follow_each_other(void **state)
{
    static const struct {
        const char *text;
        int64_t page;
        size_t n;
        int rc;
        int64_t next;
    } cases[] = {
#define META(next_) "{\"meta\":{\"pagination\":{\"next_page\":" next_ "}}}"
        {META("2"), 1, 50, FLEET_OK, 2},
        {META("\"3\""), 2, 50, FLEET_OK, 3},
        {META("null"), 4, 50, FLEET_OK, 0},
        {META("2"), 2, 50, FLEET_EINTERNAL, 0}, /* in a circle */
        {META("1"), 2, 50, FLEET_EINTERNAL, 0},
        {META("-1"), 1, 50, FLEET_EINTERNAL, 0},
        {META("{}"), 1, 50, FLEET_EINTERNAL, 0},
        {META("\"x\""), 1, 3, FLEET_EINTERNAL, 0},
        {"{}", 1, 49, FLEET_OK, 0},
        {"{\"meta\":null}", 1, 0, FLEET_OK, 0},
        {"{}", 1, 50, FLEET_EINTERNAL, 0}, /* there may be more */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *answer = json(cases[i].text);
        struct fleet_error err = {0};
        int64_t next = -7;

        assert_int_equal(
            parse_next_page(answer, cases[i].page, cases[i].n, 50, &next, &err),
            cases[i].rc);
        assert_int_equal(next, cases[i].rc ? -7 : cases[i].next);
        json_decref(answer);
    }
}

static void prices_are_gross_or_net(void **state)
{
    json_t *pricing = json(PRICING);
    json_t *type = json("{" TYPE "}");
    const json_t *one = json_object_get(type, "server_type");
    struct tariff gross = {.pricing = pricing};
    struct tariff net = {.pricing = pricing, .net = true};
    struct tariff none = {0};

    (void)state;
    assert_int_equal(parse_type_price(&gross, one, "nbg1"), 11900);
    assert_int_equal(parse_type_price(&net, one, "nbg1"), 10000);
    assert_int_equal(parse_type_price(&net, one, "hel1"), -1);
    assert_int_equal(parse_type_price(&net, NULL, "hel1"), -1);
    assert_int_equal(parse_type_price(&net, one, NULL), -1);
    assert_int_equal(parse_ipv4_price(&gross, "nbg1"), 952);
    assert_int_equal(parse_ipv4_price(&net, "nbg1"), 800);
    assert_int_equal(parse_ipv4_price(&net, "ash"), -1);
    assert_int_equal(parse_ipv4_price(&none, "nbg1"), -1);
    assert_null(parse_currency(&none));
    json_decref(type);
    json_decref(pricing);
}

/* ---- images ---- */

#define IMAGE(id_, name_, flavor_, version_, arch_, more_)                     \
    "{\"id\":" #id_ ",\"type\":\"system\",\"status\":\"available\","           \
    "\"name\":\"" name_ "\",\"os_flavor\":\"" flavor_ "\",\"os_version\":"     \
    "\"" version_ "\",\"architecture\":\"" arch_ "\"," more_                   \
    "\"disk_size\":5}"
static const char images_text[] =
    "[" IMAGE(1, "ubuntu-24.04", "ubuntu", "24.04", "x86", "") "," IMAGE(2, "ubuntu-24.04", "ubuntu", "24.04", "arm", "\"deprecated\":null,") "," IMAGE(
        3, "ubuntu-26.04", "ubuntu", "26.04", "x86",
        "") "," IMAGE(4, "ubuntu-25.04", "ubuntu", "25.04", "arm",
                      "") "," IMAGE(5, "ubuntu-24.10", "ubuntu", "24.10", "arm",
                                    "") "," IMAGE(6, "ubuntu-22.04", "ubuntu",
                                                  "22.04", "arm",
                                                  "") "," IMAGE(7,
                                                                "ubuntu-28.04",
                                                                "ubuntu",
                                                                "28.04", "arm",
                                                                "\"deprecated\""
                                                                ":\"2026-01-"
                                                                "01T00:00:"
                                                                "00Z\",") "," IMAGE(8,
                                                                                    "debian-13",
                                                                                    "debian",
                                                                                    "30.04",
                                                                                    "arm",
                                                                                    "") ","
                                                                                        "{\"id\":9,\"type\":\"snapshot\",\"name\":null,\"status\":\"available\","
                                                                                        "\"os_flavor\":\"ubuntu\",\"os_version\":\"30.04\","
                                                                                        "\"architecture\":\"arm\"},"
                                                                                        "{\"id\":10,\"type\":\"system\",\"status\":\"creating\","
                                                                                        "\"os_flavor\":\"ubuntu\",\"os_version\":\"30.04\",\"name\":\"new\","
                                                                                        "\"architecture\":\"arm\"},7,null]";

static int64_t id_of(const json_t *image)
{
    int64_t id = 0;

    return api_int(image, "id", &id) ? id : 0;
}

static void images_depend_on_the_architecture(void **state)
{
    json_t *images = json(images_text);

    (void)state;
    assert_int_equal(id_of(parse_image(images, "ubuntu-24.04", "x86")), 1);
    assert_int_equal(id_of(parse_image(images, "ubuntu-24.04", "arm")), 2);
    assert_int_equal(id_of(parse_image(images, "ubuntu-26.04", "arm")), 0);
    assert_int_equal(id_of(parse_image(images, "new", "arm")), 0);
    assert_int_equal(id_of(parse_newest_ubuntu(images, "x86")), 3);
    assert_int_equal(id_of(parse_newest_ubuntu(images, "arm")), 2);
    assert_null(parse_newest_ubuntu(images, "riscv"));
    assert_null(parse_newest_ubuntu(NULL, "arm"));
    json_decref(images);
}

static void firewalls_that_keep_ssh_out_are_seen(void **state)
{
#define RULE(direction_, protocol_, more_)                                     \
    "{\"rules\":[{\"direction\":\"" direction_ "\",\"protocol\":\"" protocol_  \
    "\"" more_ "}]}"
    static const struct {
        const char *text;
        bool lets_in;
    } cases[] = {
        {RULE("in", "tcp", ",\"port\":\"22\""), true},
        {RULE("in", "tcp", ",\"port\":\"20-30\""), true},
        {RULE("in", "tcp", ",\"port\":null"), true},
        {RULE("in", "tcp", ",\"port\":\"1024-5000\""), false},
        {RULE("in", "tcp", ",\"port\":\"80\""), false},
        {RULE("in", "tcp", ",\"port\":\"22x\""), false},
        {RULE("out", "tcp", ",\"port\":\"22\""), false},
        {RULE("in", "udp", ",\"port\":\"22\""), false},
        {"{\"rules\":[]}", false},
        {"{}", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *firewall = json(cases[i].text);

        assert_int_equal(parse_lets_ssh_in(firewall), cases[i].lets_in);
        json_decref(firewall);
    }
}

/* ---- choices ---- */

static void choices_are_read(void **state)
{
    static const struct {
        const char *types, *locations, *all;
    } cases[] = {
        {"cax21\ncx33", "nbg1\nhel1",
         "cax21@nbg1 cax21@hel1 cx33@nbg1 cx33@hel1 "},
        {"cax21@fsn1\nCX33", "nbg1", "cax21@fsn1 cx33@nbg1 "},
        {"cax21\ncax21@nbg1\ncax21", "nbg1", "cax21@nbg1 "},
        {"ccx13@ash", "", "ccx13@ash "},
    };
    static const struct {
        const char *types, *locations;
    } bad[] = {
        {"", ""},        {"cax21", ""}, {"cax21@", "nbg1"}, {"@nbg1", "nbg1"},
        {"a b", "nbg1"}, {"a", "n/1"},  {"a@b@c", "nbg1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct choices read = {0};
        char all[512] = "", one[CHOICE_TEXT_MAX];

        assert_int_equal(
            choices_read(cases[i].types, cases[i].locations, &read, NULL),
            FLEET_OK);
        for (size_t k = 0; k < read.n; k++) {
            struct choice again;
            size_t len = strlen(all);

            choice_text(&read.at[k], one);
            assert_true(choice_read(one, &again));
            assert_string_equal(again.type, read.at[k].type);
            assert_string_equal(again.location, read.at[k].location);
            snprintf(all + len, sizeof(all) - len, "%s ", one);
        }
        assert_string_equal(all, cases[i].all);
        choices_clear(&read);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct choices read = {0};

        assert_int_equal(
            choices_read(bad[i].types, bad[i].locations, &read, NULL),
            FLEET_ECONFIG);
        assert_int_equal(read.n, 0);
    }
}

static void offers_that_are_no_choice_are_refused(void **state)
{
    static const char *const bad[] = {"",      "cax21", "cax21@",
                                      "@nbg1", "a@b@c", "a b@c"};
    struct choice choice;

    (void)state;
    assert_false(choice_read(NULL, &choice));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(choice_read(bad[i], &choice));
}

static void places_decide_what_fits(void **state)
{
    json_t *type =
        json("{\"locations\":[{\"name\":\"nbg1\",\"available\":true,"
             "\"deprecation\":null},{\"name\":\"hel1\",\"available\":false},"
             "{\"name\":\"fsn1\",\"available\":true,\"deprecation\":"
             "{\"announced\":\"2026-01-01T00:00:00Z\",\"unavailable_after\":"
             "\"2026-11-25T00:00:00Z\"}},{\"name\":\"ash\",\"deprecation\":"
             "{\"unavailable_after\":\"2027-01-01T00:00:00+00:00\"}}],"
             "\"prices\":[{\"location\":\"hil\"}]}");
    json_t *bare = json("{\"deprecation\":{}}");
    const char *now = "2026-11-25T10:00:00Z";

    (void)state;
    assert_int_equal(choice_fits(type, "nbg1", now), CHOICE_FITS);
    assert_int_equal(choice_fits(type, "hel1", now), CHOICE_SCARCE);
    assert_int_equal(choice_fits(type, "fsn1", now), CHOICE_EXPIRED);
    assert_int_equal(choice_fits(type, "ash", now), CHOICE_FITS);
    /* A price is no promise. */
    assert_int_equal(choice_fits(type, "hil", now), CHOICE_ABSENT);
    assert_int_equal(choice_fits(bare, "hil", now), CHOICE_FITS);
    json_decref(bare);
    json_decref(type);
}

/* ---- requests ---- */

#define FINGERPRINT "0f:a2:0a:d7:38:3e:65:45:08:6b:63:84:1c:ff:dc:ba"
static const char ed25519[] =
    "ssh-ed25519 "
    "AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f "
    "arena";

static void keys_have_their_fingerprint(void **state)
{
    static const char *const bad[] = {"", "ssh-ed25519", "ssh-ed25519 ",
                                      "ssh-ed25519 AAA", "ssh-ed25519 ****"};
    char out[REQUEST_FINGERPRINT] = "same";

    (void)state;
    assert_int_equal(request_fingerprint(ed25519, out, NULL), FLEET_OK);
    assert_string_equal(out, FINGERPRINT);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(request_fingerprint(bad[i], out, NULL),
                         FLEET_EINVALID);
    assert_int_equal(request_fingerprint(NULL, out, NULL), FLEET_EINVALID);
    assert_string_equal(out, FINGERPRINT);
}

static void names_are_host_names(void **state)
{
    static const char *const good[] = {"arena-apple", "A.b-3", "x"};
    static const char *const bad[] = {
        "",
        "arena_apple",
        "-a",
        "a-",
        ".a",
        "a b",
        "a/b",
        "a23456789012345678901234567890123456789012345678901234567890123x"};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(request_check_name(good[i], NULL), FLEET_OK);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(request_check_name(bad[i], NULL), FLEET_EINVALID);
    assert_int_equal(request_check_name(NULL, NULL), FLEET_EINVALID);
    assert_int_equal(request_check_token("0f3c-1", NULL), FLEET_OK);
    assert_int_equal(request_check_token("0f3c-", NULL), FLEET_EINVALID);
    assert_int_equal(request_check_token("a:b", NULL), FLEET_EINVALID);
}

static void same_json(json_t *value, const char *text)
{
    json_t *wanted = json(text);
    char *has = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
    char *want = json_dumps(wanted, JSON_COMPACT | JSON_SORT_KEYS);

    assert_string_equal(has, want);
    free(has);
    free(want);
    json_decref(wanted);
    json_decref(value);
}

static void a_server_is_ordered(void **state)
{
    struct choice choice = {"cax21", "nbg1"};
    json_t *keys = json("[\"fleet-1\",77]");
    struct wish wish = {"arena-apple", "0f3c", NULL, &choice,
                        161547270,     keys,   0,    true};

    (void)state;
#define DATA                                                                   \
    "\"user_data\":\"#cloud-config\\n{\\\"write_files\\\": [{\\\"path\\\": "   \
    "\\\"/etc/environment\\\", \\\"content\\\": "                              \
    "\\\"\\\\nMACHINE_NAME=arena-apple\\\\n\\\", \\\"append\\\": true}]}\\n\""
#define REST                                                                   \
    "\"name\":\"arena-apple\",\"server_type\":\"cax21\",\"location\":"         \
    "\"nbg1\",\"image\":161547270,\"ssh_keys\":[\"fleet-1\",77],\"labels\":"   \
    "{\"managed-by\":\"fleet\",\"fleet-name\":\"arena-apple\","                \
    "\"fleet-token\":\"0f3c\"}," DATA
    same_json(request_server(&wish), "{" REST "}");
    wish.user = "root";
    same_json(request_server(&wish), "{" REST "}");
    wish.user = "$(x)";
    same_json(request_server(&wish), "{" REST "}");
    wish.ipv4 = false;
    wish.firewall = 38;
    same_json(request_server(&wish),
              "{" REST ",\"firewalls\":[{\"firewall\":38}],\"public_net\":"
              "{\"enable_ipv4\":false,\"enable_ipv6\":true}}");
    json_decref(keys);
}

static void a_new_name_keeps_the_labels(void **state)
{
    json_t *labels = json("{\"managed-by\":\"fleet\",\"fleet-token\":\"0f\","
                          "\"fleet-name\":\"old\",\"mine\":\"\"}");

    (void)state;
    same_json(request_rename("new", labels),
              "{\"name\":\"new\",\"labels\":{\"managed-by\":\"fleet\","
              "\"fleet-token\":\"0f\",\"fleet-name\":\"new\",\"mine\":\"\"}}");
    assert_null(request_rename("new", NULL));
    assert_string_equal(api_text(labels, "fleet-name"), "old");
    same_json(request_protection(true), "{\"delete\":true,\"rebuild\":true}");
    same_json(request_protection(false),
              "{\"delete\":false,\"rebuild\":false}");
    json_decref(labels);
}

/* ---- errors ---- */

struct error_case {
    int status;
    const char *body;
    int code;
    const char *says;
};
#define ERROR(code_, message_)                                                 \
    "{\"error\":{\"code\":\"" code_ "\",\"message\":\"" message_               \
    "\",\"details\":{}}}"
static const struct error_case errors[] = {
    {401, ERROR("unauthorized", "the token you have provided is invalid"),
     FLEET_EAUTH, "HCLOUD_TOKEN"},
    {403, ERROR("token_readonly", "token is only for reading"), FLEET_EAUTH,
     "Read & Write"},
    {403, ERROR("forbidden", "no"), FLEET_EAUTH, "may not"},
    {403, ERROR("maintenance", "later"), FLEET_ETRANSIENT, "later"},
    {403,
     "{\"error\":{\"code\":\"resource_limit_exceeded\",\"message\":"
     "\"server limit exceeded\",\"details\":{\"limits\":[{\"name\":"
     "\"server_limit\"}]}}}",
     FLEET_EQUOTA, "server_limit"},
    {403, ERROR("resource_limit_exceeded", "Primary IP limit exceeded"),
     FLEET_EQUOTA, "Primary IP limit"},
    {404, ERROR("not_found", "server not found"), FLEET_ENOTFOUND, "not found"},
    {404, ERROR("not_found", "api route not found"), FLEET_EINTERNAL,
     "HCLOUD_ENDPOINT"},
    {404, "<html>", FLEET_EINTERNAL, "HCLOUD_ENDPOINT"},
    {404, "{}", FLEET_EINTERNAL, "HCLOUD_ENDPOINT"},
    {405, ERROR("method_not_allowed", "no"), FLEET_EINVALID, "no"},
    {400, ERROR("json_error", "no"), FLEET_EINVALID, "no"},
    {409, ERROR("uniqueness_error", "server name is already used"),
     FLEET_ECONFLICT, "already used"},
    {409, ERROR("conflict", "changed"), FLEET_ETRANSIENT, "changed"},
    {410, ERROR("deprecated_api_endpoint", "gone"), FLEET_EUNSUPPORTED,
     "too old"},
    {412, ERROR("resource_unavailable", "error during placement"),
     FLEET_ECAPACITY, "placement"},
    {422, ERROR("placement_error", "no room"), FLEET_ECAPACITY, "no room"},
    {422, ERROR("invalid_input", "unsupported location for server type"),
     FLEET_ECAPACITY, "unsupported location"},
    {400, ERROR("invalid_input", "Unsupported location for server type"),
     FLEET_ECAPACITY, "location"},
    {422,
     "{\"error\":{\"code\":\"invalid_input\",\"message\":\"bad\",\"details\":"
     "{\"fields\":[{\"name\":\"name\",\"messages\":[\"is too long\"]}]}}}",
     FLEET_EINVALID, "name: is too long"},
    {422, ERROR("invalid_input", "image has incompatible architecture"),
     FLEET_EINVALID, "architecture"},
    {422, ERROR("service_error", "no"), FLEET_EINVALID, "no"},
    {422, ERROR("unsupported_error", "no"), FLEET_EUNSUPPORTED, "no"},
    {422, ERROR("primary_ip_assigned", "taken"), FLEET_EINVALID, "taken"},
    {423, ERROR("locked", "server is locked"), FLEET_ECONFLICT, "locked"},
    {423, ERROR("protected", "server is delete protected"), FLEET_ELOCKED,
     "fleet unlock"},
    {429,
     ERROR("rate_limit_exceeded",
           "Limit of '3600' requests per hour for token 'Ab3xSecret' reached."),
     FLEET_ERATELIMITED, "project"},
    {500, ERROR("server_error", "oops"), FLEET_ETRANSIENT, "oops"},
    {502, "<html>502</html>", FLEET_ETRANSIENT, "502"},
    {503, ERROR("unavailable", "down"), FLEET_ETRANSIENT, "down"},
    {504, ERROR("timeout", "slow"), FLEET_ETRANSIENT, "slow"},
    {504, "", FLEET_ETRANSIENT, "504"},
    {401, "", FLEET_EAUTH, "401"},
    {429, "", FLEET_ERATELIMITED, "429"},
    {422, ERROR("brand_new", "nobody knew"), FLEET_EINVALID, "nobody knew"},
    {503, ERROR("brand_new", "nobody knew"), FLEET_ETRANSIENT, "nobody knew"},
    {422,
     "{\"error\":{\"code\":\"invalid_input\",\"message\":null,"
     "\"details\":null}}",
     FLEET_EINVALID, "invalid_input"},
    {422, "{\"error\":\"text\"}", FLEET_EINVALID, "422"},
    {422, "{\"error\":{\"code\":7,\"message\":[]}}", FLEET_EINVALID, "422"},
    {404, "{\"error\":{\"code\":null}}", FLEET_EINTERNAL, "404"},
};

static int judge(const struct error_case *c, struct fleet_error *err)
{
    struct fleet_answer answer = {.status = c->status};
    int rc;

    fl_buf_init(&answer.body, 4096);
    fl_buf_puts(&answer.body, c->body);
    rc = judge_answer(&answer, err);
    fl_buf_clear(&answer.body);
    return rc;
}

static void errors_have_their_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        struct fleet_error err = {0};

        if (judge(&errors[i], &err) != errors[i].code ||
            err.code != errors[i].code || !strstr(err.text, errors[i].says))
            fail_msg("%d %s: %s, '%s'", errors[i].status, errors[i].body,
                     fleet_code_name(err.code), err.text);
        assert_null(strstr(err.text, "Ab3x"));
    }
}

static void some_errors_are_handled(void **state)
{
    static const struct error_case busy = {423, ERROR("locked", "x"), 0, NULL};
    static const struct error_case taken = {409, ERROR("uniqueness_error", "x"),
                                            0, NULL};
    static const struct error_case other = {
        422, ERROR("server_not_stopped", "x"), 0, NULL};
    static const struct error_case much = {
        429, ERROR("rate_limit_exceeded", "x"), 0, NULL};
    static const struct error_case care = {403, ERROR("maintenance", "x"), 0,
                                           NULL};
    static const struct error_case fine = {204, "", 0, NULL};
    struct fleet_error err = {0};

    (void)state;
    judge(&busy, &err);
    assert_true(judge_is_busy(&err) && !judge_is_taken(&err));
    judge(&taken, &err);
    assert_true(!judge_is_busy(&err) && judge_is_taken(&err));
    judge(&other, &err);
    assert_true(!judge_is_busy(&err) && !judge_is_taken(&err));
    judge(&much, &err);
    assert_in_range(err.retry_ms, 1000, 10000);
    judge(&care, &err);
    assert_true(err.retry_ms >= 60000);
    assert_int_equal(judge(&fine, &err), FLEET_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(servers_are_read),
        cmocka_unit_test(a_locked_one_says_so),
        cmocka_unit_test(servers_without_an_id_are_an_error),
        cmocka_unit_test(states_have_their_meaning),
        cmocka_unit_test(only_the_label_makes_it_ours),
        cmocka_unit_test(pages_follow_each_other),
        cmocka_unit_test(prices_are_gross_or_net),
        cmocka_unit_test(images_depend_on_the_architecture),
        cmocka_unit_test(firewalls_that_keep_ssh_out_are_seen),
        cmocka_unit_test(choices_are_read),
        cmocka_unit_test(offers_that_are_no_choice_are_refused),
        cmocka_unit_test(places_decide_what_fits),
        cmocka_unit_test(keys_have_their_fingerprint),
        cmocka_unit_test(names_are_host_names),
        cmocka_unit_test(a_server_is_ordered),
        cmocka_unit_test(a_new_name_keeps_the_labels),
        cmocka_unit_test(errors_have_their_code),
        cmocka_unit_test(some_errors_are_handled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
