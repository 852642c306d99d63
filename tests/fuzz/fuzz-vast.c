/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */

/* Whatever Vast.ai answers: every reader looks at it, and what they make of it
 * is a record without a fault, or an error with a text. */
#include "core/model/record.h"
#include "core/net/http.h"
#include "providers/api/api.h"
#include "providers/vast/judge.h"
#include "providers/vast/parse.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static const struct vast_config config = {
    .runtype = (char *)"ssh_direc ssh_proxy",
    .ssh = (char *)"direct",
    .ssh_user = (char *)"root",
};

static void check_pods(const json_t *rows)
{
    const char *id;
    json_t *row;

    json_object_foreach((json_t *)rows, id, row)
    {
        FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
        struct vast_place place;

        vast_pod(pod, row, false, &config);
        ALWAYS(strcmp(fleet_pod_get(pod, FLEET_POD_ID), id) == 0);
        if (vast_place(row, true, &place))
            ALWAYS(place.port >= 1 && place.port <= 65535);
    }
}

static void check_list(const json_t *answer)
{
    AUTO_JSON json_t *rows = json_object();
    struct fleet_error err = {0};
    const char *next = NULL;
    const json_t *row;
    int64_t total;

    if (vast_page(answer, rows, &next, &total, &err) == FLEET_OK)
        check_pods(rows);
    else
        ALWAYS(err.text[0]);
    if (vast_instance(answer, &row, &err) == FLEET_OK)
        ALWAYS(json_is_object(row));
}

static void check_offers(const json_t *answer, struct vast_want *want)
{
    const json_t *list = json_object_get(answer, "offers"), *row;
    size_t i;

    json_array_foreach(list, i, row)
    {
        FL_AUTO(fl_offer_free) struct fleet_offer *offer = fl_offer_new();
        const char *id;
        int64_t ask, bid;

        want->spot = i % 2;
        if (!vast_offer_fits(row, want, true))
            continue;
        vast_offer(offer, row, want);
        id = fl_offer_get(offer, FLEET_OFFER_ID);
        ALWAYS(id && vast_offer_read(id, &ask, &bid, NULL) == FLEET_OK);
        ALWAYS((bid > 0) == want->spot);
        ALWAYS(fl_offer_get_number(offer, FLEET_OFFER_PRICE_MICROS, -1) >= 0);
    }
}

static void check_judges(const uint8_t *data, size_t size)
{
    static fleet_judge_function *const judges[] = {
        vast_judge, vast_judge_instance, vast_judge_create, vast_judge_attach};
    static const int statuses[] = {200, 400, 403, 404, 410, 429, 500};
    struct fleet_answer answer = {0};

    fl_buf_init(&answer.body, 1 << 20);
    if (fl_buf_add(&answer.body, (const char *)data, size) == 0) {
        for (size_t i = 0; i < 28; i++) {
            struct fleet_error err = {0};

            answer.status = statuses[i / 4];
            ALWAYS(judges[i % 4](&answer, &err) == FLEET_OK ||
                   (err.text[0] && err.retry_ms <= 60000));
        }
    }
    fl_buf_clear(&answer.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *answer =
        json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    struct vast_want want = {
        .names = json_array(), .gpus = 1, .disk_gb = 20, .verified = true};

    check_judges(data, size);
    if (json_is_object(answer)) {
        check_list(answer);
        check_offers(answer, &want);
    }
    vast_want_clear(&want);
    json_decref(answer);
    return 0;
}
