/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */

/* One line of a provider that is a program, read as the answer to every call;
 * it is whatever such a program makes of it. The requests had the id 1. */
#include "core/model/record.h"
#include "providers/exec/answer.h"
#include "tests/fuzz/fuzz.h"

#define MICROS_MAX INT64_C(1000000000000000)

static bool is_told(int rc, const struct fleet_error *err)
{
    return rc == FLEET_OK || (rc == err->code && err->text[0]);
}

static void check_pods(const json_t *answer)
{
    FL_AUTO(fl_sink_clear) struct fleet_sink sink;
    struct fleet_error err = {0};
    const json_t *list = json_object_get(answer, "pods");
    int rc;

    fl_sink_init(&sink, false, FL_SINK_MAX);
    rc = exec_answer_pods(answer, &sink, &err);
    ALWAYS(is_told(rc, &err));
    if (rc)
        return;
    /* An answer that is empty by mistake would look like an empty fleet. */
    ALWAYS(json_is_array(list) && sink.n == json_array_size(list));
    for (size_t i = 0; i < sink.n; i++)
        ALWAYS(fl_pod_fault(sink.pods[i]) ||
               fl_pod_is_set(sink.pods[i], FLEET_POD_ID));
}

static void check_offers(const json_t *answer)
{
    FL_AUTO(fl_sink_clear) struct fleet_sink sink;
    struct fleet_error err = {0};
    int rc;

    fl_sink_init(&sink, true, FL_SINK_MAX);
    rc = exec_answer_offers(answer, &sink, &err);
    ALWAYS(is_told(rc, &err));
    ALWAYS(rc || sink.n == json_array_size(json_object_get(answer, "offers")));
}

static void check_pod(const json_t *answer)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
    struct fleet_error err = {0};
    int rc = exec_answer_pod(answer, pod, &err);

    ALWAYS(is_told(rc, &err));
    for (int field = FLEET_POD_NAME; rc && field <= FLEET_POD_TOKEN; field++)
        ALWAYS(!fl_pod_is_set(pod, field));
    ALWAYS(rc || fl_pod_fault(pod) || fl_pod_is_set(pod, FLEET_POD_ID));
}

static void check_balance(const json_t *answer)
{
    struct fleet_error err = {0};
    char currency[8] = "";
    int64_t micros = 0;
    int rc = exec_answer_balance(answer, &micros, currency, &err);

    ALWAYS(is_told(rc, &err));
    ALWAYS(rc || (micros >= -MICROS_MAX && micros <= MICROS_MAX));
    ALWAYS(strlen(currency) == (rc ? 0 : 3));
}

static void check_opening(const json_t *answer)
{
    struct fleet_error err = {0};
    const char *unknown = NULL;
    uint64_t abilities = 0;
    int rc = exec_answer_abilities(answer, &abilities, &unknown, &err);

    ALWAYS(is_told(rc, &err));
    ALWAYS(rc ? !abilities : abilities & FLEET_CAN(FLEET_OP_LIST));
    ALWAYS(abilities < FLEET_CAN(FLEET_OP_BALANCE + 1));
}

static void check_effects(const json_t *answer)
{
    struct fleet_error err = {0};
    struct fleet_effect *effects = NULL;
    int rc = exec_answer_effects(answer, &effects, &err);

    ALWAYS(is_told(rc, &err));
    ALWAYS(!rc == !!effects);
    for (size_t i = 0; effects && effects[i].op; i++) {
        ALWAYS(effects[i].op <= FLEET_OP_BALANCE);
        ALWAYS(effects[i].text && effects[i].text[0]);
    }
    free(effects);
}

static void check_verdict(const json_t *answer)
{
    const char *message = NULL;
    int32_t retry_ms = 0;
    int rc = exec_answer_verdict(answer, &message, &retry_ms);

    ALWAYS(rc <= FLEET_OK && rc >= FLEET_EUSAGE);
    ALWAYS(retry_ms >= 0);
    ALWAYS((rc == FLEET_OK) == json_is_true(json_object_get(answer, "ok")));
    ALWAYS(rc == FLEET_OK || message[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fleet_error err = {0};
    json_auto_t *answer = NULL;
    int rc = exec_answer_parse((const char *)data, size, 1, &answer, &err);

    ALWAYS(is_told(rc, &err));
    ALWAYS(!rc == !!answer);
    if (rc)
        return 0;
    check_verdict(answer);
    check_opening(answer);
    check_effects(answer);
    check_pods(answer);
    check_pod(answer);
    check_offers(answer);
    check_balance(answer);
    return 0;
}
