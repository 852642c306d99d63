/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */

/* Whatever Hetzner's API may answer, read as everything that it can be. */
#include "core/model/record.h"
#include "providers/hetzner/choice.h"
#include "providers/hetzner/judge.h"
#include "providers/hetzner/parse.h"
#include "tests/fuzz/fuzz.h"

static void check_server(const json_t *server, const struct tariff *tariff)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
    struct fleet_error err = {0};
    int rc = parse_server(server, tariff, pod, &err);
    bool ours = parse_is_ours(server);

    ALWAYS(rc == FLEET_OK || (rc == FLEET_EINTERNAL && err.text[0]));
    ALWAYS(rc || fl_pod_is_set(pod, FLEET_POD_ID));
    /* A token that somebody else has written is none. */
    ALWAYS(ours || !fl_pod_is_set(pod, FLEET_POD_TOKEN));
}

static void check_page(const json_t *answer, const struct tariff *tariff)
{
    const json_t *list, *entry;
    struct fleet_error err = {0};
    int64_t next = -1;
    size_t i;

    if (api_list(answer, "servers", &list, &err) < 0) {
        ALWAYS(err.text[0]);
        return;
    }
    if (parse_next_page(answer, 3, json_array_size(list), 50, &next, &err) ==
        FLEET_OK)
        ALWAYS(next == 0 || next > 3);
    json_array_foreach(list, i, entry) check_server(entry, tariff);
}

static void check_market(const json_t *answer)
{
    const json_t *images = json_object_get(answer, "images");
    const json_t *types = json_object_get(answer, "server_types");
    const json_t *type = choice_type(types, "cax21"), *entry;
    size_t i;

    parse_image(images, "ubuntu-24.04", "arm");
    parse_newest_ubuntu(images, "x86");
    choice_fits(type, "nbg1", "2026-11-25T10:00:00Z");
    json_array_foreach(json_object_get(answer, "firewalls"), i, entry)
        parse_lets_ssh_in(entry);
}

static void check_error(const json_t *answer)
{
    struct fleet_error err = {0};
    int rc = judge_error(422, api_object(answer, "error"), &err);

    ALWAYS(rc < 0 && rc >= FLEET_EUSAGE && rc == err.code && err.text[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_auto_t *answer = json_loadb((const char *)data, size, 0, NULL);
    const struct tariff tariff = {.pricing = api_object(answer, "pricing")};

    if (!answer)
        return 0;
    check_server(api_object(answer, "server"), &tariff);
    check_page(answer, &tariff);
    check_market(answer);
    check_error(answer);
    return 0;
}
