/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/verdict.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/cmd/document.h"
#include "core/cmd/keep.h"

#include <string.h>

#define FACTS_MAX (512 * 1024) /* of one pod, in the state */

/* ---- JSON ---- */

/* The host's own facts are nobody's findings, but for the check that has no
 * others. */
static bool is_shown(const struct fl_check *check, const struct fl_fact *fact)
{
    return !check->script ||
           strncmp(fact->key, FL_FACT_HOST, strlen(FL_FACT_HOST)) != 0;
}

static const char *shown_key(const struct fl_fact *fact)
{
    size_t prefix = strlen(FL_FACT_HOST);

    return strncmp(fact->key, FL_FACT_HOST, prefix) == 0 ? fact->key + prefix
                                                         : fact->key;
}

/* A key that came several times has a list. */
static void put_fact(json_t *object, const char *key, const char *value)
{
    json_t *before = json_object_get(object, key);
    json_t *list;

    if (!before) {
        fl_json_put(object, key, fl_json_text(value));
        return;
    }
    if (json_is_array(before)) {
        fl_json_add(before, fl_json_text(value));
        return;
    }
    list = json_array();
    fl_json_add(list, json_incref(before));
    fl_json_add(list, fl_json_text(value));
    fl_json_put(object, key, list);
}

static json_t *json_facts(const struct fl_check *check,
                          const struct fleet_facts *facts)
{
    json_t *object = json_object();

    for (size_t i = 0; i < facts->n; i++) {
        if (is_shown(check, &facts->at[i]))
            put_fact(object, shown_key(&facts->at[i]), facts->at[i].value);
    }
    return object;
}

static json_t *json_checks(const struct fl_checks *checks,
                           const struct fl_test_result *result)
{
    json_t *list = json_array();

    for (size_t i = 0; i < checks->n; i++) {
        const struct fl_finding *finding = &result->findings[i];
        json_t *entry = json_object();

        fl_json_put(entry, "check", fl_json_text(checks->at[i].name));
        fl_json_put(entry, "verdict",
                    fl_json_text(fl_verdict_name(finding->verdict)));
        fl_json_put(entry, "detail", fl_json_text(finding->detail));
        fl_json_put(entry, "facts",
                    json_facts(&checks->at[i], &finding->facts));
        fl_json_add(list, entry);
    }
    return list;
}

static json_t *json_result(const struct fl_checks *checks,
                           const struct fl_test_result *result)
{
    json_t *entry = json_object();

    fl_json_put(entry, "name", fl_json_text(result->name));
    fl_json_put(entry, "verdict",
                fl_json_text(fl_verdict_name(result->verdict)));
    fl_json_put(entry, "elapsed_ms", json_integer(result->elapsed_ms));
    fl_json_put(entry, "stage", fl_json_text(result->stage));
    fl_json_put(entry, "error",
                result->stage ? fl_json_error(&result->error, result->name,
                                              result->member->listing->name)
                              : json_null());
    fl_json_put(entry, "checks", json_checks(checks, result));
    return entry;
}

void fl_verdict_document(struct fl_context *context,
                         const struct fl_checks *checks,
                         const struct fl_test_results *results)
{
    json_t *list = json_array(), *summary = json_object();
    json_int_t counts[FLEET_FAIL + 1] = {0};

    for (size_t i = 0; i < results->n; i++) {
        fl_json_add(list, json_result(checks, &results->at[i]));
        counts[results->at[i].verdict]++;
    }
    fl_json_put(summary, "pass", json_integer(counts[FLEET_PASS]));
    fl_json_put(summary, "warn", json_integer(counts[FLEET_WARN]));
    fl_json_put(summary, "fail", json_integer(counts[FLEET_FAIL]));
    fl_json_put(context->document, "results", list);
    fl_json_put(context->document, "summary", summary);
}

/* ---- JUnit ---- */

/* U+FFFE and U+FFFF are characters, but XML takes neither. */
static bool is_refused(const char *text)
{
    return strncmp(text, "\xef\xbf\xbe", 3) == 0 ||
           strncmp(text, "\xef\xbf\xbf", 3) == 0;
}

/* TEXT is escaped for people already: no control characters are in it. */
static void put_xml(struct fl_buf *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        switch (c) {
        case '&':
            fl_buf_puts(out, "&amp;");
            break;
        case '<':
            fl_buf_puts(out, "&lt;");
            break;
        case '>':
            fl_buf_puts(out, "&gt;");
            break;
        case '"':
            fl_buf_puts(out, "&quot;");
            break;
        default:
            if (is_refused(text))
                text += 2;
            else
                fl_buf_putc(out, *text);
        }
    }
}

static void put_attribute(struct fl_buf *out, const char *name,
                          const char *text)
{
    FL_AUTO(fl_buf_clear)
    struct fl_buf escaped = FL_BUF(16 * FL_REPORT_MAX);

    fl_text_escape(&escaped, text);
    fl_buf_printf(out, " %s=\"", name);
    put_xml(out, fl_buf_text(&escaped));
    fl_buf_putc(out, '"');
}

