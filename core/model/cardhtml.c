/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/card.h"

#include "core/base/text.h"

#include <inttypes.h>
#include <string.h>

/* Escaped for a terminal first: no control character and no text that runs
 * backwards gets onto a page. */
int fl_html_escape(struct fl_buf *out, const char *text)
{
    FL_AUTO(fl_buf_clear) struct fl_buf plain = FL_BUF(out->max);

    if (fl_text_escape(&plain, text) < 0)
        out->failed = plain.failed;
    for (const char *at = fl_buf_text(&plain); *at; at++) {
        if (*at == '&')
            fl_buf_puts(out, "&amp;");
        else if (*at == '<')
            fl_buf_puts(out, "&lt;");
        else if (*at == '>')
            fl_buf_puts(out, "&gt;");
        else if (*at == '"')
            fl_buf_puts(out, "&quot;");
        else if (*at == '\'')
            fl_buf_puts(out, "&#39;");
        else
            fl_buf_putc(out, *at);
    }
    return out->failed;
}

/* Lines stay lines, between these two. */
static void put_lines(struct fl_buf *out, const char *text, const char *open,
                      const char *close)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        FL_AUTO_FREE char *line = strndup(text, len);

        fl_buf_puts(out, open);
        if (!line)
            out->failed = FLEET_ENOMEM;
        else
            fl_html_escape(out, line);
        fl_buf_puts(out, close);
        text += len + (text[len] == '\n');
    }
}

static void put_element(struct fl_buf *out, const char *open, const char *text,
                        const char *close)
{
    fl_buf_puts(out, open);
    fl_html_escape(out, text);
    fl_buf_puts(out, close);
}

static void put_fact(struct fl_buf *out, const char *label, const char *text)
{
    fl_buf_printf(out, "<div><dt>%s</dt>", label);
    put_element(out, "<dd>", text, "</dd></div>\n");
}

static void put_top(const struct fl_card *card, struct fl_buf *out)
{
    char day[32];

    fl_card_day(day, card->until ? card->until : card->cert_until);
    put_element(out, "<header>\n<p class=\"cohort\">", card->cohort, "</p>\n");
    put_element(out, "<h1>", card->person, "</h1>\n");
    fl_buf_puts(out, "<dl>\n");
    put_fact(out, card->until ? "Last day" : "Certificate ends", day);
    put_fact(out, "Log in with",
             card->key_name ? "the key in this folder" : "your own key");
    if (card->contact)
        put_fact(out, "Help", card->contact);
    fl_buf_puts(out, "</dl>\n</header>\n");
}

static void put_pods(const struct fl_card *card, struct fl_buf *out)
{
    fl_buf_printf(
        out, "<section class=\"pods\">\n<h2>Your machine%s</h2>\n<ul>\n",
        card->n_pods + (card->missing ? card->missing->n : 0) == 1 ? "" : "s");
    for (size_t i = 0; i < card->n_pods; i++) {
        const struct fl_card_pod *pod = &card->pods[i];

        put_element(out, "<li><b>", pod->name, "</b><span>");
        fl_html_escape(out, pod->user);
        put_element(out, "@", pod->host, "");
        fl_buf_printf(out, ", port %" PRId64 "</span></li>\n", pod->port);
    }
    for (size_t i = 0; card->missing && i < card->missing->n; i++)
        put_element(out, "<li class=\"missing\"><b>", card->missing->at[i],
                    "</b><span>not there yet: ask for a new card</span></li>"
                    "\n");
    fl_buf_puts(out, "</ul>\n</section>\n");
}

static void put_way(struct fl_buf *out, const struct fl_card_way *way)
{
    put_element(out, "<section class=\"way\">\n<h2>", way->title, "</h2>\n");
    put_element(out, "<p class=\"where\">", way->where, "</p>\n<ol>\n");
    for (size_t i = 0; i < way->n; i++) {
        put_element(out, "<li>", way->steps[i].what, "");
        if (*way->steps[i].commands) {
            fl_buf_puts(out, "<pre>");
            put_lines(out, way->steps[i].commands, "<span>", "</span>");
            fl_buf_puts(out, "</pre>");
        }
        fl_buf_puts(out, "</li>\n");
    }
    fl_buf_puts(out, "</ol>\n</section>\n");
}

