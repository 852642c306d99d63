/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_UNIT_AWS_H
#define FL_UNIT_AWS_H

#include "providers/aws/groupform.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* What the tests of AWS's wire have in common: instances as it describes them,
 * and a wish. */

static inline json_t *xml(const char *text)
{
    struct fleet_error err = {0};
    json_t *value = NULL;

    if (xml_read(text, strlen(text), &value, &err) < 0)
        fail_msg("%s: %s", err.text, text);
    return value;
}

#define STATE(name_)                                                           \
    "<instanceState><code>1</code><name>" name_ "</name></instanceState>"
#define TAG(key_, value_)                                                      \
    "<item><key>" key_ "</key><value>" value_ "</value></item>"

#define KEY "ssh-ed25519 AAAAC3Nz it's me"

static struct config config = {.volume_type = (char *)"gp3",
                               .tags = (char *)"valohai=1\nteam=a=b"};

static inline struct wish a_wish(void)
{
    static json_t *subnets;

    if (!subnets)
        subnets = json_pack("[s,s]", "subnet-1", "subnet-2");
    return (struct wish){.name = "arena-apple",
                         .token = "t-1",
                         .cohort = "arena",
                         .user = "root",
                         .public_key = KEY,
                         .type = "g5.xlarge",
                         .spot = true,
                         .max_micros = 1250000,
                         .disk_gb = 100,
                         .image = "ami-1",
                         .root_device = "/dev/sda1",
                         .key = "fleet-k",
                         .group = "sg-1\nsg-2",
                         .subnets = subnets,
                         .config = &config};
}

static inline void has(const struct form *form, const char *pair)
{
    if (!form->text || !strstr(form->text, pair))
        fail_msg("no %s in %s", pair, form->text ? form->text : "nothing");
}

#endif
