/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_MODEL_FACTS_H
#define FL_MODEL_FACTS_H

#include "core/base/cleanup.h"

#include <fleet/check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What one probe has printed, and what the host knows beside it. */
#define FL_FACTS_MAX      1000
#define FL_FACT_KEY_MAX   64
#define FL_FACT_VALUE_MAX 4096 /* with the NUL behind it */
/* Keys of the host's own facts begin so; a probe's that do are ignored. */
#define FL_FACT_HOST "fleet_"

struct fl_fact {
    char *key, *value;
};
struct fleet_facts {
    struct fl_fact *at;
    size_t n, size;
    const struct fleet_pod *pod; /* borrowed */
    int64_t elapsed_ms;
    bool timed_out;
};

/* Adds every line KEY=VALUE with a key of [a-z][a-z0-9_.-]*; other lines are
 * not for us. Bytes that are no UTF-8 become \xNN, long values are cut, and
 * what comes after FL_FACTS_MAX facts is left out. FLEET_OK or FLEET_ENOMEM. */
int fl_facts_parse(struct fleet_facts *facts, const char *text, size_t len);
/* One fact of the host's; KEY without FL_FACT_HOST. */
int fl_facts_tell(struct fleet_facts *facts, const char *key,
                  const char *value);
int fl_facts_tell_number(struct fleet_facts *facts, const char *key,
                         int64_t value);
void fl_facts_clear(struct fleet_facts *facts);
FL_CLEANUP_IN_PLACE(fl_facts_clear, struct fleet_facts);

#endif
