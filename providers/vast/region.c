/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/vast/region.h"

#include "providers/api/api.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name, *codes;
} continents[] = {
    {"north-america", "AGBSBBBZCACRCUDMDOSVGDGTHTHNJMMXNIPAKNLCVCTTUS"},
    {"south-america", "ARBOBRCLCOECFKGFGYPYPESRUYVE"},
    {"europe", "ALADATBYBEBABGHRCYCZDKEEFIFRDEGRHUISIEITLVLILTLUMTMDMCMENLMKNO"
               "PLPTRORUSMRSSKSIESSECHUAGBVAXK"},
    {"asia", "AFAMAZBHBDBTBNKHCNGEINIDIRIQILJPJOKZKWKGLALBMYMVMNMMNPKPOMPKPHQA"
             "SASGKRLKSYTWTJTHTLTRTMAEUZVNYEHKMO"},
    {"oceania", "ASAUCKFJPFGUKIMHFMNRNCNZNUMPPWPGPNWSSBTKTOTVVUWF"},
    {"africa", "DZAOBJBWBFBICVCMCFTDKMCGCDCIDJEGGQERSZETGAGMGHGNGWKELSLRLYMGMW"
               "MLMRMUMAMZNANENGRWSTSNSCSLSOZASSSDTZTGTNUGZMZW"},
};
#define COUNT(list_) (sizeof(list_) / sizeof((list_)[0]))

static bool is_code(const char *text)
{
    return isalpha((unsigned char)text[0]) && isalpha((unsigned char)text[1]) &&
           !text[2];
}

bool vast_country(const char *geolocation, char country[3])
{
    size_t len = geolocation ? strlen(geolocation) : 0;

    if (len < 2 || !is_code(geolocation + len - 2) ||
        (len > 2 && isalpha((unsigned char)geolocation[len - 3])))
        return false;
    memcpy(country, geolocation + len - 2, 3);
    return true;
}

static int add_code(json_t *codes, const char *code)
{
    const char text[] = {(char)toupper((unsigned char)code[0]),
                         (char)toupper((unsigned char)code[1]), '\0'};

    return json_array_append_new(codes, json_string(text));
}

static const char *continent(const char *name)
{
    for (size_t i = 0; i < COUNT(continents); i++) {
        if (strcasecmp(continents[i].name, name) == 0)
            return continents[i].codes;
    }
    return NULL;
}

static int add_entry(json_t *codes, const char *entry, struct fleet_error *err)
{
    const char *at = is_code(entry) ? entry : continent(entry);

    if (!at)
        return fleet_fail(err, FLEET_ECONFIG,
                          "VAST_COUNTRIES: '%.40s' is neither a country of two "
                          "letters nor europe, asia, africa, oceania, "
                          "north-america or south-america",
                          entry);
    for (; *at; at += 2) {
        if (add_code(codes, at) < 0)
            return api_enomem(err);
    }
    return FLEET_OK;
}

int vast_countries(const char *list, json_t **codes, struct fleet_error *err)
{
    AUTO_FREE char *copy = strdup(list ? list : "");
    AUTO_JSON json_t *made = json_array();
    char *rest = NULL;
    int rc = copy && made ? FLEET_OK : api_enomem(err);

    for (char *entry = copy ? strtok_r(copy, "\n", &rest) : NULL;
         rc == FLEET_OK && entry; entry = strtok_r(NULL, "\n", &rest))
        rc = add_entry(made, entry, err);
    if (rc < 0)
        return rc;
    *codes = json_array_size(made) ? json_incref(made) : NULL;
    return FLEET_OK;
}