static void put_rules(const struct fl_card *card, struct fl_buf *out)
{
    if (card->key_name) {
        put_element(out, "<p class=\"rule\"><b>", card->key_name, "</b>");
        fl_buf_puts(out,
                    " is your key. Whoever has that file is you: give it to "
                    "nobody, and tell the organisers at once when you have "
                    "lost it.</p>\n");
        return;
    }
    put_element(out,
                "<p class=\"rule\">You log in with <b>your own key</b>. SSH "
                "looks for it at <code>",
                card->key_path, "</code>: ");
    put_element(out, "when it is elsewhere, change IdentityFile in <code>",
                card->config_name, "</code>.</p>\n");
}

static void put_file(struct fl_buf *out, const char *name, const char *what)
{
    if (!name)
        return;
    put_element(out, "<tr><td><a href=\"", name, "\">");
    fl_html_escape(out, name);
    fl_buf_printf(out, "</a></td><td>%s</td></tr>\n", what);
}

/* The second sheet. */
static void put_files(const struct fl_card *card, struct fl_buf *out)
{
    fl_buf_puts(out, "<section class=\"files\">\n");
    put_rules(card, out);
    fl_buf_puts(out, "<h2>The files beside this page</h2>\n<table>\n");
    put_file(out, card->key_name, "your private key; for you alone");
    put_file(out, card->cert_name,
             "your certificate: it says which machines are yours, and until "
             "when");
    put_file(out, card->config_name, "the SSH configuration, printed below");
    put_file(out, card->known_hosts_name,
             "how SSH knows that it talks to your machine and no other");
    fl_buf_puts(out, "</table>\n<pre>");
    put_lines(out, card->config, "", "\n");
    fl_buf_puts(out, "</pre>\n</section>\n");
}

int fl_card_html(const struct fl_card *card, struct fl_buf *out)
{
    FL_AUTO(fl_card_ways_clear) struct fl_card_ways ways = {0};
    FL_AUTO_FREE char *title = fl_format("%s: %s", card->cohort, card->person);
    int rc = title ? fl_card_ways(card, &ways) : FLEET_ENOMEM;

    if (rc < 0)
        return rc;
    fl_html_head(out, title);
    fl_buf_puts(out, "<main class=\"card\">\n");
    put_top(card, out);
    put_pods(card, out);
    fl_buf_puts(out, "<div class=\"ways\">\n");
    for (size_t i = 0; i < FL_CARD_WAYS; i++)
        put_way(out, &ways.at[i]);
    fl_buf_puts(out, "</div>\n");
    put_files(card, out);
    put_element(out, "<footer>Written ", card->written, "</footer>\n");
    fl_buf_puts(out, "</main>\n</body>\n</html>\n");
    return out->failed;
}

/* ---- the page with all of them ---- */

static void put_entry(struct fl_buf *out, const struct fl_card_entry *entry)
{
    char day[32] = "";

    put_element(out, "<tr><td><a href=\"", entry->id, "/card.html\">");
    fl_html_escape(out, entry->person);
    put_element(out, "</a></td><td>", entry->pods, "</td><td>");
    if (entry->until)
        fl_card_day(day, entry->until);
    fl_html_escape(out, day);
    put_element(out, "</td><td>", entry->email ? entry->email : "",
                "</td><td>");
    fl_buf_printf(out, "%s</td></tr>\n",
                  entry->has_key ? "in their folder" : "their own");
}

int fl_card_index(const char *cohort, const char *written,
                  const struct fl_card_entry *entries, size_t n,
                  struct fl_buf *out)
{
    FL_AUTO_FREE char *title = fl_format("%s: who gets what", cohort);

    if (!title)
        return FLEET_ENOMEM;
    fl_html_head(out, title);
    put_element(out, "<main class=\"index\">\n<header>\n<p class=\"cohort\">",
                cohort, "</p>\n");
    fl_buf_printf(out, "<h1>%zu %s</h1>\n</header>\n", n,
                  n == 1 ? "participant" : "participants");
    fl_buf_puts(out, "<p>Each folder is for one person. Where a key lies in "
                     "it, it goes to them and to nobody else, and not by plain "
                     "mail.</p>\n<table>\n<thead><tr><th>Person</th><th>"
                     "Machines</th><th>Last day</th><th>E-mail</th><th>Key</th>"
                     "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < n; i++)
        put_entry(out, &entries[i]);
    put_element(out, "</tbody>\n</table>\n<footer>Written ", written,
                "</footer>\n</main>\n</body>\n</html>\n");
    return out->failed;
}
