/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/vast/gpu.h"

#include "providers/api/api.h"

#include <ctype.h>
#include <fleet/record.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_SIZE 96

/* clang-format off */
/* As Vast spells them. */
static const char *const cards[] = {
    "A10", "A10g", "A16", "A30", "A40", "A100X", "B200", "GH200 SXM",
    "H100 PCIE", "H100 SXM", "H100 NVL", "H200", "H200 NVL", "L4", "L40",
    "L40S", "Tesla K80", "Tesla M40", "Tesla P4", "Tesla P6", "Tesla P40",
    "Tesla T4",
    "RTX 5060", "RTX 5060 Ti", "RTX 5070", "RTX 5070 Ti", "RTX 5080",
    "RTX 5090", "RTX 4060", "RTX 4070", "RTX 4070S", "RTX 4070 Ti",
    "RTX 4070S Ti", "RTX 4080", "RTX 4080S", "RTX 4090", "RTX 4090D",
    "RTX 4060 laptop", "RTX 4060 Ti laptop", "RTX 4070 laptop",
    "RTX 4080 laptop", "RTX 4090 laptop",
    "RTX 3060 Ti", "RTX 3070", "RTX 3070 Ti", "RTX 3080 Ti", "RTX 3090",
    "RTX 3090 Ti", "RTX 2060", "RTX 2060S", "RTX 2070", "RTX 2070S",
    "RTX 2080", "RTX 2080S", "RTX 2080 Ti",
    "GTX 1060", "GTX 1070", "GTX 1070 Ti", "GTX 1080", "GTX 1080 Ti",
    "GTX 1660", "GTX 1660 S", "GTX 1660 Ti",
    "Titan RTX", "Titan V", "Titan X", "Titan Xp",
    "RTX A4000", "RTX A4500", "RTX A5000", "RTX A6000",
    "RTX 2000Ada", "RTX 4000Ada", "RTX 4500Ada", "RTX 5000Ada", "RTX 5880Ada",
    "RTX 6000Ada",
    "RTX PRO 4000", "RTX PRO 4500", "RTX PRO 5000", "RTX PRO 6000",
    "RTX PRO 6000 S", "RTX PRO 6000 WS", "RTX PRO 6000 Max-Q",
    "Q RTX 4000", "Q RTX 5000", "Q RTX 6000", "Q RTX 8000", "Quadro P6000",
    "InstinctMI50", "InstinctMI100", "InstinctMI210", "InstinctMI250X",
    "PRO W7900", "RX 7900 XTX", "Radeon VII", NULL};

/* Of these there is more than one size. */
static const char *const in_sizes[] = {
    "A100 PCIE", "A100 SXM4", "A100 SXM", "A800 PCIE", "Tesla P100",
    "Tesla V100", "RTX A2000", "RTX 3050", "RTX 3060", "RTX 3080",
    "RTX 4060 Ti", NULL};
/* clang-format on */
static const int sizes_gb[] = {4,  6,  8,  10, 11, 12, 16,  20, 24,
                               32, 40, 48, 64, 80, 96, 141, 180};
#define COUNT(list_) (sizeof(list_) / sizeof((list_)[0]))

/* ---- one name ---- */

static size_t key_of(const char *name, char key[NAME_SIZE])
{
    size_t len = 0;

    for (; *name && len < NAME_SIZE - 1; name++) {
        if (isalnum((unsigned char)*name))
            key[len++] = (char)tolower((unsigned char)*name);
    }
    key[len] = '\0';
    return len;
}

bool vast_gpu_same(const char *one, const char *other)
{
    char key[NAME_SIZE], other_key[NAME_SIZE];

    return key_of(one, key) > 0 && key_of(other, other_key) > 0 &&
           strcmp(key, other_key) == 0;
}

static bool comes_in_sizes(const char *name)
{
    for (size_t i = 0; in_sizes[i]; i++) {
        if (vast_gpu_same(in_sizes[i], name))
            return true;
    }
    return false;
}

/* Cards report a little less than they are sold with. */
static int nominal_gb(int64_t ram_mb)
{
    for (size_t i = 0; i < COUNT(sizes_gb); i++) {
        if (ram_mb <= sizes_gb[i] * INT64_C(1024) + 256)
            return sizes_gb[i];
    }
    return 0;
}

