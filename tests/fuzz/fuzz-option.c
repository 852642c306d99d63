/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/model/money.h"
#include "core/model/option.h"
#include "tests/fuzz/fuzz.h"

struct sample {
    char *text, *secret, *choice, *path, *list, *blanks;
    bool yes;
    int64_t number, wait, price;
};
#define AT(member_) FLEET_AT(struct sample, member_)

static const char *const choices[] = {"small", "large", NULL};

/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "TEXT", .type = FLEET_OPT_STRING, .help = "h", AT(text)},
    {.key = "SECRET", .type = FLEET_OPT_SECRET, .help = "h", AT(secret)},
    {.key = "CHOICE", .type = FLEET_OPT_CHOICE, .help = "h",
     .choices = choices, AT(choice)},
    {.key = "PATH_", .type = FLEET_OPT_PATH, .help = "h", AT(path)},
    {.key = "LIST", .type = FLEET_OPT_LIST, .help = "h", AT(list)},
    {.key = "BLANKS", .type = FLEET_OPT_LIST, .flags = FLEET_OPT_BLANKS,
     .help = "h", AT(blanks)},
    {.key = "YES", .type = FLEET_OPT_BOOL, .help = "h", AT(yes)},
    {.key = "NUMBER", .type = FLEET_OPT_INT, .help = "h", .min = -9,
     .max = 600, AT(number)},
    {.key = "WAIT", .type = FLEET_OPT_DURATION, .help = "h", .min = 1,
     .max = 600000, AT(wait)},
    {.key = "PRICE", .type = FLEET_OPT_PRICE, .help = "h", .min = 0,
     .max = 5000000, AT(price)},
    {0},
};
/* clang-format on */
static const struct fl_options table = {options, sizeof(*options)};

static void check_list(const char *list)
{
    size_t len = strlen(list);

    ALWAYS(!strstr(list, "\n\n"));
    ALWAYS(list[0] != '\n' && list[0] != ' ');
    ALWAYS(len == 0 || !strchr("\n \t", list[len - 1]));
}

static void check_options(const char *text)
{
    struct sample sample = {.number = 0, .wait = 1, .price = 0};
    struct fleet_option option;

    for (size_t i = 0; fl_option_at(&table, i, &option); i++) {
        struct fleet_error err = {0};
        int rc = fl_option_set(&option, &sample, text, "/base", &err);

        ALWAYS(rc == FLEET_OK || rc == FLEET_EINVALID);
        ALWAYS(rc == FLEET_OK ||
               strncmp(err.text, option.key, strlen(option.key)) == 0);
        ALWAYS(fl_utf8_valid(err.text, strlen(err.text)));
    }
    ALWAYS(sample.number >= -9 && sample.number <= 600);
    ALWAYS(sample.wait >= 1 && sample.wait <= 600000);
    ALWAYS(sample.price >= 0 && sample.price <= 5000000);
    ALWAYS(strcmp(sample.text, text) == 0);
    ALWAYS(!sample.path || !*sample.path || *sample.path == '/');
    check_list(sample.list);
    check_list(sample.blanks);
    fl_options_clear(&table, &sample);
}

static void check_money(const char *text)
{
    int64_t micros, again = -1;
    char shown[32];

    if (!fl_money_parse(text, &micros))
        return;
    ALWAYS(micros >= 0);
    fl_money_text(shown, micros);
    ALWAYS(fl_money_parse(shown, &again) && again == micros);
}

static void check_times(const char *text)
{
    int64_t ms = -1, when = fl_stamp_parse(text);
    char shown[FL_STAMP_SIZE];

    if (fl_duration_parse(text, &ms) == FLEET_OK) {
        ALWAYS(ms >= 0);
        fl_duration_text(shown, ms);
    }
    ALWAYS(when >= -1);
    if (when < 0)
        return;
    fl_stamp(shown, (time_t)when);
    ALWAYS(when > INT64_C(253402300799) || fl_stamp_parse(shown) == when);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FL_AUTO_FREE char *text = fuzz_text(data, size, 100000);

    setenv("HOME", "/home/me", 1);
    check_options(text);
    check_money(text);
    check_times(text);
    return 0;
}
