/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/report.h"

#include <stdio.h>
#include <string.h>

#define FINDING_MAX 2048

static const char *const names[] = {
    [FLEET_PASS] = "pass",
    [FLEET_SKIP] = "skip",
    [FLEET_WARN] = "warn",
    [FLEET_FAIL] = "fail",
};
#define N_NAMES ((int)(sizeof(names) / sizeof(names[0])))

const char *fl_verdict_name(int verdict)
{
    return verdict >= FLEET_PASS && verdict < N_NAMES ? names[verdict]
                                                      : "unknown";
}

void fl_report_init(struct fleet_report *report)
{
    *report = (struct fleet_report){.detail = FL_BUF(FL_REPORT_MAX)};
}

void fl_report_clear(struct fleet_report *report)
{
    fl_buf_clear(&report->detail);
    report->verdict = 0;
}

int fl_report_verdict(const struct fleet_report *report)
{
    return report->verdict ? report->verdict : FLEET_PASS;
}

/* A verdict from a newer plugin than we are: the careful reading. */
static int known(int verdict)
{
    return verdict >= FLEET_PASS && verdict < N_NAMES ? verdict : FLEET_FAIL;
}

/* What passed is not worth a word beside what did not, but a warning is worth
 * one beside a failure. */
static bool belongs(int verdict, int worst)
{
    return verdict >= FLEET_WARN || verdict == worst;
}

/* One finding; what does not fit ends in "...", between two characters. */
static void put_finding(struct fl_buf *detail, const char *format, va_list args)
{
    char text[FINDING_MAX];
    int len = vsnprintf(text, sizeof(text), format, args);

    if (len <= 0)
        return;
    if ((size_t)len >= sizeof(text)) {
        size_t cut = sizeof(text) - sizeof("...");

        while (cut > 0 && ((unsigned char)text[cut] & 0xc0) == 0x80)
            cut--;
        memcpy(text + cut, "...", sizeof("..."));
    }
    /* A detail that is full tells the rest by its verdict. */
    if (detail->len + strlen(text) + sizeof("; ") > FL_REPORT_MAX)
        return;
    if (detail->len)
        fl_buf_puts(detail, "; ");
    fl_buf_puts(detail, text);
}

void fleet_report(struct fleet_report *report, int verdict, const char *format,
                  ...)
{
    va_list args;

    verdict = known(verdict);
    if (verdict > report->verdict) {
        if (!belongs(report->verdict, verdict))
            fl_buf_empty(&report->detail);
        report->verdict = verdict;
    }
    if (!belongs(verdict, report->verdict))
        return;
    va_start(args, format);
    put_finding(&report->detail, format, args);
    va_end(args);
}
