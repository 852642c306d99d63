/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/ec2.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { PAGES_MAX = 1000 };

int ec2_enter(struct ec2 *ec2, struct fleet_error *err)
{
    int64_t left = fleet_call_left_ms();
    struct timespec until;

    if (left > 3600000)
        left = 3600000;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(left / 1000) + 1;
    if (pthread_mutex_timedlock(&ec2->mutex, &until) == 0)
        return FLEET_OK;
    return fleet_fail(err, FLEET_ETRANSIENT,
                      "another call took too long over what both need");
}

void ec2_leave(struct ec2 *ec2)
{
    pthread_mutex_unlock(&ec2->mutex);
}

int ec2_ask(struct ec2 *ec2, const char *action, struct form *form,
            json_t **answer, struct aws_fault *fault, struct fleet_error *err)
{
    return aws_ask(&ec2->aws, &service_ec2, action, form, answer, fault, err);
}

/* The form as it is, and the page behind it. */
static int ask_page(struct ec2 *ec2, const char *action,
                    const struct form *form, int max, const char *token,
                    json_t **answer, struct fleet_error *err)
{
    AUTO_FREE char *body = NULL, *next = token ? api_escape(token) : NULL;
    struct aws_call call = {.service = &service_ec2, .action = action};

    if (!form->text || (token && !next) ||
        asprintf(&body, "%s&MaxResults=%d%s%s", form->text, max,
                 next ? "&NextToken=" : "", next ? next : "") < 0) {
        body = NULL;
        return api_enomem(err);
    }
    call.body = body;
    return aws_send(&ec2->aws, &call, answer, NULL, err);
}

static int next_of(const json_t *answer, char **at, struct fleet_error *err)
{
    const char *next = parse_next(answer);

    if (next && *at && strcmp(*at, next) == 0)
        return fleet_fail(err, FLEET_EINTERNAL,
                          "a page that leads back to itself");
    free(*at);
    *at = next ? strdup(next) : NULL;
    return next && !*at ? api_enomem(err) : FLEET_OK;
}

static int read_pages(struct ec2 *ec2, const char *action,
                      const struct form *form, int max, const char *list,
                      json_t *into, struct fleet_error *err)
{
    AUTO_FREE char *at = NULL;
    int rc = FLEET_OK;

    for (int page = 0; rc == FLEET_OK && page < PAGES_MAX; page++) {
        AUTO_JSON json_t *answer = NULL;
        const json_t *found;

        rc = ask_page(ec2, action, form, max, at, &answer, err);
        if (rc < 0)
            return rc;
        found = xml_list(answer, list);
        /* Nothing at all is no empty list. */
        if (!found && !api_text(answer, "requestId"))
            return fleet_fail(err, FLEET_EINTERNAL,
                              "an answer to %s without its list", action);
        if (found && json_array_extend(into, (json_t *)found) < 0)
            return api_enomem(err);
        rc = next_of(answer, &at, err);
        if (!at)
            return rc;
    }
    return rc < 0 ? rc
                  : fleet_fail(err, FLEET_EINTERNAL,
                               "the answers to %s do not end", action);
}

int ec2_read_all(struct ec2 *ec2, const char *action, struct form *form,
                 int max, const char *list, json_t **all,
                 struct fleet_error *err)
{
    json_t *into = json_array();
    int rc = into ? read_pages(ec2, action, form, max, list, into, err)
                  : api_enomem(err);

    form_close(form);
    if (rc < 0)
        json_decref(into);
    else
        *all = into;
    return rc;
}
