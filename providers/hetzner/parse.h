/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef HETZNER_PARSE_H
#define HETZNER_PARSE_H

#include "providers/api/api.h"

/* Answers, read without taking anything on trust. All of it is pure. */

/* Labels that servers of ours carry. */
#define LABEL_OWNER "managed-by"
#define LABEL_FLEET "fleet" /* the value of LABEL_OWNER */
#define LABEL_NAME  "fleet-name"
#define LABEL_TOKEN "fleet-token"
/* Of servers whose image has sshd elsewhere than on 22, or lets in somebody
 * else than root. */
#define LABEL_PORT "fleet-ssh-port"
#define LABEL_USER "fleet-ssh-user"
#define USUAL_USER "root"

/* What things cost: /pricing, borrowed; NULL: not known. */
struct tariff {
    const json_t *pricing;
    bool net; /* without VAT */
};
const char *parse_currency(const struct tariff *tariff);
/* An hour of a server type, or of an IPv4 address, at a location, in
 * millionths; -1: not known. */
int64_t parse_type_price(const struct tariff *tariff, const json_t *type,
                         const char *location);
int64_t parse_ipv4_price(const struct tariff *tariff, const char *location);

enum fleet_state parse_state(const char *status);
/* FLEET_EINTERNAL when it is no server or has no id. */
int parse_server(const json_t *server, const struct tariff *tariff,
                 struct fleet_pod *pod, struct fleet_error *err);
/* The object in its wrapping: {"server":{...}}. FLEET_EINTERNAL: not there. */
int parse_wrapped(const json_t *answer, const char *name, const json_t **object,
                  struct fleet_error *err);
/* Whether fleet made it, or somebody gave it to fleet. */
bool parse_is_ours(const json_t *server);
const char *parse_label(const json_t *server, const char *name);

/* The page after PAGE; 0: that was the last. FLEET_EINTERNAL when the answer
 * would lead in circles, or does not say and N of SIZE entries fill the page.
 */
int parse_next_page(const json_t *answer, int64_t page, size_t n, size_t size,
                    int64_t *next, struct fleet_error *err);

/* Which of these images is NAME for that architecture; NULL: none. */
const json_t *parse_image(const json_t *images, const char *name,
                          const char *architecture);
/* The newest Ubuntu with long-term support. */
const json_t *parse_newest_ubuntu(const json_t *images,
                                  const char *architecture);

/* Whether this firewall lets SSH in at all. */
bool parse_lets_ssh_in(const json_t *firewall);

#endif