void vast_gpu_title(char *out, size_t size, const char *name, int64_t ram_mb)
{
    int gb = ram_mb > 0 && comes_in_sizes(name) ? nominal_gb(ram_mb) : 0;

    if (gb)
        snprintf(out, size, "%s %dGB", name, gb);
    else
        snprintf(out, size, "%s", name);
}

/* ---- what is wanted ---- */

static bool fits_a_size(const char *wanted, const char *card)
{
    char title[NAME_SIZE];

    if (fleet_gpu_fits(wanted, card))
        return true;
    for (size_t i = 0; i < COUNT(sizes_gb); i++) {
        snprintf(title, sizeof(title), "%s %dGB", card, sizes_gb[i]);
        if (fleet_gpu_fits(wanted, title))
            return true;
    }
    return false;
}

static int add_fitting(json_t *names, const char *wanted)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && cards[i]; i++) {
        if (fleet_gpu_fits(wanted, cards[i]))
            rc = json_array_append_new(names, json_string(cards[i]));
    }
    for (size_t i = 0; rc == 0 && in_sizes[i]; i++) {
        if (fits_a_size(wanted, in_sizes[i]))
            rc = json_array_append_new(names, json_string(in_sizes[i]));
    }
    return rc;
}

static const char *behind_vendor(const char *name)
{
    static const char *const vendors[] = {"nvidia", "geforce", "amd"};

    for (size_t i = 0; i < COUNT(vendors); i++) {
        size_t len = strlen(vendors[i]);

        if (strncasecmp(name, vendors[i], len) == 0 &&
            (name[len] == ' ' || name[len] == '_'))
            return behind_vendor(name + len + 1);
    }
    return name;
}

/* No card that we know: "_" and runs of blanks are one blank. */
static int add_unknown(json_t *names, const char *wanted)
{
    char name[NAME_SIZE];
    size_t len = 0;

    for (const char *at = behind_vendor(wanted); *at && len < NAME_SIZE - 1;
         at++) {
        bool blank = *at == ' ' || *at == '_' || *at == '\t';

        if (!blank)
            name[len++] = *at;
        else if (len > 0 && name[len - 1] != ' ')
            name[len++] = ' ';
    }
    while (len > 0 && name[len - 1] == ' ')
        len--;
    return len ? json_array_append_new(names, json_stringn(name, len)) : 0;
}

static int add_wanted(json_t *names, const char *wanted)
{
    size_t before = json_array_size(names);
    int rc = add_fitting(names, wanted);

    if (rc == 0 && json_array_size(names) == before)
        rc = add_unknown(names, wanted);
    return rc;
}

/* Calls back with each entry of a list; stops at what is not 0. */
static int each_of(const char *list, int (*tell)(void *arg, const char *entry),
                   void *arg)
{
    AUTO_FREE char *copy = strdup(list ? list : "");
    char *rest = NULL;
    int rc = copy ? 0 : -1;

    for (char *entry = copy ? strtok_r(copy, ",\n", &rest) : NULL;
         rc == 0 && entry; entry = strtok_r(NULL, ",\n", &rest)) {
        entry += strspn(entry, " ");
        if (*entry)
            rc = tell(arg, entry);
    }
    return rc;
}

static int tell_name(void *arg, const char *entry)
{
    return add_wanted(arg, entry);
}

json_t *vast_gpu_names(const char *wanted)
{
    json_t *names = json_array();

    if (names && each_of(wanted, tell_name, names) < 0) {
        json_decref(names);
        names = NULL;
    }
    return names;
}

/* "80GB" or "80 GB" in a name; 0: none. */
static int64_t gb_in(const char *entry)
{
    for (; *entry; entry++) {
        char *end;
        long number;

        if (!isdigit((unsigned char)*entry))
            continue;
        number = strtol(entry, &end, 10);
        end += strspn(end, " ");
        if (strncasecmp(end, "gb", 2) == 0 && number > 0 && number < 1000)
            return number;
        entry = end - 1;
    }
    return 0;
}

static int tell_gb(void *arg, const char *entry)
{
    int64_t *least = arg, gb = gb_in(entry);

    if (gb == 0)
        return -1; /* this one leaves it open */
    if (*least == 0 || gb < *least)
        *least = gb;
    return 0;
}

int64_t vast_gpu_least_gb(const char *wanted)
{
    int64_t least = 0;

    return each_of(wanted, tell_gb, &least) == 0 ? least : 0;
}
