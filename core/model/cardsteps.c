/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/card.h"

#include "core/base/text.h"

#include <stdio.h>
#include <string.h>

void fl_card_ways_clear(struct fl_card_ways *ways)
{
    for (size_t i = 0; i < FL_CARD_WAYS; i++) {
        for (size_t k = 0; k < ways->at[i].n; k++) {
            free(ways->at[i].steps[k].what);
            free(ways->at[i].steps[k].commands);
        }
    }
    *ways = (struct fl_card_ways){0};
}

/* COMMANDS is eaten. */
static int add(struct fl_card_way *way, const char *what, char *commands)
{
    struct fl_card_step *step = &way->steps[way->n++];

    *step = (struct fl_card_step){strdup(what), commands};
    return step->what && commands ? FLEET_OK : FLEET_ENOMEM;
}

static const char *first_pod(const struct fl_card *card)
{
    return card->n_pods ? card->pods[0].name : "NAME";
}

static int unix_way(const struct fl_card *card, struct fl_card_way *way)
{
    const char *key = card->key_name ? card->key_name : "";
    int rc;

    way->title = "macOS and Linux";
    way->where = "In a terminal, in the folder with these files";
    rc = add(way, "Put the files where SSH looks for them:",
             fl_format("mkdir -p -m 700 ~/.ssh\ncp %s%s%s %s %s ~/.ssh/%s%s",
                       key, *key ? " " : "", card->cert_name, card->config_name,
                       card->known_hosts_name,
                       *key ? "\nchmod 600 ~/.ssh/" : "", key));
    if (rc == 0)
        rc = add(way, "Let SSH read them; once is enough:",
                 fl_format("touch ~/.ssh/config\n"
                           "echo 'Include %s' | cat - ~/.ssh/config > "
                           "~/.ssh/new\n"
                           "mv ~/.ssh/new ~/.ssh/config",
                           card->config_name));
    return rc < 0 ? rc
                  : add(way, "Log in:", fl_format("ssh %s", first_pod(card)));
}

static int windows_way(const struct fl_card *card, struct fl_card_way *way)
{
    const char *key = card->key_name ? card->key_name : "";
    int rc;

    way->title = "Windows 10 and 11";
    way->where = "In PowerShell, in the folder with these files";
    rc = add(way, "Put the files where SSH looks for them:",
             fl_format("mkdir -Force ~\\.ssh | Out-Null\n"
                       "copy %s%s%s,%s,%s ~\\.ssh%s%s%s",
                       key, *key ? "," : "", card->cert_name, card->config_name,
                       card->known_hosts_name,
                       *key ? "\nicacls \"$HOME\\.ssh\\" : "", key,
                       *key ? "\" /inheritance:r /grant:r "
                              "\"${env:USERNAME}:F\""
                            : ""));
    if (rc == 0)
        rc = add(way, "Let SSH read them; once is enough:",
                 fl_format("$old = gc -Raw ~\\.ssh\\config -EA "
                           "SilentlyContinue\n"
                           "\"Include %s`n$old\" | sc -Encoding ascii "
                           "~\\.ssh\\config",
                           card->config_name));
    return rc < 0 ? rc
                  : add(way, "Log in:", fl_format("ssh %s", first_pod(card)));
}

/* Nothing to type here but a name. */
static int editor_way(const struct fl_card *card, struct fl_card_way *way)
{
    int rc;

    way->title = "Visual Studio Code";
    way->where = "After the steps for your system";
    rc = add(way, "Install the extension Remote - SSH, by Microsoft.",
             strdup(""));
    if (rc == 0)
        rc = add(way,
                 "Press F1, choose \"Remote-SSH: Connect to Host...\", and "
                 "give this name; it is a Linux machine:",
                 strdup(first_pod(card)));
    return rc < 0 ? rc
                  : add(way,
                        "Open a folder: what you see and run there is on your "
                        "machine.",
                        strdup(""));
}

int fl_card_ways(const struct fl_card *card, struct fl_card_ways *out)
{
    FL_AUTO(fl_card_ways_clear) struct fl_card_ways ways = {0};
    int rc = unix_way(card, &ways.at[0]);

    if (rc == 0)
        rc = windows_way(card, &ways.at[1]);
    if (rc == 0)
        rc = editor_way(card, &ways.at[2]);
    if (rc < 0)
        return rc;
    *out = ways;
    ways = (struct fl_card_ways){0};
    return FLEET_OK;
}

void fl_card_day(char out[32], const char *day)
{
    static const char *const months[] = {
        "January", "February", "March",     "April",   "May",      "June",
        "July",    "August",   "September", "October", "November", "December"};
    int64_t month = 0, number = 0;
    char parts[11] = "";

    snprintf(out, 32, "%.31s", day);
    if (strlen(day) != 10)
        return;
    memcpy(parts, day, sizeof(parts));
    parts[4] = parts[7] = '\0';
    if (fl_parse_int(parts + 5, 1, 12, &month) &&
        fl_parse_int(parts + 8, 1, 31, &number))
        snprintf(out, 32, "%d %s %s", (int)number, months[month - 1], parts);
}
