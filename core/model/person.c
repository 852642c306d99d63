/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/person.h"

#include "core/base/text.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define LETTERS_DIGITS "abcdefghijklmnopqrstuvwxyz0123456789"

void fl_person_clear(struct fl_person *person)
{
    free(person->name);
    free(person->id);
    fl_strv_clear(&person->pods);
    free(person->key);
    free(person->until);
    free(person->email);
    *person = (struct fl_person){0};
}

bool fl_person_id_valid(const char *id)
{
    size_t len = strspn(id, LETTERS_DIGITS "-");

    return len > 0 && len <= FL_PERSON_ID_MAX && !id[len] && id[0] != '-' &&
           id[len - 1] != '-';
}

/* U+00C0 to U+017F without their marks; a dash is no letter. */
static const char plain[] =
    "aaaaaaaceeeeiiiidnooooo-ouuuuytsaaaaaaaceeeeiiiidnooooo-ouuuuyty"
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllll"
    "lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

/* The letter that stands for a character; '-' for any other, 0 for a mark that
 * belongs to the one before, and for what stands inside names. */
static char letter_of(uint32_t code)
{
    if (code >= 'A' && code <= 'Z')
        return (char)(code - 'A' + 'a');
    if (code == '\'' || code == 0x2019)
        return 0;
    if (code < 0x80)
        return strchr(LETTERS_DIGITS, (int)code) ? (char)code : '-';
    if (code >= 0xc0 && code < 0x180)
        return plain[code - 0xc0];
    return code >= 0x300 && code < 0x370 ? 0 : '-';
}

void fl_person_slug(char out[FL_PERSON_ID_MAX + 1], const char *name)
{
    size_t len = strlen(name), n = 0;
    uint32_t code;

    while (len > 0 && n < FL_PERSON_ID_MAX) {
        size_t step = fl_utf8_step(name, len, &code);
        char letter = step ? letter_of(code) : '-';

        step = step ? step : 1;
        name += step;
        len -= step;
        if (letter && (letter != '-' || (n && out[n - 1] != '-')))
            out[n++] = letter;
    }
    while (n && out[n - 1] == '-')
        n--;
    out[n] = '\0';
}

int64_t fl_day_end(const char *text)
{
    struct tm day = {.tm_isdst = -1}, asked;
    int64_t year, month, number;
    char parts[11];
    time_t when;

    if (strlen(text) != 10 || text[4] != '-' || text[7] != '-')
        return -1;
    memcpy(parts, text, sizeof(parts));
    parts[4] = parts[7] = '\0';
    if (!fl_parse_int(parts, 2000, 2999, &year) ||
        !fl_parse_int(parts + 5, 1, 12, &month) ||
        !fl_parse_int(parts + 8, 1, 31, &number) ||
        strspn(parts, "0123456789") != 4 ||
        strspn(parts + 5, "0123456789") != 2 ||
        strspn(parts + 8, "0123456789") != 2)
        return -1;
    day.tm_year = (int)year - 1900;
    day.tm_mon = (int)month - 1;
    day.tm_mday = (int)number;
    asked = day;
    asked.tm_hour = 12; /* which every day has */
    if (mktime(&asked) == -1 || asked.tm_mday != day.tm_mday)
        return -1;
    day.tm_mday++;
    when = mktime(&day);
    return when == -1 ? -1 : (int64_t)when;
}

char *fl_principal(const char *id, const char *cohort, int64_t generation)
{
    return generation > 1 ? fl_format("%s@%s.%" PRId64, id, cohort, generation)
                          : fl_format("%s@%s", id, cohort);
}
