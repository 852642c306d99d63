/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "plugins/check.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

#define MOST_GPUS 64
#define WORD_MAX  64

struct config {
    int64_t num_gpus, max_used_mb;
    char *smi;
};
static const char *const other_names[] = {"RUNPOD_NUM_GPUS", NULL};
/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "NUM_GPUS", .type = FLEET_OPT_INT, .aliases = other_names,
     .fallback = "1", .min = 0, .max = 64, .help = "GPUs in each pod",
     FLEET_AT(struct config, num_gpus)},
    {.key = "CHECK_GPU_MAX_USED_MB", .type = FLEET_OPT_INT,
     .fallback = "1024", .min = 0, .max = 1000000,
     .help = "warn when more memory of a GPU is in use",
     FLEET_AT(struct config, max_used_mb)},
    {.key = "CHECK_GPU_SMI", .type = FLEET_OPT_STRING,
     .fallback = "nvidia-smi",
     .help = "nvidia-smi, or where it is on the pods",
     FLEET_AT(struct config, smi)},
    {0},
};
/* clang-format on */

/* Drivers refuse a whole query for one field that they do not know, so newer
 * fields are asked for first and left out one generation after the other. The
 * name is the last one: it may hold anything. What one tells in place of an
 * answer is told too, with its exit status. */
static const char script_text[] =
    "PATH=$PATH:/usr/local/nvidia/bin:/usr/lib/wsl/lib:/opt/bin\n"
    "command -v \"$smi\" >/dev/null || { echo smi=absent; exit; }\n"
    "old=index,memory.total,memory.used,ecc.errors.uncorrected.volatile.total\n"
    "old=$old,mig.mode.current\n"
    "for more in retired_pages.pending,clocks_event_reasons.active,"
    "gpu_recovery_action \\\n"
    "    retired_pages.pending,clocks_event_reasons.active \\\n"
    "    retired_pages.pending,clocks_throttle_reasons.active; do\n"
    "    fields=$old,$more\n"
    "    said=$(\"$smi\" --query-gpu=$fields,name"
    " --format=csv,noheader,nounits 2>&1)\n"
    "    status=$?\n"
    "    case $said in *'valid field'*) continue ;; esac\n"
    "    break\n"
    "done\n"
    "case $said in *'valid field'*)\n"
    "    fields=index,memory.total,memory.used\n"
    "    said=$(\"$smi\" --query-gpu=$fields,name"
    " --format=csv,noheader,nounits 2>&1)\n"
    "    status=$?\n"
    "esac\n"
    "echo \"smi=$status\"\n"
    "echo \"fields=$fields\"\n"
    "printf '%s\\n' \"$said\" | head -n 64 | while IFS= read -r line; do\n"
    "    case $line in\n"
    "    [0-9]*,*) printf 'gpu=%s\\n' \"$line\" ;;\n"
    "    ?*) printf 'said=%s\\n' \"$line\" ;;\n"
    "    esac\n"
    "done\n"
    "dmesg | grep -o 'NVRM: Xid ([^)]*): [0-9]*' | tail -n 5 |\n"
    "    while IFS= read -r line; do echo \"xid=$line\"; done\n";

static int probe(const void *config, uint32_t flags,
                 struct fleet_writer *script, struct fleet_error *err)
{
    const struct config *limits = config;

    (void)flags;
    (void)err;
    write_assignment(script, "smi", limits->smi);
    fleet_write(script, script_text);
    return FLEET_OK;
}

/* ---- is it what was bought? ---- */

static int is_unit(const char *word, size_t len)
{
    static const char *const fronts[] = {"sxm", "pcie", "hbm", "nvl"};

    for (size_t i = 0; i < sizeof(fronts) / sizeof(*fronts); i++) {
        if (strncasecmp(word, fronts[i], strlen(fronts[i])) == 0)
            return 1;
    }
    if (len > 2 && strncasecmp(word + len - 2, "gb", 2) == 0)
        return 1;
    return tolower((unsigned char)word[len - 1]) == 'x' &&
           isdigit((unsigned char)word[0]);
}

/* Numbers and letters of a model: "4090", "A100", "L40S", and the words that
 * make it another one. Sizes, counts, plugs and makers do not. */
static int tells_model(const char *word, size_t len)
{
    static const char *const variants[] = {"ti", "super", "ada", "max"};

    for (size_t i = 0; i < sizeof(variants) / sizeof(*variants); i++) {
        if (len == strlen(variants[i]) &&
            strncasecmp(word, variants[i], len) == 0)
            return 1;
    }
    for (size_t i = 0; i < len; i++) {
        if (isdigit((unsigned char)word[i]))
            return !is_unit(word, len);
    }
    return 0;
}