static void put_case(struct fl_buf *out, const struct fl_check *check,
                     const struct fl_test_result *result,
                     const struct fl_finding *finding)
{
    fl_buf_puts(out, "    <testcase");
    put_attribute(out, "classname", result->name);
    put_attribute(out, "name", check->name);
    fl_buf_puts(out, " time=\"0\">");
    if (finding->verdict == FLEET_FAIL || finding->verdict == FLEET_SKIP) {
        fl_buf_puts(out,
                    finding->verdict == FLEET_FAIL ? "<failure" : "<skipped");
        put_attribute(out, "message", finding->detail);
        fl_buf_puts(out, "/>");
    } else if (*finding->detail) {
        FL_AUTO(fl_buf_clear)
        struct fl_buf escaped = FL_BUF(16 * FL_REPORT_MAX);

        fl_text_escape(&escaped, finding->detail);
        fl_buf_puts(out, "<system-out>");
        if (finding->verdict == FLEET_WARN)
            fl_buf_puts(out, "warning: ");
        put_xml(out, fl_buf_text(&escaped));
        fl_buf_puts(out, "</system-out>");
    }
    fl_buf_puts(out, "</testcase>\n");
}

static size_t count(const struct fl_test_result *result, size_t n, int verdict)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++)
        found += result->findings[i].verdict == verdict;
    return found;
}

static void put_suite(struct fl_buf *out, const struct fl_checks *checks,
                      const struct fl_test_result *result)
{
    fl_buf_puts(out, "  <testsuite");
    put_attribute(out, "name", result->name);
    fl_buf_printf(out,
                  " tests=\"%zu\" failures=\"%zu\" errors=\"0\""
                  " skipped=\"%zu\" time=\"%.3f\">\n",
                  checks->n, count(result, checks->n, FLEET_FAIL),
                  count(result, checks->n, FLEET_SKIP),
                  (double)result->elapsed_ms / 1000);
    for (size_t i = 0; i < checks->n; i++)
        put_case(out, &checks->at[i], result, &result->findings[i]);
    fl_buf_puts(out, "  </testsuite>\n");
}

int fl_verdict_junit(const struct fl_checks *checks,
                     const struct fl_test_results *results, const char *cohort,
                     struct fl_buf *out)
{
    fl_buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    put_attribute(out, "name", cohort);
    fl_buf_puts(out, ">\n");
    for (size_t i = 0; i < results->n; i++)
        put_suite(out, checks, &results->at[i]);
    return fl_buf_puts(out, "</testsuites>\n");
}

/* ---- the state ---- */

static int make_row(const struct fl_checks *checks,
                    const struct fl_test_result *result, const char *now,
                    struct fl_verdict *row)
{
    json_t *list = json_checks(checks, result);
    char *facts = json_dumps(list, JSON_COMPACT);

    json_decref(list);
    if (facts && strlen(facts) > FACTS_MAX) {
        free(facts);
        facts = strdup("[]");
    }
    *row = (struct fl_verdict){
        .name = (char *)result->name,
        .provider = (char *)result->member->listing->name,
        .pod_id = (char *)fleet_pod_get(result->member->pod, FLEET_POD_ID),
        .at = (char *)now,
        .verdict = (char *)fl_verdict_name(result->verdict),
        .facts = facts,
    };
    return facts ? FLEET_OK : FLEET_ENOMEM;
}

struct rows {
    struct fl_verdict *verdicts;
    struct fl_host_key *keys;
    size_t n_verdicts, n_keys;
};

/* A run that was cut short has not tested what it did not come to. */
static bool was_tested(const struct fl_test_result *result)
{
    return result->error.code != FLEET_ECANCELLED &&
           fleet_pod_get(result->member->pod, FLEET_POD_ID);
}

static int make_rows(const struct fl_checks *checks,
                     const struct fl_test_results *results, const char *now,
                     struct rows *rows)
{
    for (size_t i = 0; i < results->n; i++) {
        const struct fl_test_result *result = &results->at[i];
        const struct fl_verdict *row = &rows->verdicts[rows->n_verdicts];

        if (!was_tested(result))
            continue;
        if (make_row(checks, result, now, &rows->verdicts[rows->n_verdicts]) <
            0)
            return FLEET_ENOMEM;
        rows->n_verdicts++;
        if (result->learnt)
            rows->keys[rows->n_keys++] =
                (struct fl_host_key){row->name, row->provider, row->pod_id,
                                     (char *)now, result->learnt};
    }
    return FLEET_OK;
}

void fl_verdict_record(struct fl_context *context,
                       const struct fl_checks *checks,
                       const struct fl_test_results *results)
{
    struct rows rows = {
        .verdicts = calloc(results->n + 1, sizeof(*rows.verdicts)),
        .keys = calloc(results->n + 1, sizeof(*rows.keys)),
    };
    struct fleet_error err = {0};
    char now[FL_STAMP_SIZE];
    int rc = rows.verdicts && rows.keys ? FLEET_OK : fl_enomem(&err);

    fl_stamp(now, time(NULL));
    if (rc == 0 && make_rows(checks, results, now, &rows) < 0)
        rc = fl_enomem(&err);
    if (rc == 0 && rows.n_verdicts > 0)
        rc = fl_keep(context, rows.verdicts, rows.n_verdicts, rows.keys,
                     rows.n_keys, &err);
    if (rc < 0)
        fl_say(context, "fleet: warning: the verdicts are not kept: %s",
               err.text);
    for (size_t i = 0; i < rows.n_verdicts; i++)
        free(rows.verdicts[i].facts);
    free(rows.verdicts);
    free(rows.keys);
}
