/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/text.h"
#include "core/engine/ports.h"
#include "core/model/forward.h"
#include "tests/fuzz/fuzz.h"

/* A deployed file: whatever is in it, what is taken from it are names of the
 * cohort, each with a port of its own. */
static void check_ports(const struct fl_cohort *cohort,
                        const struct fl_ports *ports)
{
    static bool used[65536];

    for (size_t i = 0; i < ports->n; i++) {
        const struct fl_port *port = &ports->at[i];

        ALWAYS(fl_name_valid(port->name));
        ALWAYS(fl_cohort_short(cohort, port->name));
        ALWAYS(port->port >= 1 && port->port <= 65535);
        ALWAYS(fl_ports_get(ports, port->name) == port->port);
        ALWAYS(!used[port->port]);
        used[port->port] = true;
    }
    for (size_t i = 0; i < ports->n; i++)
        used[ports->at[i].port] = false;
}

/* What its forwards lead to is somewhere, wherever that is. */
static void check_forwards(const char *text, size_t size)
{
    FL_AUTO(fl_forward_list_clear) struct fl_forward_list list = {0};
    struct fleet_error err = {0};
    int rc = fl_forwards_parse("old.conf", text, size, &list, &err);

    ALWAYS(rc == FLEET_OK || rc == FLEET_ECONFIG);
    ALWAYS(rc == FLEET_OK || (*err.text && list.n == 0));
    for (size_t i = 0; i < list.n; i++) {
        ALWAYS(*list.at[i].host);
        ALWAYS(list.at[i].port >= 1 && list.at[i].port <= 65535);
        ALWAYS(list.at[i].ssh_port >= 1 && list.at[i].ssh_port <= 65535);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FL_AUTO(fl_cohort_clear) struct fl_cohort cohort = {0};
    FL_AUTO(fl_ports_clear) struct fl_ports ports = {0};
    static const char *const names[] = {"arena-apple", "arena-new"};
    struct fleet_error err = {0};
    int rc;

    ALWAYS(fl_cohort_init(&cohort, "arena", NULL, NULL) == FLEET_OK);
    rc = fl_ports_parse(&cohort, "old.conf", (const char *)data, size, &ports,
                        &err);
    ALWAYS(rc == FLEET_OK || rc == FLEET_ECONFIG);
    ALWAYS(rc == FLEET_OK || (*err.text && ports.n == 0));
    ALWAYS(fl_utf8_valid(err.text, strlen(err.text)));
    check_ports(&cohort, &ports);
    ALWAYS(fl_ports_plan(&ports, names, 2, 12000, NULL) == FLEET_OK);
    check_ports(&cohort, &ports);
    check_forwards((const char *)data, size);
    return 0;
}