static const char *next_word(const char *at, size_t *len)
{
    while (*at && !isalnum((unsigned char)*at))
        at++;
    for (*len = 0; isalnum((unsigned char)at[*len]);)
        ++*len;
    return *len ? at : NULL;
}

static int has_word(const char *text, const char *word, size_t len)
{
    size_t found;

    while ((text = next_word(text, &found))) {
        if (found == len && strncasecmp(text, word, len) == 0)
            return 1;
        text += found;
    }
    return 0;
}

/* Does every telling word of ONE stand in OTHER? */
static int covers(const char *one, const char *other)
{
    size_t len;

    while ((one = next_word(one, &len))) {
        if (tells_model(one, len) && !has_word(other, one, len))
            return 0;
        one += len;
    }
    return 1;
}

/* Both ways: a 4090 is no 4090 Ti, and a 4070 Ti no 4070. */
static int same_model(const char *bought, const char *found)
{
    return covers(bought, found) && covers(found, bought);
}

/* ---- one GPU ---- */

/* The field called NAME of a line with those FIELDS; "" when it has none, or
 * says that it is not supported. */
static const char *field_of(const char *line, const char *fields,
                            const char *name, char out[WORD_MAX])
{
    size_t len = strlen(name);

    out[0] = '\0';
    while (line && fields && *fields) {
        size_t field = strcspn(fields, ","), value = strcspn(line, ",");

        if (field == len && strncmp(fields, name, len) == 0) {
            snprintf(out, WORD_MAX, "%.*s", (int)value, line);
            break;
        }
        if (!fields[field] || !line[value])
            break;
        fields += field + 1;
        line += value + 1;
        line += strspn(line, " ");
    }
    if (strstr(out, "N/A") || strstr(out, "Not Supported") ||
        strstr(out, "Unknown"))
        out[0] = '\0';
    return out;
}

/* What stands behind all the fields. */
static const char *name_of(const char *line, const char *fields)
{
    for (; fields && line; fields = strchr(fields, ',')) {
        fields += *fields == ',';
        line = strchr(line, ',');
        if (line)
            line += 1 + strspn(line + 1, " ");
    }
    return line ? line : "";
}

static long long number_of(const char *line, const char *fields,
                           const char *name)
{
    char text[WORD_MAX], *end = NULL;
    long long number = strtoll(field_of(line, fields, name, text), &end, 10);

    return *text && end && !*end ? number : -1;
}

static void judge_clocks(const char *line, const char *fields, size_t i,
                         struct fleet_report *report)
{
    static const struct {
        unsigned long bit;
        const char *why;
    } reasons[] = {{0x40, "too hot (hardware)"},
                   {0x80, "the power supply brakes"},
                   {0x20, "too hot"},
                   {0x8, "slowed down by the hardware"}};
    char text[WORD_MAX];
    unsigned long bits;

    field_of(line, fields, "clocks_event_reasons.active", text);
    if (!*text)
        field_of(line, fields, "clocks_throttle_reasons.active", text);
    bits = strtoul(text, NULL, 16);
    for (size_t k = 0; k < sizeof(reasons) / sizeof(*reasons); k++) {
        if (bits & reasons[k].bit) {
            fleet_report(report, FLEET_WARN, "GPU %zu is throttled: %s", i,
                         reasons[k].why);
            return;
        }
    }
}

static void judge_faults(const char *line, const char *fields, size_t i,
                         struct fleet_report *report)
{
    long long errors =
        number_of(line, fields, "ecc.errors.uncorrected.volatile.total");
    char text[WORD_MAX];

    if (errors > 0)
        fleet_report(report, FLEET_FAIL,
                     "GPU %zu has %lld uncorrected ECC errors", i, errors);
    field_of(line, fields, "retired_pages.pending", text);
    if (strcasecmp(text, "yes") == 0)
        fleet_report(report, FLEET_WARN,
                     "GPU %zu has bad memory pages that go at its next reset",
                     i);
    field_of(line, fields, "gpu_recovery_action", text);
    if (*text && strcasecmp(text, "none") != 0)
        fleet_report(report, FLEET_FAIL, "GPU %zu needs recovery: %s", i, text);
    field_of(line, fields, "mig.mode.current", text);
    if (strcasecmp(text, "enabled") == 0)
        fleet_report(report, FLEET_WARN,
                     "GPU %zu is cut into slices (MIG is on)", i);
}

