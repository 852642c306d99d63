/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef VAST_CONFIG_H
#define VAST_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

/* As the options table in vast.c fills it. Lists have one entry a line. */
struct vast_config {
    char *api_key, *api_url;
    /* Which offers are looked for. */
    bool spot, unverified;
    int64_t bid_micros; /* 0: a little above the lowest */
    int64_t reliability_percent, duration_ms;
    char *countries, *avoid; /* lists */
    /* What an instance is. */
    char *runtype, *onstart, *template_hash, *image_login;
    char *ssh; /* "direct" or "proxy" */
    char *ssh_user;
    int64_t pace_percent;
};

#endif
