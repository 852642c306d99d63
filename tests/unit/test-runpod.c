/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/runpod/judge.h"
#include "providers/runpod/parse.h"
#include "providers/runpod/request.h"

#include "core/model/record.h"
#include "core/net/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(list_) (sizeof(list_) / sizeof((list_)[0]))

static json_t *read_json(const char *text)
{
    json_error_t why;
    json_t *json = json_loads(text, 0, &why);

    if (!json)
        fail_msg("%s: %s", why.text, text);
    return json;
}

static const char *or_dash(const char *text)
{
    return text ? text : "-";
}

/* ---- pods ---- */

/* "NAME ID STATE GPU GPUS REGION TIER PRICE HOST PORT USER LOCKED TOKEN AT" */
static void describe(const struct fleet_pod *pod, char *out, size_t size)
{
    snprintf(out, size, "%s %s %s|%s|%lld %s %s %lld %s %lld %s %lld %s %s",
             or_dash(fleet_pod_get(pod, FLEET_POD_NAME)),
             or_dash(fleet_pod_get(pod, FLEET_POD_ID)),
             fleet_state_name(fl_pod_state(pod)),
             or_dash(fleet_pod_get(pod, FLEET_POD_GPU)),
             (long long)fleet_pod_get_number(pod, FLEET_POD_GPUS, -1),
             or_dash(fleet_pod_get(pod, FLEET_POD_REGION)),
             or_dash(fleet_pod_get(pod, FLEET_POD_TIER)),
             (long long)fleet_pod_get_number(pod, FLEET_POD_PRICE_MICROS, -1),
             or_dash(fleet_pod_get(pod, FLEET_POD_SSH_HOST)),
             (long long)fleet_pod_get_number(pod, FLEET_POD_SSH_PORT, -1),
             or_dash(fleet_pod_get(pod, FLEET_POD_SSH_USER)),
             (long long)fleet_pod_get_number(pod, FLEET_POD_LOCKED, -1),
             or_dash(fleet_pod_get(pod, FLEET_POD_TOKEN)),
             or_dash(fleet_pod_get(pod, FLEET_POD_CREATED_AT)));
}

#define HEAD "{\"id\":\"abc123\",\"name\":\"lab-apple\","
#define DIRECT                                                                 \
    "\"ssh\":{\"proxy\":{\"host\":\"ssh.example\",\"port\":22,"                \
    "\"username\":\"abc123-0a1b\"},\"direct\":{\"host\":\"203.0.113.7\","      \
    "\"port\":20022,\"username\":\"root\"}}"
#define PROXY                                                                  \
    "\"ssh\":{\"proxy\":{\"host\":\"ssh.example\",\"port\":22,"                \
    "\"username\":\"abc123-0a1b\"},\"direct\":null}"