static void judge_gpu(const struct config *limits,
                      const struct fleet_facts *facts, const char *line,
                      size_t i, struct fleet_report *report)
{
    const char *fields = fleet_fact(facts, "fields");
    const char *bought = fleet_pod_get(fleet_facts_pod(facts), FLEET_POD_GPU);
    const char *name = name_of(line, fields);
    long long used = number_of(line, fields, "memory.used");
    long long total = number_of(line, fields, "memory.total");

    if (!*name)
        fleet_report(report, FLEET_FAIL,
                     "could not find out what GPU %zu is: %.100s", i, line);
    else if (bought && !same_model(bought, name))
        fleet_report(report, FLEET_FAIL, "GPU %zu is %.100s, bought was %.100s",
                     i, name, bought);
    if (used < 0 || total < 0)
        fleet_report(report, FLEET_WARN,
                     "could not find out how much memory of GPU %zu is in use",
                     i);
    else if (used > limits->max_used_mb)
        fleet_report(report, FLEET_WARN,
                     "%lld of %lld MB of GPU %zu are in use already", used,
                     total, i);
    judge_faults(line, fields, i, report);
    judge_clocks(line, fields, i, report);
}

/* ---- all of them ---- */

static int64_t expected_of(const struct config *limits,
                           const struct fleet_facts *facts)
{
    return fleet_pod_get_number(fleet_facts_pod(facts), FLEET_POD_GPUS,
                                limits->num_gpus);
}

/* Why there need be none; NULL: there must be some. */
static const char *needless(const struct config *limits,
                            const struct fleet_facts *facts)
{
    if (limits->num_gpus == 0)
        return "no GPU expected: NUM_GPUS is 0";
    return has_gpu(facts) ? NULL
                          : "no GPU expected: its provider tells of none";
}

static void judge_count(const struct config *limits,
                        const struct fleet_facts *facts, int64_t found,
                        struct fleet_report *report)
{
    int64_t expected = expected_of(limits, facts);

    if (found != expected)
        fleet_report(report, FLEET_FAIL, "%" PRId64 " GPUs instead of %" PRId64,
                     found, expected);
    else if (expected != limits->num_gpus)
        fleet_report(report, FLEET_WARN,
                     "bought with %" PRId64 " GPUs, NUM_GPUS is %" PRId64,
                     expected, limits->num_gpus);
}

static void judge_xids(const struct fleet_facts *facts,
                       struct fleet_report *report)
{
    const char *line;

    for (size_t i = 0; (line = fleet_fact_nth(facts, "xid", i)); i++)
        fleet_report(report, FLEET_WARN, "the kernel reports %.80s", line);
}

/* nvidia-smi was there and has said something else than lines of GPUs. */
static int judge_silence(const struct fleet_facts *facts,
                         struct fleet_report *report)
{
    const char *status = fleet_fact(facts, "smi");
    const char *said = fleet_fact(facts, "said");

    if (status && strcmp(status, "absent") == 0)
        fleet_report(report, FLEET_FAIL, "there is no nvidia-smi");
    else if (said)
        fleet_report(report, FLEET_FAIL, "nvidia-smi says: %.200s", said);
    else
        fleet_report(report, FLEET_FAIL,
                     "could not find out: nvidia-smi says nothing");
    return FLEET_OK;
}

static int judge(const void *config, uint32_t flags,
                 const struct fleet_facts *facts, struct fleet_report *report,
                 struct fleet_error *err)
{
    const char *line, *said = fleet_fact(facts, "said");
    const char *why = needless(config, facts);
    size_t n = 0;

    (void)flags;
    (void)err;
    if (why) {
        fleet_report(report, FLEET_SKIP, "%s", why);
        return FLEET_OK;
    }
    if (fleet_facts_timed_out(facts)) {
        fleet_report(report, FLEET_FAIL, "nvidia-smi does not answer");
        return FLEET_OK;
    }
    for (; n < MOST_GPUS && (line = fleet_fact_nth(facts, "gpu", n)); n++)
        judge_gpu(config, facts, line, n, report);
    if (n == 0)
        return judge_silence(facts, report);
    judge_count(config, facts, (int64_t)n, report);
    if (said || fleet_fact_number(facts, "smi", -1) != 0)
        fleet_report(report, FLEET_FAIL, "nvidia-smi says: %.200s",
                     said ? said : "nothing, but it fails");
    judge_xids(facts, report);
    fleet_report(
        report, FLEET_PASS, "%zux %.100s", n,
        name_of(fleet_fact(facts, "gpu"), fleet_fact(facts, "fields")));
    return FLEET_OK;
}

static const struct fleet_check_ops ops = {
    .probe = probe, .judge = judge, .limit_ms = 10000};

const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_CHECK, check, ops),
    .name = "gpu",
    .version = "1.0",
    .summary = "the GPUs that were bought are there and sound",
    .threads = FLEET_THREADS_PARALLEL,
    .options = options,
    .config_size = sizeof(struct config),
};
