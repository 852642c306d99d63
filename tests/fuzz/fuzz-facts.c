/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/text.h"
#include "core/engine/checkup.h"
#include "core/model/facts.h"
#include "tests/fuzz/fuzz.h"

#define NONCE "0123456789abcdef"
#define N     4

static void check_facts(const char *text, size_t len)
{
    FL_AUTO(fl_facts_clear) struct fleet_facts facts = {0};

    ALWAYS(fl_facts_parse(&facts, text, len) == FLEET_OK);
    ALWAYS(facts.n <= FL_FACTS_MAX);
    for (size_t i = 0; i < facts.n; i++) {
        const char *key = facts.at[i].key, *value = facts.at[i].value;

        ALWAYS(*key && strlen(key) <= FL_FACT_KEY_MAX);
        ALWAYS(strncmp(key, FL_FACT_HOST, strlen(FL_FACT_HOST)) != 0);
        ALWAYS(strlen(value) < FL_FACT_VALUE_MAX);
        ALWAYS(fl_utf8_valid(value, strlen(value)));
        ALWAYS(fleet_fact(&facts, key));
        fleet_fact_number(&facts, key, -1);
    }
}

/* A whole answer, as it comes over the connection. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *answer = (const char *)data;
    struct fl_section sections[N];
    bool whole = false;

    ALWAYS(fl_checkup_parse(answer, size, NONCE, sections, N, &whole) ==
           FLEET_OK);
    for (size_t i = 0; i < N; i++) {
        const struct fl_section *section = &sections[i];

        ALWAYS(section->status >= -1 && section->status <= 255);
        ALWAYS(!section->timed_out || section->status == -1);
        ALWAYS(section->text.len <= FL_PROBE_BYTES);
        check_facts(fl_buf_text(&section->text), section->text.len);
    }
    fl_sections_clear(sections, N);
    check_facts(answer, size);
    return 0;
}
