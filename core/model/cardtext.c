/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/card.h"

#include "core/base/text.h"

#include <inttypes.h>
#include <string.h>

static void put_line(struct fl_buf *out, const char *label, const char *text)
{
    fl_buf_printf(out, "%-16s", label);
    fl_text_escape(out, text);
    fl_buf_putc(out, '\n');
}

static void put_pods(const struct fl_card *card, struct fl_buf *out)
{
    for (size_t i = 0; i < card->n_pods; i++) {
        const struct fl_card_pod *pod = &card->pods[i];

        fl_buf_printf(out, "%-16s%s  (%s@%s, port %" PRId64 ")\n",
                      i                  ? ""
                      : card->n_pods > 1 ? "Your machines"
                                         : "Your machine",
                      pod->name, pod->user, pod->host, pod->port);
    }
    for (size_t i = 0; card->missing && i < card->missing->n; i++)
        put_line(out, "Not there yet", card->missing->at[i]);
}

/* Lines of commands stand a little to the right. */
static void put_commands(struct fl_buf *out, const char *commands)
{
    while (*commands) {
        int len = (int)strcspn(commands, "\n");

        fl_buf_printf(out, "       %.*s\n", len, commands);
        commands += len;
        commands += *commands == '\n';
    }
}

static void put_way(struct fl_buf *out, const struct fl_card_way *way)
{
    fl_buf_printf(out, "\n%s\n", way->title);
    for (size_t i = 0; i < strlen(way->title); i++)
        fl_buf_putc(out, '-');
    fl_buf_printf(out, "\n%s:\n\n", way->where);
    for (size_t i = 0; i < way->n; i++) {
        fl_buf_printf(out, "    %zu. %s\n", i + 1, way->steps[i].what);
        put_commands(out, way->steps[i].commands);
    }
}

static void put_rules(const struct fl_card *card, struct fl_buf *out)
{
    fl_buf_puts(out, "\n");
    if (card->key_name)
        fl_buf_printf(out,
                      "The file %s is your key. Whoever has it is you: give it "
                      "to nobody,\nand tell the organisers at once when you "
                      "have lost it.\n",
                      card->key_name);
    else
        fl_buf_printf(out,
                      "You log in with your own key. SSH looks for it at %s: "
                      "when it is\nelsewhere, change IdentityFile in %s.\n",
                      card->key_path, card->config_name);
}

int fl_card_text(const struct fl_card *card, struct fl_buf *out)
{
    FL_AUTO(fl_card_ways_clear) struct fl_card_ways ways = {0};
    char day[32];
    int rc = fl_card_ways(card, &ways);

    if (rc < 0)
        return rc;
    fl_card_day(day, card->until ? card->until : card->cert_until);
    put_line(out, "Cohort", card->cohort);
    put_line(out, "For", card->person);
    put_pods(card, out);
    put_line(out, "Last day", day);
    if (card->contact)
        put_line(out, "Help", card->contact);
    put_line(out, "Written", card->written);
    for (size_t i = 0; i < FL_CARD_WAYS; i++)
        put_way(out, &ways.at[i]);
    put_rules(card, out);
    return out->failed;
}