static void pods_are_read(void **state)
{
    static const struct {
        const char *json, *expected;
    } rows[] = {
        {HEAD "\"status\":\"RUNNING\",\"cloud\":\"SECURE\","
              "\"dataCenterId\":\"EU-RO-1\",\"cost\":0.25,\"locked\":true,"
              "\"gpu\":{\"id\":\"NVIDIA RTX A4000\",\"count\":2,"
              "\"memory\":18},\"env\":{\"FLEET_TOKEN\":\"t-1\"},"
              "\"createdAt\":\"2026-10-08T09:33:33.607Z\"," DIRECT "}",
         "lab-apple abc123 running|NVIDIA RTX A4000|2 EU-RO-1 SECURE 250000 "
         "203.0.113.7 20022 root 1 t-1 2026-10-08T09:33:33Z"},
        /* running is not reachable: the proxy does not count */
        {HEAD "\"status\":\"RUNNING\",\"dataCenterId\":null,\"cost\":1,"
              "\"runtime\":null," PROXY "}",
         "lab-apple abc123 running|-|-1 - - 1000000 - -1 - 0 - -"},
        /* the mapped port, wherever it stands */
        {HEAD "\"status\":\"RUNNING\",\"runtime\":{\"ports\":["
              "{\"private\":22,\"public\":1,\"type\":\"http\","
              "\"ip\":\"100.65.0.1\"},{\"private\":22,\"public\":null,"
              "\"type\":\"tcp\",\"ip\":null},{\"private\":22,"
              "\"public\":\"23924\",\"type\":\"tcp\",\"ip\":\"198.51.100.9\"}"
              "]}," PROXY "}",
         "lab-apple abc123 running|-|-1 - - -1 198.51.100.9 23924 root 0 - -"},
        /* a stopped pod may still tell its old price and way in */
        {HEAD "\"status\":\"EXITED\",\"cost\":0.72," DIRECT "}",
         "lab-apple abc123 stopped|-|-1 - - 0 - -1 - 0 - -"},
        {HEAD "\"status\":\"PROVISIONING\",\"cost\":0.5,\"ssh\":null}",
         "lab-apple abc123 pending|-|-1 - - 500000 - -1 - 0 - -"},
        {HEAD "\"status\":\"STARTING\"}",
         "lab-apple abc123 pending|-|-1 - - -1 - -1 - 0 - -"},
        {HEAD "\"status\":\"ERROR\",\"cost\":\"0.5\"}",
         "lab-apple abc123 failed|-|-1 - - 500000 - -1 - 0 - -"},
        {HEAD "\"status\":\"TERMINATED\"}",
         "lab-apple abc123 gone|-|-1 - - 0 - -1 - 0 - -"},
        {HEAD "\"status\":\"HIBERNATING\",\"cpu\":{\"id\":\"c\"}}",
         "lab-apple abc123 unknown|-|0 - - -1 - -1 - 0 - -"},
        {"{\"id\":7,\"name\":null,\"status\":[],\"cost\":-1,\"env\":[],"
         "\"gpu\":\"x\",\"ssh\":5,\"mounts\":1,\"createdAt\":\"soon\"}",
         "- - unknown|-|-1 - - -1 - -1 - 0 - -"},
        {"{}", "- - unknown|-|-1 - - -1 - -1 - 0 - -"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        json_t *json = read_json(rows[i].json);
        FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
        char text[512];

        runpod_read_pod(json, pod);
        describe(pod, text, sizeof(text));
        assert_string_equal(text, rows[i].expected);
        json_decref(json);
    }
}

static void billing_is_told(void **state)
{
    static const struct {
        const char *json, *billing;
    } rows[] = {
        {"{\"status\":\"RUNNING\"}", "compute and storage"},
        {"{\"status\":\"ERROR\"}", "compute and storage"},
        {"{\"status\":\"NEW-WORD\"}", "compute and storage"},
        {"{\"status\":\"EXITED\",\"mounts\":{}}", "nothing"},
        {"{\"status\":\"EXITED\",\"mounts\":{\"persistent\":{\"size\":20,"
         "\"path\":\"/workspace\"}}}",
         "volume storage, at twice the rate"},
        {"{\"status\":\"TERMINATED\"}", "nothing"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        json_t *json = read_json(rows[i].json);
        FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();

        runpod_read_pod(json, pod);
        assert_string_equal(fleet_pod_get(pod, FLEET_POD_BILLING),
                            rows[i].billing);
        json_decref(json);
    }
}

static void a_page_is_whole_or_an_error(void **state)
{
    static const struct {
        const char *json;
        int code;
        size_t pods;
        const char *cursor;
    } rows[] = {
        {"{\"pods\":[]}", FLEET_OK, 0, NULL},
        {"{\"pods\":[{\"id\":\"a\"},{\"id\":\"b\"}],\"pagination\":"
         "{\"hasNextPage\":false,\"nextCursor\":null}}",
         FLEET_OK, 2, NULL},
        {"{\"pods\":[{\"id\":\"a\"}],\"pagination\":{\"hasNextPage\":true,"
         "\"nextCursor\":\"c2\"}}",
         FLEET_OK, 1, "c2"},
        {"{\"pods\":[],\"pagination\":{\"hasNextPage\":true,"
         "\"nextCursor\":null}}",
         FLEET_EINTERNAL, 0, NULL},
        {"{\"pods\":{}}", FLEET_EINTERNAL, 0, NULL},
        {"{\"pods\":null}", FLEET_EINTERNAL, 0, NULL},
        {"{\"pods\":[null]}", FLEET_EINTERNAL, 0, NULL},
        {"{\"data\":[]}", FLEET_EINTERNAL, 0, NULL},
        {"{}", FLEET_EINTERNAL, 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        json_t *json = read_json(rows[i].json);
        FL_AUTO(fl_sink_clear) struct fleet_sink sink = {0};
        const char *cursor = NULL;

        fl_sink_init(&sink, false, FL_SINK_MAX);
        assert_int_equal(runpod_read_page(json, NULL, &sink, &cursor, NULL),
                         rows[i].code);
        assert_int_equal(sink.n, rows[i].pods);
        assert_string_equal(or_dash(cursor), or_dash(rows[i].cursor));
        json_decref(json);
    }
}

static void maintenance_is_noted(void **state)
{
    json_t *graphql =
        read_json("{\"data\":{\"myself\":{\"pods\":[{\"id\":\"a\",\"machine\":{"
                  "\"maintenanceStart\":\"2026-12-01T10:00:00Z\","
                  "\"maintenanceEnd\":null,\"maintenanceNote\":\"power\"}},"
                  "{\"id\":\"b\",\"machine\":{\"maintenanceStart\":null}},"
                  "{\"id\":\"c\",\"machine\":null},7]}}}");
    json_t *json = read_json("{\"pods\":[{\"id\":\"a\"},{\"id\":\"b\"}]}");
    json_t *notes = runpod_read_notes(graphql);
    FL_AUTO(fl_sink_clear) struct fleet_sink sink = {0};
    const char *cursor = NULL;

    (void)state;
    assert_int_equal(json_object_size(notes), 1);
    assert_true(runpod_has_pods(json));
    fl_sink_init(&sink, false, FL_SINK_MAX);
    assert_int_equal(runpod_read_page(json, notes, &sink, &cursor, NULL), 0);
    assert_string_equal(fleet_pod_get(sink.pods[0], FLEET_POD_NOTE),
                        "maintenance of its host from 2026-12-01T10:00:00Z to "
                        "(no end is told): power");
    assert_null(fleet_pod_get(sink.pods[1], FLEET_POD_NOTE));
    json_decref(notes);
    json_decref(json);
    json_decref(graphql);
}

static void the_token_is_searched(void **state)
{
    static const char text[] =
        "{\"pods\":[{\"id\":\"a\",\"env\":{\"FLEET_TOKEN\":\"t-1\"}},"
        "{\"id\":\"b\",\"env\":{\"FLEET_TOKEN\":\"t-10\"}},{\"id\":\"c\"}],"
        "\"pagination\":{\"hasNextPage\":true,\"nextCursor\":\"n\"}}";
    json_t *json = read_json(text);
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
    const char *cursor = NULL;
    bool found = false;

    (void)state;
    assert_int_equal(
        runpod_search_page(json, "t-10", pod, &found, &cursor, NULL), 0);
    assert_true(found);
    assert_null(cursor);
    assert_string_equal(fleet_pod_get(pod, FLEET_POD_ID), "b");
    found = false;
    assert_int_equal(runpod_search_page(json, "t", pod, &found, &cursor, NULL),
                     0);
    assert_false(found);
    assert_string_equal(cursor, "n");
    json_decref(json);
}

/* ---- the catalogue ---- */

#define GPU(id_, secure_, community_, most_s_, most_c_, price_s_, price_c_,    \
            stock_)                                                            \
    "{\"id\":\"" id_ "\",\"memory\":16,\"secure\":" secure_                    \
    ",\"community\":" community_ ",\"maxCount\":{\"secure\":" most_s_          \
    ",\"community\":" most_c_ "},\"price\":{\"secure\":" price_s_              \
    ",\"community\":" price_c_ "},\"availability\":\"" stock_ "\"}"

static const char catalogue[] = "{\"gpus\":[" GPU(
    "NVIDIA RTX A4000", "true", "true", "8", "4", "0.25", "0.17",
    "HIGH") "," GPU("NVIDIA A40", "true", "false", "8", "0", "0.35", "0.5",
                    "NONE") "," GPU("NVIDIA H200 NVL", "true", "true", "1", "0",
                                    "3", "0",
                                    "LOW") "," GPU("unknown", "true", "true",
                                                   "8", "8", "0", "0",
                                                   "NONE") "," GPU("NVIDIA X",
                                                                   "true",
                                                                   "true", "8",
                                                                   "8", "0",
                                                                   "0",
                                                                   "MEDIUM") ","
                                                                             "{"
                                                                             "\"id\":null},7]}";

static void offers_are_what_can_be_had(void **state)
{
    static const struct {
        const char *tier;
        int64_t count;
        const char *expected;
    } rows[] = {
        {"SECURE", 1,
         "SECURE/NVIDIA RTX A4000 1 250000 high;SECURE/NVIDIA A40 1 350000 "
         "none;SECURE/NVIDIA H200 NVL 1 3000000 low;SECURE/NVIDIA X 1 -1 "
         "medium;"},
        {"SECURE", 2,
         "SECURE/NVIDIA RTX A4000 2 500000 high;SECURE/NVIDIA A40 2 700000 "
         "none;SECURE/NVIDIA X 2 -1 medium;"},
        {"COMMUNITY", 1,
         "COMMUNITY/NVIDIA RTX A4000 1 170000 high;COMMUNITY/NVIDIA X 1 -1 "
         "medium;"},
    };
    json_t *json = read_json(catalogue);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        FL_AUTO(fl_sink_clear) struct fleet_sink sink = {0};
        char text[1024] = "";

        fl_sink_init(&sink, true, 100);
        assert_int_equal(runpod_read_catalogue(json, rows[i].tier,
                                               rows[i].count, &sink, NULL),
                         FLEET_OK);
        for (size_t k = 0; k < sink.n; k++) {
            const struct fleet_offer *offer = sink.offers[k];
            size_t len = strlen(text);

            assert_null(fl_offer_fault(offer));
            snprintf(
                text + len, sizeof(text) - len, "%s %lld %lld %s;",
                fl_offer_get(offer, FLEET_OFFER_ID),
                (long long)fl_offer_get_number(offer, FLEET_OFFER_GPUS, -1),
                (long long)fl_offer_get_number(offer, FLEET_OFFER_PRICE_MICROS,
                                               -1),
                or_dash(fl_offer_get(offer, FLEET_OFFER_STOCK)));
        }
        assert_string_equal(text, rows[i].expected);
    }
    json_decref(json);
}

/* ---- errors ---- */

static void answers_are_judged(void **state)
{
    static const struct {
        int status;
        const char *body;
        int code;
        const char *says;
    } rows[] = {
        {200, "{}", FLEET_OK, ""},
        {204, "", FLEET_OK, ""},
        {400,
         "{\"title\":\"Bad Request\",\"status\":400,\"detail\":\"There are no "
         "longer any instances available with the requested "
         "specifications.\"}",
         FLEET_ECAPACITY, "no longer any instances"},
        {400, "{\"detail\":\"There are no instances currently available\"}",
         FLEET_ECAPACITY, "no instances"},
        {400,
         "{\"detail\":\"There are not enough free GPUs on the host machine to "
         "start this pod.\"}",
         FLEET_ECAPACITY, "free GPUs"},
        {400,
         "{\"detail\":\"This machine does not have the resources to deploy "
         "your pod. Please try a different machine\"}",
         FLEET_ECAPACITY, "resources"},
        {400, "{\"detail\":\"Pod is locked\"}", FLEET_ELOCKED, "unlock"},
        {400, "{\"detail\":\"insufficient balance\"}", FLEET_EQUOTA, "balance"},
        {400, "{\"detail\":\"two mounts\"}", FLEET_EINVALID, "two mounts"},
        {400, "", FLEET_EINVALID, "HTTP 400"},
        {401, "missing bearer token", FLEET_EAUTH, "RUNPOD_API_KEY"},
        {402, "{\"detail\":\"no money\"}", FLEET_EQUOTA, "no money"},
        {403, "{\"detail\":\"access denied\"}", FLEET_EAUTH, "scope"},
        {403, "error code: 1010", FLEET_EINTERNAL, "1010"},
        {404, "{\"detail\":\"pod not found\"}", FLEET_ENOTFOUND,
         "pod not found"},
        {405, "", FLEET_EINTERNAL, "405"},
        {409, "{\"title\":\"Conflict\",\"status\":409,\"detail\":\"no\"}",
         FLEET_ECONFLICT, "no (HTTP 409)"},
        {410, "", FLEET_EUNSUPPORTED, "retired"},
        {422,
         "{\"detail\":\"Request validation failed.\",\"errors\":[\"$: "
         "additional properties 'disk' not allowed\",\"$: missing property "
         "'name'\"]}",
         FLEET_EINVALID, "validation failed. $: missing property 'name'"},
        {422,
         "{\"detail\":\"Unknown GPU type: NVIDIA NOT A GPU\",\"status\":422,"
         "\"title\":\"Unprocessable Entity\"}",
         FLEET_EINVALID, "Unknown GPU type"},
        {429, "{\"detail\":\"rate limit exceeded for the minute window\"}",
         FLEET_ERATELIMITED, "minute"},
        {500, "", FLEET_ETRANSIENT, "500"},
        {502, "<html>", FLEET_ETRANSIENT, "502"},
        {503, "{\"detail\":7,\"errors\":{}}", FLEET_ETRANSIENT, "503"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fleet_answer answer = {.status = rows[i].status,
                                      .body = FL_BUF(4096)};
        struct fleet_error err = {0};
        int rc;

        fl_buf_puts(&answer.body, rows[i].body);
        rc = runpod_judge(&answer, &err);
        fl_buf_clear(&answer.body);
        if (rc != rows[i].code || !strstr(err.text, rows[i].says))
            fail_msg("%d %s: %d, %s", rows[i].status, rows[i].body, rc,
                     err.text);
    }
}

static void graphql_fails_with_a_good_status(void **state)
{
    static const struct {
        const char *body;
        int code;
    } rows[] = {
        {"{\"data\":{\"myself\":{\"clientBalance\":7.5}}}", FLEET_OK},
        {"{\"errors\":[],\"data\":{}}", FLEET_OK},
        {"{\"errors\":[{\"message\":\"no\"}],\"data\":null}", FLEET_EINVALID},
        {"{\"errors\":[7],\"data\":null}", FLEET_EINVALID},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fleet_answer answer = {.status = 200, .body = FL_BUF(4096)};
        struct fleet_error err = {0};

        fl_buf_puts(&answer.body, rows[i].body);
        assert_int_equal(runpod_judge_graphql(&answer, &err), rows[i].code);
        fl_buf_clear(&answer.body);
    }
}

/* ---- requests ---- */

static struct fleet_spec *new_spec(const char *offer)
{
    struct fleet_spec *spec = fl_spec_new();

    fl_spec_set(spec, FLEET_SPEC_NAME, "lab-apple");
    fl_spec_set(spec, FLEET_SPEC_TOKEN, "t-1");
    fl_spec_set(spec, FLEET_SPEC_PUBLIC_KEY, "ssh-ed25519 AAAA me");
    fl_spec_set(spec, FLEET_SPEC_OFFER, offer);
    fl_spec_set(spec, FLEET_SPEC_GPU, "NVIDIA RTX A4000");
    fl_spec_set_number(spec, FLEET_SPEC_GPUS, 2);
    return spec;
}

static void expect_body(const struct runpod_config *config,
                        const struct fleet_spec *spec, const char *expected)
{
    json_t *body = NULL, *wanted = read_json(expected);
    char *text;

    assert_int_equal(runpod_create_body(config, spec, &body, NULL), FLEET_OK);
    text = json_dumps(body, JSON_SORT_KEYS);
    if (!json_equal(body, wanted))
        fail_msg("%s", text);
    free(text);
    json_decref(body);
    json_decref(wanted);
}

#define BODY                                                                   \
    "{\"name\":\"lab-apple\",\"cloud\":\"COMMUNITY\",\"startSsh\":true,"       \
    "\"ports\":[\"22/tcp\"],\"env\":{\"PUBLIC_KEY\":\"ssh-ed25519 AAAA me\","  \
    "\"MACHINE_NAME\":\"lab-apple\",\"FLEET_TOKEN\":\"t-1\"},"

static void a_create_has_all_that_it_needs(void **state)
{
    struct runpod_config config = {.volume_path = (char *)"/workspace"};
    FL_AUTO(fl_spec_free)
    struct fleet_spec *spec = new_spec("COMMUNITY/NVIDIA RTX A4000");

    (void)state;
    expect_body(&config, spec,
                BODY "\"image\":\"runpod/pytorch:1.0.2-cu1281-torch280-"
                     "ubuntu2404\",\"disk\":40,\"gpu\":{\"id\":\"NVIDIA RTX "
                     "A4000\",\"count\":2}}");
    fl_spec_set(spec, FLEET_SPEC_TEMPLATE, "tpl1");
    fl_spec_set_number(spec, FLEET_SPEC_DISK_GB, 60);
    fl_spec_set_number(spec, FLEET_SPEC_VOLUME_GB, 20);
    config.min_cuda = (char *)"12.8";
    config.data_centers = (char *)"EU-RO-1\nUS-KS-2";
    expect_body(&config, spec,
                BODY "\"templateId\":\"tpl1\",\"disk\":60,\"dataCenterIds\":["
                     "\"EU-RO-1\",\"US-KS-2\"],\"mounts\":{\"persistent\":{"
                     "\"size\":20,\"path\":\"/workspace\"}},\"gpu\":{\"id\":"
                     "\"NVIDIA RTX A4000\",\"count\":2,\"minCudaVersion\":"
                     "\"12.8\"}}");
}

static void a_create_that_would_be_refused_is_not_sent(void **state)
{
    struct runpod_config config = {.volume_path = (char *)"/workspace"};
    struct fleet_error err;
    json_t *body = NULL;
    FL_AUTO(fl_spec_free)
    struct fleet_spec *spec = new_spec("COMMUNITY/NVIDIA RTX A4000");

    (void)state;
    fl_spec_set_number(spec, FLEET_SPEC_VOLUME_GB, 5);
    assert_int_equal(runpod_create_body(&config, spec, &body, &err),
                     FLEET_ECONFIG);
    assert_non_null(strstr(err.text, "10 GB"));
    fl_spec_set_number(spec, FLEET_SPEC_VOLUME_GB, 50);
    config.network_volume = (char *)"vol1";
    assert_int_equal(runpod_create_body(&config, spec, &body, &err),
                     FLEET_ECONFIG);
    fl_spec_set(spec, FLEET_SPEC_OFFER, "nothing");
    assert_int_equal(runpod_create_body(&config, spec, &body, &err),
                     FLEET_EINVALID);
    assert_null(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pods_are_read),
        cmocka_unit_test(billing_is_told),
        cmocka_unit_test(a_page_is_whole_or_an_error),
        cmocka_unit_test(maintenance_is_noted),
        cmocka_unit_test(the_token_is_searched),
        cmocka_unit_test(offers_are_what_can_be_had),
        cmocka_unit_test(answers_are_judged),
        cmocka_unit_test(graphql_fails_with_a_good_status),
        cmocka_unit_test(a_create_has_all_that_it_needs),
        cmocka_unit_test(a_create_that_would_be_refused_is_not_sent),
    };

    return cmocka_run_group_tests_name("runpod", tests, NULL, NULL);
}
