/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/runpod/judge.h"

#include "providers/api/api.h"

#include <stdio.h>
#include <string.h>

#define DETAIL_SIZE 300

static bool says_any(const char *text, const char *const *parts)
{
    for (; *parts; parts++) {
        if (api_contains(text, *parts))
            return true;
    }
    return false;
}

/* Never just "insufficient": that may be about the balance. */
static bool says_full(const char *detail)
{
    static const char *const parts[] = {"no instances",
                                        "no longer any instances",
                                        "no capacity",
                                        "no availability",
                                        "not available in",
                                        "currently unavailable",
                                        "out of stock",
                                        "no gpus available",
                                        "no resources available",
                                        "not enough free gpus",
                                        "does not have the resources",
                                        "could not be placed",
                                        NULL};

    return says_any(detail, parts);
}

static bool says_missing(const char *text)
{
    return strstr(text, "missing") != NULL;
}

/* The first complaint, one about a missing key before all others: without a key
 * that it needs, RunPod calls good ones superfluous. */
static const char *complaint(const json_t *problem)
{
    const json_t *list = json_object_get(problem, "errors"), *entry;
    const char *first = NULL;
    size_t i;

    json_array_foreach(list, i, entry)
    {
        const char *text = json_string_value(entry);

        if (text && says_missing(text))
            return text;
        if (!first)
            first = text;
    }
    return first;
}

static void read_detail(const struct fleet_answer *answer,
                        char detail[DETAIL_SIZE])
{
    AUTO_JSON json_t *problem = api_body(answer);
    const char *text = api_text(problem, "detail");
    const char *more = complaint(problem);

    if (!text)
        text = api_text(problem, "title");
    snprintf(detail, DETAIL_SIZE, "%.150s%s%.120s", text ? text : "",
             text && more ? " " : "", more ? more : "");
}

static int judge_400(const char *detail, struct fleet_error *err)
{
    if (api_contains(detail, "locked"))
        return fleet_fail(err, FLEET_ELOCKED,
                          "the pod is locked at RunPod: unlock it first");
    if (says_full(detail))
        return fleet_fail(err, FLEET_ECAPACITY, "%s", detail);
    if (api_contains(detail, "balance") || api_contains(detail, "funds"))
        return fleet_fail(err, FLEET_EQUOTA, "%s", detail);
    return fleet_fail(err, FLEET_EINVALID, "%s (HTTP 400)",
                      *detail ? detail : "refused as a bad request");
}

static int judge_403(const struct fleet_answer *answer, const char *detail,
                     struct fleet_error *err)
{
    if (strstr(fleet_answer_body(answer, NULL), "error code: 1010"))
        return fleet_fail(err, FLEET_EINTERNAL,
                          "RunPod's front refuses this program by its name "
                          "(error code 1010); the key is not to blame");
    return fleet_fail(err, FLEET_EAUTH,
                      "%s (HTTP 403): the key lacks the scope (make one with "
                      "read and write access to pods), or the account is not "
                      "let to these GPUs",
                      *detail ? detail : "access denied");
}

int runpod_judge(const struct fleet_answer *answer, struct fleet_error *err)
{
    int status = fleet_answer_status(answer);
    char detail[DETAIL_SIZE];
    int rc;

    if (status >= 200 && status < 300)
        return FLEET_OK;
    read_detail(answer, detail);
    switch (status) {
    case 400:
        return judge_400(detail, err);
    case 401:
        return fleet_fail(err, FLEET_EAUTH,
                          "the key is refused: check RUNPOD_API_KEY");
    case 403:
        return judge_403(answer, detail, err);
    case 405:
        return fleet_fail(err, FLEET_EINTERNAL,
                          "does not know this call (HTTP 405)");
    case 410:
        return fleet_fail(err, FLEET_EUNSUPPORTED,
                          "this version of the API has been retired: check "
                          "RUNPOD_API_URL");
    default:
        rc = fleet_answer_judge(answer, err);
        return *detail ? fleet_fail(err, rc, "%s (HTTP %d)", detail, status)
                       : rc;
    }
}

int runpod_judge_graphql(const struct fleet_answer *answer,
                         struct fleet_error *err)
{
    AUTO_JSON json_t *body = NULL;
    const json_t *errors;
    int rc = runpod_judge(answer, err);

    if (rc < 0)
        return rc;
    body = api_body(answer);
    errors = json_object_get(body, "errors");
    if (json_array_size(errors) == 0)
        return FLEET_OK;
    return fleet_fail(err, FLEET_EINVALID, "%.200s",
                      api_text(json_array_get(errors, 0), "message")
                          ? api_text(json_array_get(errors, 0), "message")
                          : "refused");
}
