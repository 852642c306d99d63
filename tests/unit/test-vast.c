/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/text.h"
#include "core/model/record.h"
#include "core/net/http.h"
#include "providers/api/api.h"
#include "providers/vast/gpu.h"
#include "providers/vast/judge.h"
#include "providers/vast/parse.h"
#include "providers/vast/region.h"
#include "tests/unit/scratch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(list_) (sizeof(list_) / sizeof((list_)[0]))

static const struct vast_config plain = {
    .api_key = (char *)"sesame",
    .runtype = (char *)"ssh_direc ssh_proxy",
    .ssh = (char *)"direct",
    .ssh_user = (char *)"root",
    .reliability_percent = 95,
    .duration_ms = INT64_C(604800000),
    .pace_percent = 100,
};

/* In single quotes, to be read. */
static json_t *json(const char *text)
{
    FL_AUTO_FREE char *copy = strdup(text);
    json_error_t why;
    json_t *read;

    for (char *at = copy; *at; at++)
        *at = *at == '\'' ? '"' : *at;
    read = json_loads(copy, 0, &why);
    if (!read)
        fail_msg("%s: %s", why.text, text);
    return read;
}

/* ---- judges ---- */

static void judgements(void **state)
{
    enum { ANY, ONE, MAKE, ATTACH };
    static fleet_judge_function *const judges[] = {
        vast_judge, vast_judge_instance, vast_judge_create, vast_judge_attach};
    static const struct {
        int of, status;
        const char *body;
        int code, retry_ms;
    } rows[] = {
        /* by the body, whatever the status */
        {ANY, 404,
         "{'success':false,'error':'auth_error','msg':'Invalid user "
         "key'}",
         FLEET_EAUTH, 0},
        {ONE, 404,
         "{'success':false,'error':'auth_error','msg':'Invalid user "
         "key'}",
         FLEET_EAUTH, 0},
        {MAKE, 404,
         "{'success':false,'error':'auth_error','msg':'Invalid user "
         "key'}",
         FLEET_EAUTH, 0},
        {ANY, 401, "{'msg':'no'}", FLEET_EAUTH, 0},
        {ANY, 401, "{'msg':'Two Factor Authentication needed'}", FLEET_EAUTH,
         0},
        {ANY, 403, "{'msg':'missing scope'}", FLEET_EAUTH, 0},
        {ANY, 403, "<html>slow down</html>", FLEET_ERATELIMITED, 2000},
        {ANY, 429, "API requests too frequent endpoint threshold=4.5",
         FLEET_ERATELIMITED, 4600},
        {ANY, 429,
         "{'detail':'API requests too frequent endpoint "
         "threshold=1.0'}",
         FLEET_ERATELIMITED, 1100},
        {ANY, 429, "API requests too frequent", FLEET_ERATELIMITED, 2000},
        {ANY, 429,
         "{'success':false,'error':'rate_limit_exceeded',"
         "'retry_after':7}",
         FLEET_ERATELIMITED, 7000},
        {ANY, 429, "{'retry_after':100000}", FLEET_ERATELIMITED, 60000},
        {ANY, 410,
         "{'success':false,'error':'deprecated_endpoint','msg':'Use "
         "/api/v1/instances/ instead.'}",
         FLEET_EUNSUPPORTED, 0},
        {ANY, 404, "<html>not found</html>", FLEET_EINTERNAL, 0},
        {ANY, 404, "{'msg':'nothing here'}", FLEET_EINTERNAL, 0},
        {ANY, 400, "{'detail':[{'msg':'Extra inputs are not permitted'}]}",
         FLEET_EINVALID, 0},
        {ANY, 502, "<html>bad gateway</html>", FLEET_ETRANSIENT, 0},
        {ANY, 200, "{'offers':[]}", FLEET_OK, 0},
        {ANY, 200, "{'success':false,'error':'auth_error'}", FLEET_EAUTH, 0},
        {ANY, 200, "{'success':false}", FLEET_EINVALID, 0},
        /* on an instance */
        {ONE, 404, "{'success':false,'error':'no_such_instance','msg':'x'}",
         FLEET_ENOTFOUND, 0},
        {ONE, 200, "{'success':false,'error':'no_such_instance','msg':'x'}",
         FLEET_ENOTFOUND, 0},
        {ONE, 404, "{'msg':'x'}", FLEET_ENOTFOUND, 0},
        {ONE, 404, "<html>not found</html>", FLEET_EINTERNAL, 0},
        {ONE, 200,
         "{'success':false,'error':'resources_unavailable','msg':"
         "'Required resources are currently unavailable, state "
         "change queued.'}",
         FLEET_ECAPACITY, 0},
        {ONE, 400,
         "{'success':false,'error':'missing_billing','msg':'You lack "
         "credit, see the billing page.'}",
         FLEET_EQUOTA, 0},
        {ONE, 200,
         "{'success':false,'error':'invalid_id','msg':'Is the "
         "container started?'}",
         FLEET_ECONFLICT, 0},
        {ONE, 200, "{'success':true}", FLEET_OK, 0},
        /* a create: only what proves that nothing was made */
        {MAKE, 200, "{'success':true,'new_contract':30111222}", FLEET_OK, 0},
        {MAKE, 200, "{'success':false,'new_contract':30111222,'error':'x'}",
         FLEET_OK, 0},
        {MAKE, 400, "{'success':false,'new_contract':30111222,'error':'x'}",
         FLEET_OK, 0},
        {MAKE, 500, "{'new_contract':'30111222'}", FLEET_OK, 0},
        {MAKE, 200, "{'success':true}", FLEET_EAMBIGUOUS, 0},
        {MAKE, 200, "{'success':true,'msg':'done'}", FLEET_EAMBIGUOUS, 0},
        {MAKE, 200, "{'success':false}", FLEET_EAMBIGUOUS, 0},
        {MAKE, 200, "{'success':false,'new_contract':null,'msg':'no'}",
         FLEET_EINVALID, 0},
        {MAKE, 200, "not json", FLEET_EAMBIGUOUS, 0},
        {MAKE, 500, "{'error':'oops'}", FLEET_EAMBIGUOUS, 0},
        {MAKE, 502, "<html>bad gateway</html>", FLEET_EAMBIGUOUS, 0},
        {MAKE, 403, "<html>slow down</html>", FLEET_EAMBIGUOUS, 0},
        {MAKE, 400, "", FLEET_EAMBIGUOUS, 0},
        {MAKE, 400, "{'nothing':1}", FLEET_EAMBIGUOUS, 0},
        {MAKE, 429, "API requests too frequent endpoint threshold=4.5",
         FLEET_ERATELIMITED, 4600},
        {MAKE, 429, "slow down", FLEET_ERATELIMITED, 5000},
        {MAKE, 404,
         "{'success':false,'error':'no_such_ask','msg':'No ask by "
         "id 1 is available.'}",
         FLEET_ECAPACITY, 0},
        {MAKE, 410,
         "{'success':false,'error':'no_such_ask','msg':'Instance "
         "type 1 is no longer available.'}",
         FLEET_ECAPACITY, 0},
        {MAKE, 400, "{'success':false,'error':'no_such_ask'}", FLEET_ECAPACITY,
         0},
        {MAKE, 200, "{'success':false,'error':'no_such_ask'}", FLEET_ECAPACITY,
         0},
        {MAKE, 404,
         "{'error':'invalid_args','msg':'error 404/3603: no_such_ask"
         " Instance type by id 1 is not available.'}",
         FLEET_ECAPACITY, 0},
        {MAKE, 403, "{'msg':'This offer is not your own'}", FLEET_ECAPACITY, 0},
        {MAKE, 400, "{'error':'x','msg':'The offer has already been rented'}",
         FLEET_ECAPACITY, 0},
        {MAKE, 404, "{'success':false,'error':'offer_not_found','message':'x'}",
         FLEET_ECAPACITY, 0},
        {MAKE, 400,
         "{'error':'invalid_args','msg':'image foo not available in "
         "registry'}",
         FLEET_EINVALID, 0},
        {MAKE, 403, "{'error':'forbidden','msg':'missing scope'}", FLEET_EAUTH,
         0},
        {MAKE, 400, "{'error':'insufficient_credit','msg':'x'}", FLEET_EQUOTA,
         0},
        {MAKE, 400, "{'error':'invalid_args','msg':'You lack credit'}",
         FLEET_EQUOTA, 0},
        {MAKE, 404, "{'error':'spend_rate_limit','msg':'x'}", FLEET_EQUOTA, 0},
        {MAKE, 402, "{'msg':'pay'}", FLEET_EQUOTA, 0},
        {MAKE, 400, "{'error':'invalid_price','msg':'x'}", FLEET_EINVALID, 0},
        /* a key */
        {ATTACH, 200, "{'success':true,'msg':'SSH key added to instance.'}",
         FLEET_OK, 0},
        {ATTACH, 200,
         "{'success':false,'msg':'SSH key already associated with "
         "instance.'}",
         FLEET_OK, 0},
        {ATTACH, 409, "{'msg':'key was already added'}", FLEET_OK, 0},
        {ATTACH, 200,
         "{'success':false,'msg':'instance already destroyed, key "
         "not added'}",
         FLEET_EINVALID, 0},
        {ATTACH, 200, "{'success':false,'error':'no_such_instance'}",
         FLEET_ENOTFOUND, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fleet_answer answer = {.status = rows[i].status};
        struct fleet_error err = {0};
        FL_AUTO_FREE char *body = strdup(rows[i].body);
        int rc;

        for (char *at = body; *at; at++)
            *at = *at == '\'' ? '"' : *at;
        fl_buf_init(&answer.body, 4096);
        fl_buf_puts(&answer.body, body);
        rc = judges[rows[i].of](&answer, &err);
        fl_buf_clear(&answer.body);
        if (rc != rows[i].code ||
            (rows[i].retry_ms && err.retry_ms != rows[i].retry_ms))
            fail_msg("%d %s: %d (%d ms) %s", rows[i].status, body, rc,
                     err.retry_ms, err.text);
    }
}

/* ---- states, addresses, money ---- */

static void states(void **state)
{
    static const struct {
        const char *row;
        bool recent;
        int state;
        const char *words, *billing;
    } rows[] = {
        {"{'actual_status':'running','intended_status':'stopped'}", false,
         FLEET_STATE_STOPPING, "running: is to stop", "compute and storage"},
        {"{'actual_status':'running','intended_status':'running'}", false,
         FLEET_STATE_RUNNING, "running", "compute and storage"},
        {"{'actual_status':'loading','cur_state':'running','intended_status':"
         "'running','status_msg':'Pulling\\nlayer'}",
         false, FLEET_STATE_PENDING, "loading: Pulling layer",
         "compute and storage"},
        {"{'actual_status':'exited','cur_state':'stopped','intended_status':"
         "'running'}",
         false, FLEET_STATE_PENDING, "exited: queued, the GPU is taken",
         "storage"},
        {"{'actual_status':'exited','cur_state':'stopped','intended_status':"
         "'running','is_bid':true}",
         false, FLEET_STATE_PENDING,
         "exited: outbid, starts again when the bid wins", "storage"},
        {"{'actual_status':'exited','cur_state':'stopped','intended_status':"
         "'stopped'}",
         false, FLEET_STATE_STOPPED, "exited", "storage"},
        {"{'actual_status':'stopped'}", false, FLEET_STATE_STOPPED, "stopped",
         "storage"},
        {"{'actual_status':'frozen'}", false, FLEET_STATE_STOPPED, "frozen",
         "compute and storage (frozen)"},
        {"{'actual_status':'exited','cur_state':'running','intended_status':"
         "'running'}",
         true, FLEET_STATE_PENDING, "exited", "compute and storage"},
        {"{'actual_status':'exited','cur_state':'running','intended_status':"
         "'running','status_msg':'boom'}",
         false, FLEET_STATE_FAILED, "exited: boom", "compute and storage"},
        {"{'actual_status':'exited','cur_state':'running','intended_status':"
         "'stopped'}",
         false, FLEET_STATE_STOPPED, "exited", "storage"},
        {"{'actual_status':'unknown'}", false, FLEET_STATE_UNKNOWN, "unknown",
         "compute and storage"},
        {"{'actual_status':'offline'}", false, FLEET_STATE_UNKNOWN, "offline",
         "nothing while it is offline"},
        {"{'actual_status':'created','status_msg':'OCI runtime create failed'}",
         false, FLEET_STATE_FAILED, "created: OCI runtime create failed",
         "compute and storage"},
        {"{'actual_status':'loading','status_msg':'manifest unknown'}", false,
         FLEET_STATE_FAILED, "loading: manifest unknown",
         "compute and storage"},
        {"{'actual_status':null}", false, FLEET_STATE_PENDING, "new",
         "compute and storage"},
        {"{}", false, FLEET_STATE_PENDING, "new", "compute and storage"},
        {"{'actual_status':'rebooting'}", false, FLEET_STATE_PENDING,
         "rebooting", "compute and storage"},
        {"{'actual_status':'polka'}", false, FLEET_STATE_UNKNOWN, "polka",
         "compute and storage"},
        {"{'actual_status':7}", false, FLEET_STATE_UNKNOWN, "new",
         "compute and storage"},
        {"{'actual_status':'running','cur_state':'unloaded'}", false,
         FLEET_STATE_TERMINATING, "running", "compute and storage"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
        AUTO_JSON json_t *row = json(rows[i].row);

        vast_pod(pod, row, rows[i].recent, &plain);
        assert_null(fl_pod_fault(pod));
        assert_int_equal(fl_pod_state(pod), rows[i].state);
        assert_string_equal(fleet_pod_get(pod, FLEET_POD_PROVIDER_STATE),
                            rows[i].words);
        assert_string_equal(fleet_pod_get(pod, FLEET_POD_BILLING),
                            rows[i].billing);
    }
}

static void places(void **state)
{
#define DIRECT "'ports':{'22/tcp':[{'HostIp':'0.0.0.0','HostPort':'41007'}]}"
#define PROXY  "'ssh_host':'ssh5.vast.ai','ssh_port':21000"
    static const struct {
        const char *row;
        bool direct;
        const char *host;
        int port;
    } rows[] = {
        {"'public_ipaddr':'203.0.113.9\\n'," DIRECT "," PROXY, true,
         "203.0.113.9", 41007},
        {"'public_ipaddr':'203.0.113.9'," DIRECT "," PROXY, false,
         "ssh5.vast.ai", 21000},
        {"'public_ipaddr':'203.0.113.9','ports':{'22/tcp':[{'HostPort':"
         "40200}]}",
         true, "203.0.113.9", 40200},
        {"'public_ipaddr':'203.0.113.9','ports':{}," PROXY, true,
         "ssh5.vast.ai", 21000},
        {"'public_ipaddr':'203.0.113.9','ports':null," PROXY, true,
         "ssh5.vast.ai", 21000},
        {"'public_ipaddr':'203.0.113.9','ports':[1]," PROXY, true,
         "ssh5.vast.ai", 21000},
        {"'ports':null,'ssh_host':'ssh5.vast.ai','ssh_port':'21000'", true,
         "ssh5.vast.ai", 21000},
        {"'image_runtype':'jupyter_proxy ssh_proxy'," PROXY, true,
         "ssh5.vast.ai", 21001},
        {"'public_ipaddr':'192.168.1.7'," DIRECT "," PROXY, true,
         "ssh5.vast.ai", 21000},
        {"'public_ipaddr':'172.20.1.7'," DIRECT "," PROXY, true, "ssh5.vast.ai",
         21000},
        {"'public_ipaddr':'172.40.1.7'," DIRECT "," PROXY, true, "172.40.1.7",
         41007},
        {DIRECT, true, NULL, 0},
        {"'public_ipaddr':'203.0.113.9','direct_port_start':40112,"
         "'machine_dir_ssh_port':40111",
         true, NULL, 0},
        {"'public_ipaddr':'203.0.113.9','ports':{'22/tcp':[{'HostPort':"
         "'99999'}]}",
         true, NULL, 0},
        {"'ssh_host':'ssh5.vast.ai','ssh_port':0", true, NULL, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        FL_AUTO_FREE char *text =
            fl_format("{'actual_status':'running',%s}", rows[i].row);
        AUTO_JSON json_t *row = json(text);
        struct vast_place place;

        assert_int_equal(vast_place(row, rows[i].direct, &place),
                         rows[i].host != NULL);
        if (rows[i].host) {
            assert_string_equal(place.host, rows[i].host);
            assert_int_equal(place.port, rows[i].port);
        }
        json_object_set_new(row, "actual_status", json_string("loading"));
        assert_false(vast_place(row, rows[i].direct, &place));
    }
}

static void one_pod(void **state)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
    AUTO_JSON json_t *row =
        json("{'id':'30111222','label':'arena-apple','actual_status':'running',"
             "'gpu_name':'A100 SXM4','gpu_ram':81251,'num_gpus':2,'dph_total':"
             "1.234567,'is_bid':true,'geolocation':'Hesse, DE','verification':"
             "'verified','image_uuid':'pytorch/pytorch:2','start_date':"
             "1790000000.5,'extra_env':[['A','b'],['FLEET_TOKEN','0f9c-2d'],7],"
             "'jupyter_token':'secret','onstart':'x'}");

    (void)state;
    vast_pod(pod, row, false, &plain);
    assert_null(fl_pod_fault(pod));
    assert_string_equal(fleet_pod_get(pod, FLEET_POD_ID), "30111222");
    assert_string_equal(fleet_pod_get(pod, FLEET_POD_NAME), "arena-apple");
    assert_string_equal(fleet_pod_get(pod, FLEET_POD_TOKEN), "0f9c-2d");
    assert_string_equal(fleet_pod_get(pod, FLEET_POD_GPU), "A100 SXM4 80GB");
    assert_int_equal(fleet_pod_get_number(pod, FLEET_POD_GPUS, 0), 2);
    assert_int_equal(fleet_pod_get_number(pod, FLEET_POD_PRICE_MICROS, 0),
                     1234567);
    assert_int_equal(fleet_pod_get_number(pod, FLEET_POD_SPOT, 0), 1);
    assert_string_equal(fleet_pod_get(pod, FLEET_POD_REGION), "DE");
    assert_string_equal(fleet_pod_get(pod, FLEET_POD_TIER), "community");
    assert_string_equal(fleet_pod_get(pod, FLEET_POD_CREATED_AT),
                        "2026-09-21T14:13:20Z");
    assert_string_equal(fleet_pod_get(pod, FLEET_POD_SSH_USER), "root");
}

/* Nothing that an API answers can be mistaken for a name of ours. */
static void hostile_pods(void **state)
{
    static const char *const rows[] = {
        "{'id':1,'label':'arena-apple\\n','gpu_name':'\\u001b[31m','dph_total':"
        "-3,'num_gpus':-1,'public_ipaddr':'-oProxyCommand=x','extra_env':"
        "{'FLEET_TOKEN':'NO SUCH'},'start_date':'soon','geolocation':7}",
        "{'id':1,'label':['x'],'gpu_name':{},'dph_total':'1e999','num_gpus':"
        "99999999,'ports':'22','ssh_port':{},'extra_env':'FLEET_TOKEN',"
        "'status_msg':[]}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
        AUTO_JSON json_t *row = json(rows[i]);

        vast_pod(pod, row, false, &plain);
        assert_null(fl_pod_fault(pod));
        assert_null(fleet_pod_get(pod, FLEET_POD_NAME));
        assert_null(fleet_pod_get(pod, FLEET_POD_TOKEN));
        assert_false(fl_pod_is_set(pod, FLEET_POD_PRICE_MICROS));
        assert_false(fl_pod_is_set(pod, FLEET_POD_SSH_HOST));
    }
}

static void stopped_costs_storage(void **state)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
    AUTO_JSON json_t *row =
        json("{'id':1,'actual_status':'exited','intended_status':'stopped',"
             "'cur_state':'stopped','dph_total':0.5,'storage_cost':0.18,"
             "'disk_space':60}");

    (void)state;
    vast_pod(pod, row, false, &plain);
    assert_int_equal(fleet_pod_get_number(pod, FLEET_POD_PRICE_MICROS, 0),
                     15000);
}

/* ---- answers ---- */

static void pages(void **state)
{
    static const struct {
        const char *answer;
        int code;
        size_t rows;
        const char *next;
        int64_t total;
    } rows[] = {
        {"{'instances':[],'total_instances':0,'next_token':null}", FLEET_OK, 0,
         NULL, 0},
        {"{'instances':[{'id':1},{'id':'2'},{'id':2}],'next_token':'a=='}",
         FLEET_OK, 2, "a==", -1},
        {"{'instances':null}", FLEET_EINTERNAL, 0, NULL, 0},
        {"{'instances':{}}", FLEET_EINTERNAL, 0, NULL, 0},
        {"{}", FLEET_EINTERNAL, 0, NULL, 0},
        {"{'instances':[{'label':'arena-apple'}]}", FLEET_EINTERNAL, 0, NULL,
         0},
        {"{'instances':[7]}", FLEET_EINTERNAL, 0, NULL, 0},
        {"{'instances':[{'id':-1}]}", FLEET_EINTERNAL, 0, NULL, 0},
        {"{'instances':[],'next_token':5}", FLEET_EINTERNAL, 0, NULL, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        AUTO_JSON json_t *answer = json(rows[i].answer), *got = json_object();
        struct fleet_error err = {0};
        const char *next = NULL;
        int64_t total = 0;

        assert_int_equal(vast_page(answer, got, &next, &total, &err),
                         rows[i].code);
        if (rows[i].code != FLEET_OK)
            continue;
        assert_int_equal(json_object_size(got), rows[i].rows);
        assert_int_equal(total, rows[i].total);
        assert_int_equal(next != NULL, rows[i].next != NULL);
        if (next)
            assert_string_equal(next, rows[i].next);
    }
}

static void single_answers(void **state)
{
    static const struct {
        const char *answer;
        int code;
    } rows[] = {
        {"{'instances':{'id':1}}", FLEET_OK},
        {"{'instances':[{'id':1}]}", FLEET_OK},
        {"{'instances':null}", FLEET_ENOTFOUND},
        {"{'instances':[]}", FLEET_ENOTFOUND},
        {"{'instances':[{'id':1},{'id':2}]}", FLEET_EINTERNAL},
        {"{'instances':'gone'}", FLEET_EINTERNAL},
        {"{}", FLEET_EINTERNAL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        AUTO_JSON json_t *answer = json(rows[i].answer);
        struct fleet_error err = {0};
        const json_t *row;

        assert_int_equal(vast_instance(answer, &row, &err), rows[i].code);
    }
}

/* The documented shape, as it was written down. */
static void documented_list(void **state)
{
    static const struct {
        const char *name;
        int state;
        const char *host;
        int port;
        const char *gpu;
    } rows[] = {
        {"devtest-apple", FLEET_STATE_RUNNING, "124.123.111.26", 40112,
         "RTX 3090"},
        {"devtest-bloom", FLEET_STATE_RUNNING, "ssh2.vast.ai", 31002,
         "RTX A4000"},
        {"devtest-cloud", FLEET_STATE_PENDING, NULL, 0, "RTX 3090"},
        {NULL, FLEET_STATE_RUNNING, "ssh4.vast.ai", 31005, "RTX 4000Ada"},
        {"devtest-dune", FLEET_STATE_STOPPED, NULL, 0, "RTX 3090"},
    };
    const char *srcdir = getenv("srcdir");
    FL_AUTO_FREE char *path = fl_format(
        "%s/tests/unit/data/vast-instances.json", srcdir ? srcdir : ".");
    AUTO_JSON json_t *answer = json_load_file(path, 0, NULL);
    AUTO_JSON json_t *got = json_object();
    struct fleet_error err = {0};
    const char *next, *id;
    int64_t total;
    size_t i = 0;
    json_t *row;

    (void)state;
    assert_non_null(answer);
    assert_int_equal(vast_page(answer, got, &next, &total, &err), FLEET_OK);
    assert_int_equal(json_object_size(got), COUNT(rows));
    json_object_foreach(got, id, row)
    {
        FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
        const char *name, *host;

        vast_pod(pod, row, false, &plain);
        assert_null(fl_pod_fault(pod));
        name = fleet_pod_get(pod, FLEET_POD_NAME);
        host = fleet_pod_get(pod, FLEET_POD_SSH_HOST);
        assert_int_equal(fl_pod_state(pod), rows[i].state);
        assert_true(rows[i].name ? name && !strcmp(name, rows[i].name) : !name);
        assert_true(rows[i].host ? host && !strcmp(host, rows[i].host) : !host);
        assert_int_equal(fleet_pod_get_number(pod, FLEET_POD_SSH_PORT, 0),
                         rows[i].port);
        assert_string_equal(fleet_pod_get(pod, FLEET_POD_GPU), rows[i].gpu);
        i++;
    }
}

/* ---- names of GPUs ---- */

static void gpu_names(void **state)
{
    static const struct {
        const char *wanted, *names;
    } rows[] = {
        {"RTX 3090", "['RTX 3090']"},
        {"RTX_3090", "['RTX 3090']"},
        {"3090", "['RTX 3090']"},
        {"NVIDIA GeForce RTX 3090 Ti", "['RTX 3090 Ti']"},
        {"RTX 3090, RTX A4000", "['RTX 3090','RTX A4000']"},
        {"A4000\nNVIDIA RTX A5000", "['RTX A4000','RTX A5000']"},
        {"4080 SUPER", "['RTX 4080S']"},
        {"RTX 4000 Ada Generation", "['RTX 4000Ada']"},
        {"A100 80GB PCIe", "['A100 PCIE']"},
        {"A100-SXM4-80GB", "['A100 SXM4','A100 SXM']"},
        {"H100 80GB HBM3", "['H100 SXM']"},
        {"A100", "['A100 PCIE','A100 SXM4','A100 SXM']"},
        {"H100", "['H100 PCIE','H100 SXM','H100 NVL']"},
        {"V100", "['Tesla V100']"},
        {"T4", "['Tesla T4']"},
        {"P100", "['Tesla P100']"},
        {"L40", "['L40']"},
        {"NVIDIA  Polka_9000", "['Polka 9000']"},
        {"", "[]"},
        {" , ", "[]"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        AUTO_JSON json_t *names = vast_gpu_names(rows[i].wanted);
        AUTO_JSON json_t *wanted = json(rows[i].names);

        if (!json_equal(names, wanted)) {
            FL_AUTO_FREE char *text = json_dumps(names, 0);

            fail_msg("%s: %s", rows[i].wanted, text);
        }
    }
}

static void gpu_titles(void **state)
{
    static const struct {
        const char *name;
        int64_t ram_mb;
        const char *title;
    } rows[] = {
        {"A100 SXM4", 81251, "A100 SXM4 80GB"},
        {"A100 SXM4", 40536, "A100 SXM4 40GB"},
        {"A100 PCIE", 80000, "A100 PCIE 80GB"},
        {"A100 PCIE", 0, "A100 PCIE"},
        {"Tesla V100", 16160, "Tesla V100 16GB"},
        {"Tesla V100", 32510, "Tesla V100 32GB"},
        {"RTX 3080", 10240, "RTX 3080 10GB"},
        {"RTX 3080", 12288, "RTX 3080 12GB"},
        {"RTX 3060", 12288, "RTX 3060 12GB"},
        {"RTX 3080 Ti", 12288, "RTX 3080 Ti"},
        {"RTX 3090", 24576, "RTX 3090"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char title[64];

        vast_gpu_title(title, sizeof(title), rows[i].name, rows[i].ram_mb);
        assert_string_equal(title, rows[i].title);
    }
    assert_true(vast_gpu_same("RTX 3090", "rtx_3090"));
    assert_false(vast_gpu_same("RTX 3090", "RTX 3090 Ti"));
    assert_false(vast_gpu_same("RTX 4090", "RTX 4090D"));
    assert_int_equal(vast_gpu_least_gb("A100 80GB, A100 40GB"), 40);
    assert_int_equal(vast_gpu_least_gb("A100 80GB, RTX 3090"), 0);
    assert_int_equal(vast_gpu_least_gb("RTX 3090"), 0);
}

/* ---- requests ---- */

static struct fleet_spec *wish(const char *gpu, const char *tier)
{
    struct fleet_spec *spec = fl_spec_new();

    fl_spec_set(spec, FLEET_SPEC_NAME, "arena-apple");
    fl_spec_set(spec, FLEET_SPEC_TOKEN, "0f9c2d");
    fl_spec_set(spec, FLEET_SPEC_PUBLIC_KEY, "ssh-ed25519 AAAA it's");
    fl_spec_set(spec, FLEET_SPEC_GPU, gpu);
    fl_spec_set(spec, FLEET_SPEC_TIER, tier);
    fl_spec_set(spec, FLEET_SPEC_IMAGE, "pytorch/pytorch");
    fl_spec_set_number(spec, FLEET_SPEC_GPUS, 1);
    fl_spec_set_number(spec, FLEET_SPEC_DISK_GB, 40);
    fl_spec_set_number(spec, FLEET_SPEC_VOLUME_GB, 20);
    return spec;
}

static void same_json(const json_t *got, const char *wanted)
{
    AUTO_JSON json_t *read = json(wanted);

    if (!json_equal(got, read)) {
        FL_AUTO_FREE char *text = json_dumps(got, JSON_INDENT(1));

        fail_msg("%s", text);
    }
}

static void searches(void **state)
{
    FL_AUTO(fl_spec_free)
    struct fleet_spec *spec = wish("A100 80GB", "SECURE");
    struct vast_config config = plain;
    struct fleet_error err = {0};
    struct vast_want want;
    AUTO_JSON json_t *body = NULL, *other = NULL;

    (void)state;
    assert_int_equal(vast_want_init(&want, &config, spec, &err), FLEET_OK);
    body = vast_search_body(&want, 0, false);
    same_json(body,
              "{'rentable':{'eq':true},'rented':{'eq':false},'disk_space':"
              "{'gte':60},'reliability':{'gte':0.95},'direct_port_count':"
              "{'gte':1},'duration':{'gte':604800},'type':'on-demand','order':"
              "[['dph_total','asc']],'limit':64,'allocated_storage':60,"
              "'num_gpus':{'eq':1},'gpu_name':{'in':['A100 PCIE','A100 SXM4',"
              "'A100 SXM']},'gpu_ram':{'gte':72000},'datacenter':{'eq':true},"
              "'verified':{'eq':true}}");
    vast_want_clear(&want);
    config.spot = true;
    config.unverified = true;
    config.countries = (char *)"oceania\nde";
    config.avoid = (char *)"5150\n5151";
    config.runtype = (char *)"ssh_proxy";
    fl_spec_set(spec, FLEET_SPEC_TIER, NULL);
    assert_int_equal(vast_want_init(&want, &config, spec, &err), FLEET_OK);
    other = vast_search_body(&want, 0.25, true);
    same_json(other,
              "{'rentable':{'eq':true},'rented':{'eq':false},'disk_space':"
              "{'gte':60},'reliability':{'gte':0.95},'direct_port_count':"
              "{'gte':0},'duration':{'gte':604800},'type':'bid','order':"
              "[['dph_total','asc']],'limit':64,'allocated_storage':60,"
              "'num_gpus':{'eq':1},'machine_id':{'notin':[5150,5151]},"
              "'geolocation':{'in':['AS','AU','CK','FJ','PF','GU','KI','MH',"
              "'FM','NR','NC','NZ','NU','MP','PW','PG','PN','WS','SB','TK',"
              "'TO','TV','VU','WF','DE']},'dph_total':{'gte':0.25}}");
    vast_want_clear(&want);
    config.countries = (char *)"atlantis";
    assert_int_equal(vast_want_init(&want, &config, spec, &err), FLEET_ECONFIG);
    config.countries = NULL;
    config.avoid = (char *)"12x";
    assert_int_equal(vast_want_init(&want, &config, spec, &err), FLEET_ECONFIG);
}

/* Every continent's list is whole pairs of letters. */
static void continents(void **state)
{
    static const struct {
        const char *name;
        size_t n;
    } rows[] = {{"north-america", 23}, {"south-america", 14}, {"europe", 46},
                {"asia", 49},          {"oceania", 24},       {"africa", 54}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        AUTO_JSON json_t *codes = NULL;
        struct fleet_error err = {0};

        assert_int_equal(vast_countries(rows[i].name, &codes, &err), FLEET_OK);
        if (json_array_size(codes) != rows[i].n)
            fail_msg("%s: %zu", rows[i].name, json_array_size(codes));
    }
}

static void creates(void **state)
{
    FL_AUTO(fl_spec_free) struct fleet_spec *spec = wish("RTX 3090", NULL);
    struct vast_config config = plain;
    struct fleet_error err = {0};
    AUTO_JSON json_t *body = NULL, *bid = NULL, *env = NULL;
    const char *script;

    (void)state;
    assert_int_equal(vast_create_body(&config, spec, 0, &body, &err), FLEET_OK);
    script = api_text(body, "onstart");
    assert_non_null(strstr(script, "touch ~/.no_auto_tmux\n"));
    assert_non_null(strstr(script, "key='ssh-ed25519 AAAA it'\\''s'\n"));
    assert_non_null(strstr(script, "echo MACHINE_NAME='arena-apple'"));
    assert_null(json_object_get(body, "price"));
    json_object_del(body, "onstart");
    same_json(body,
              "{'label':'arena-apple','runtype':'ssh_direc ssh_proxy','disk':"
              "60,'target_state':'running','cancel_unavail':true,'image':"
              "'pytorch/pytorch:latest','env':{'MACHINE_NAME':'arena-apple',"
              "'PUBLIC_KEY':\"ssh-ed25519 AAAA it\\u0027s\",'FLEET_TOKEN':"
              "'0f9c2d'}}");
    config.onstart = (char *)"echo hello";
    config.template_hash = (char *)"4e17788f";
    config.image_login = (char *)"-u me -p token registry.example";
    fl_spec_set(spec, FLEET_SPEC_IMAGE, "registry.example:5000/a/b:tag");
    assert_int_equal(vast_create_body(&config, spec, 220000, &bid, &err),
                     FLEET_OK);
    assert_true(fabs(json_number_value(json_object_get(bid, "price")) - 0.22) <
                1e-9);
    assert_non_null(strstr(api_text(bid, "onstart"), "\necho hello\n"));
    assert_string_equal(api_text(bid, "image"),
                        "registry.example:5000/a/b:tag");
    assert_string_equal(api_text(bid, "template_hash_id"), "4e17788f");
    env = json_deep_copy(bid);
    assert_null(
        strstr(json_string_value(json_object_get(env, "label")), "token"));
}

static void refused_creates(void **state)
{
    struct vast_config config = plain;
    struct fleet_error err = {0};
    json_t *body = NULL;
    char longest[4100], name[62];

    (void)state;
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    for (int i = 0; i < 3; i++) {
        FL_AUTO(fl_spec_free) struct fleet_spec *spec = wish("T4", NULL);

        config.onstart = i == 0 ? longest : NULL;
        if (i == 1)
            fl_spec_set(spec, FLEET_SPEC_NAME, name);
        if (i == 2)
            fl_spec_set(spec, FLEET_SPEC_IMAGE, NULL);
        assert_int_equal(vast_create_body(&config, spec, 0, &body, &err),
                         FLEET_EINVALID);
    }
}

static void offer_ids(void **state)
{
    static const struct {
        const char *id;
        int code;
        int64_t ask, bid;
    } rows[] = {
        {"40100200", FLEET_OK, 40100200, 0},
        {"40100200@220000", FLEET_OK, 40100200, 220000},
        {"", FLEET_EINVALID, 0, 0},
        {"x", FLEET_EINVALID, 0, 0},
        {"-4", FLEET_EINVALID, 0, 0},
        {"4/../5", FLEET_EINVALID, 0, 0},
        {"4@x", FLEET_EINVALID, 0, 0},
        {NULL, FLEET_EINVALID, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fleet_error err = {0};
        int64_t ask, bid;

        assert_int_equal(vast_offer_read(rows[i].id, &ask, &bid, &err),
                         rows[i].code);
        if (rows[i].code != FLEET_OK)
            continue;
        assert_int_equal(ask, rows[i].ask);
        assert_int_equal(bid, rows[i].bid);
    }
    assert_int_equal(vast_bid(0, 200000), 220000);
    assert_int_equal(vast_bid(0, 0), 1000);
    assert_int_equal(vast_bid(200000, 200000), 200000);
    assert_int_equal(vast_bid(199999, 200000), -1);
}

/* ---- offers ---- */

static const char offer_text[] =
    "{'id':40100200,'machine_id':5150,'gpu_name':'RTX 4090','num_gpus':1,"
    "'gpu_ram':24564,'disk_space':310.5,'dph_base':0.31,'dph_total':0.325,"
    "'storage_cost':0.18,'min_bid':0.2,'reliability2':0.991,'verification':"
    "'verified','hosting_type':0,'geolocation':'Hesse, DE','public_ipaddr':"
    "'198.51.100.9','direct_port_count':40,'rentable':true,'rented':false,"
    "'external':null,'duration':1800000.0}";

static void offers_are_checked(void **state)
{
    static const struct {
        const char *change;
        bool fits;
    } rows[] = {
        {"{}", true},
        {"{'gpu_name':'RTX 4090D'}", false},
        {"{'gpu_name':'RTX 4090 Ti'}", false},
        {"{'gpu_name':null}", false},
        {"{'num_gpus':8}", false},
        {"{'num_gpus':'1'}", true},
        {"{'num_gpus':null}", false},
        {"{'disk_space':59.9}", false},
        {"{'reliability2':0.94}", false},
        {"{'reliability':0.94}", false},
        {"{'verification':'unverified'}", false},
        {"{'verification':'deverified'}", false},
        {"{'rentable':false}", false},
        {"{'rented':true}", false},
        {"{'direct_port_count':0}", false},
        {"{'duration':3600}", false},
        {"{'geolocation':'Ohio, US'}", false},
        {"{'geolocation':', NL'}", true},
        {"{'geolocation':null}", false},
        {"{'machine_id':666}", false},
        {"{'public_ipaddr':'10.0.0.4'}", false},
        {"{'public_ipaddr':'172.16.0.4'}", false},
        {"{'public_ipaddr':'192.168.0.4\\n'}", false},
        {"{'dph_total':null,'dph_base':null}", false},
        {"{'id':null}", false},
    };
    FL_AUTO(fl_spec_free) struct fleet_spec *spec = wish("RTX 4090", NULL);
    struct vast_config config = plain;
    struct fleet_error err = {0};
    struct vast_want want;

    (void)state;
    config.countries = (char *)"DE\nNL";
    config.avoid = (char *)"666";
    assert_int_equal(vast_want_init(&want, &config, spec, &err), FLEET_OK);
    for (size_t i = 0; i < COUNT(rows); i++) {
        AUTO_JSON json_t *row = json(offer_text);
        AUTO_JSON json_t *changed = json(rows[i].change);

        json_object_update(row, changed);
        if (vast_offer_fits(row, &want, false) != rows[i].fits)
            fail_msg("%s", rows[i].change);
    }
    vast_want_clear(&want);
}

static void offers_are_priced(void **state)
{
    static const struct {
        const char *change;
        bool spot;
        int64_t price, bid;
    } rows[] = {
        /* 60 GB at 0.18 a month are 0.015 */
        {"{}", false, 325000, 0},
        {"{'dph_total':0.312}", false, 325000, 0},
        {"{'dph_total':0.9}", false, 900000, 0},
        {"{'dph_base':null}", false, 325000, 0},
        {"{'dph_total':'0.5'}", false, 500000, 0},
        {"{'dph_total':null,'dph_base':null}", false, -1, 0},
        {"{}", true, 235000, 220000},
        {"{'min_bid':null}", true, -1, -1},
        {"{'storage_cost':null}", true, -1, 220000},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        FL_AUTO(fl_spec_free) struct fleet_spec *spec = wish("RTX 4090", NULL);
        struct vast_config config = plain;
        struct fleet_error err = {0};
        AUTO_JSON json_t *row = json(offer_text);
        AUTO_JSON json_t *changed = json(rows[i].change);
        struct vast_want want;
        int64_t bid;

        config.spot = rows[i].spot;
        assert_int_equal(vast_want_init(&want, &config, spec, &err), FLEET_OK);
        json_object_update(row, changed);
        assert_int_equal(vast_offer_price(row, &want, &bid), rows[i].price);
        assert_int_equal(bid, rows[i].bid);
        vast_want_clear(&want);
    }
}

static void offers_are_told(void **state)
{
    static const struct {
        const char *wanted, *change, *tier;
    } rows[] = {
        {NULL, "{}", "community"},
        {NULL, "{'hosting_type':1}", "secure"},
        {NULL, "{'verification':'unverified'}", "unverified"},
        {"COMMUNITY", "{'hosting_type':1}", "COMMUNITY"},
        {"VERIFIED", "{}", "VERIFIED"},
        {"spotty", "{}", "community"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        FL_AUTO(fl_spec_free)
        struct fleet_spec *spec = wish("RTX 4090", rows[i].wanted);
        FL_AUTO(fl_offer_free) struct fleet_offer *offer = fl_offer_new();
        struct fleet_error err = {0};
        AUTO_JSON json_t *row = json(offer_text);
        AUTO_JSON json_t *changed = json(rows[i].change);
        struct vast_want want;

        assert_int_equal(vast_want_init(&want, &plain, spec, &err), FLEET_OK);
        json_object_update(row, changed);
        vast_offer(offer, row, &want);
        vast_want_clear(&want);
        assert_null(fl_offer_fault(offer));
        assert_string_equal(fl_offer_get(offer, FLEET_OFFER_ID), "40100200");
        assert_string_equal(fl_offer_get(offer, FLEET_OFFER_GPU), "RTX 4090");
        assert_string_equal(fl_offer_get(offer, FLEET_OFFER_REGION), "DE");
        assert_string_equal(fl_offer_get(offer, FLEET_OFFER_TIER),
                            rows[i].tier);
        assert_int_equal(
            fl_offer_get_number(offer, FLEET_OFFER_PRICE_MICROS, 0), 325000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judgements),
        cmocka_unit_test(states),
        cmocka_unit_test(places),
        cmocka_unit_test(one_pod),
        cmocka_unit_test(hostile_pods),
        cmocka_unit_test(stopped_costs_storage),
        cmocka_unit_test(pages),
        cmocka_unit_test(single_answers),
        cmocka_unit_test(documented_list),
        cmocka_unit_test(gpu_names),
        cmocka_unit_test(gpu_titles),
        cmocka_unit_test(searches),
        cmocka_unit_test(continents),
        cmocka_unit_test(creates),
        cmocka_unit_test(refused_creates),
        cmocka_unit_test(offer_ids),
        cmocka_unit_test(offers_are_checked),
        cmocka_unit_test(offers_are_priced),
        cmocka_unit_test(offers_are_told),
    };

    return cmocka_run_group_tests_name("vast", tests, NULL, NULL);
}
