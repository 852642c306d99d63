/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/hetzner/left.h"

static bool is_loose(const json_t *entry, const char *owner)
{
    return !json_is_integer(json_object_get(entry, owner));
}

static int report_volumes(struct hetzner *h, struct fleet_report *report,
                          struct fleet_error *err)
{
    AUTO_JSON json_t *all = NULL;
    const json_t *entry;
    size_t i;
    int rc = hetzner_read_all(h, "/volumes", "", "volumes", &all, err);

    if (rc < 0)
        return rc;
    json_array_foreach(all, i, entry)
    {
        const char *name = api_text(entry, "name");

        if (is_loose(entry, "server"))
            fleet_report(report, FLEET_FAIL,
                         "volume %.60s, %.0f GB, on no server",
                         name ? name : "without a name",
                         json_number_value(json_object_get(entry, "size")));
    }
    return FLEET_OK;
}

int left_report(struct hetzner *h, struct fleet_report *report,
                struct fleet_error *err)
{
    AUTO_JSON json_t *all = NULL;
    const json_t *entry;
    size_t i;
    int rc = report_volumes(h, report, err);

    if (rc == FLEET_OK)
        rc = hetzner_read_all(h, "/primary_ips", "", "primary_ips", &all, err);
    if (rc < 0)
        return rc;
    json_array_foreach(all, i, entry)
    {
        const char *ip = api_text(entry, "ip");

        if (is_loose(entry, "assignee_id"))
            fleet_report(report, FLEET_FAIL, "address %.60s, on no server",
                         ip ? ip : "?");
    }
    return FLEET_OK;
}
