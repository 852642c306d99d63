/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/hetzner/handle.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

enum { PAGE_SIZE = 50, PAGES_MAX = 1000 };

int hetzner_enter(struct hetzner *h, struct fleet_error *err)
{
    int64_t left = fleet_call_left_ms();
    struct timespec until;

    if (left > 3600000)
        left = 3600000;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(left / 1000);
    until.tv_nsec += (long)(left % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    if (pthread_mutex_timedlock(&h->mutex, &until) == 0)
        return FLEET_OK;
    return fleet_fail(err, FLEET_ETRANSIENT,
                      "another call took too long over what both need");
}

void hetzner_leave(struct hetzner *h)
{
    pthread_mutex_unlock(&h->mutex);
}

int hetzner_read(struct hetzner *h, json_t **answer, struct fleet_error *err,
                 const char *format, ...)
{
    const struct api_call call = {.method = "GET",
                                  .flags = FLEET_HTTP_REPEATABLE,
                                  .lane = HETZNER_LANE,
                                  .gap_ms = HETZNER_GAP_MS};
    AUTO_FREE char *path = NULL;
    va_list args;
    int len;

    va_start(args, format);
    len = vasprintf(&path, format, args);
    va_end(args);
    if (len < 0) {
        path = NULL;
        return api_enomem(err);
    }
    return api_send(&h->api, &call, answer, err, "%s", path);
}

static int read_page(struct hetzner *h, const char *path, const char *query,
                     const char *key, int64_t *page, json_t *all,
                     struct fleet_error *err)
{
    AUTO_JSON json_t *answer = NULL;
    const json_t *list;
    int rc = hetzner_read(h, &answer, err, "%s?%sper_page=%d&page=%lld", path,
                          query, PAGE_SIZE, (long long)*page);

    if (rc == FLEET_OK)
        rc = api_list(answer, key, &list, err);
    if (rc == FLEET_OK)
        rc = parse_next_page(answer, *page, json_array_size(list), PAGE_SIZE,
                             page, err);
    if (rc == FLEET_OK && json_array_extend(all, (json_t *)list) < 0)
        rc = api_enomem(err);
    return rc;
}

int hetzner_read_all(struct hetzner *h, const char *path, const char *query,
                     const char *key, json_t **all, struct fleet_error *err)
{
    AUTO_JSON json_t *list = json_array();
    int64_t page = 1;
    int rc = list ? FLEET_OK : api_enomem(err);

    for (int n = 0; rc == FLEET_OK && page != 0; n++) {
        if (n == PAGES_MAX)
            return fleet_fail(err, FLEET_EINTERNAL, "more than %d pages of %s",
                              PAGES_MAX, key);
        rc = read_page(h, path, query, key, &page, list, err);
    }
    if (rc < 0)
        return rc;
    *all = json_incref(list);
    return FLEET_OK;
}
