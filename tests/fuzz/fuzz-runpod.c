/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */

/* Whatever RunPod answers: every reader looks at it, and what they make of it
 * is a record that can be judged, or an error with a text. */
#include "core/model/record.h"
#include "core/net/http.h"
#include "providers/api/api.h"
#include "providers/runpod/judge.h"
#include "providers/runpod/parse.h"
#include "tests/fuzz/fuzz.h"

static void check_pages(const json_t *answer)
{
    AUTO_JSON json_t *notes = runpod_read_notes(answer);
    FL_AUTO(fl_sink_clear) struct fleet_sink pods = {0};
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
    struct fleet_error err = {0};
    const char *cursor = NULL;
    bool found = false;

    fl_sink_init(&pods, false, 1000);
    if (runpod_read_page(answer, notes, &pods, &cursor, &err) < 0)
        ALWAYS(err.text[0]);
    else
        ALWAYS(!cursor || *cursor);
    runpod_search_page(answer, "t-1", pod, &found, &cursor, &err);
    ALWAYS(!found || fleet_pod_get(pod, FLEET_POD_TOKEN));
}

static void check_catalogue(const json_t *answer)
{
    static const char *const tiers[] = {"SECURE", "COMMUNITY"};

    for (size_t i = 0; i < 2; i++) {
        FL_AUTO(fl_sink_clear) struct fleet_sink offers = {0};
        struct fleet_error err = {0};

        fl_sink_init(&offers, true, 1000);
        if (runpod_read_catalogue(answer, tiers[i], 2, &offers, &err) < 0)
            ALWAYS(err.text[0]);
    }
}

static void check_judges(const struct fleet_answer *answer)
{
    struct fleet_error err = {0};

    if (runpod_judge(answer, &err) < 0)
        ALWAYS(err.text[0]);
    if (runpod_judge_graphql(answer, &err) < 0)
        ALWAYS(err.text[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 400, 403, 422, 503};
    struct fleet_answer answer = {
        .status = statuses[size ? data[0] % 5 : 0],
        .body = FL_BUF(1 << 20),
    };
    struct fleet_error err = {0};
    int64_t micros;
    json_t *body;

    fl_buf_add(&answer.body, data, size);
    check_judges(&answer);
    body = api_body(&answer);
    if (body) {
        check_pages(body);
        check_catalogue(body);
        if (runpod_read_balance(body, &micros, &err) < 0)
            ALWAYS(err.text[0]);
    }
    json_decref(body);
    fl_buf_clear(&answer.body);
    return 0;
}
