/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/card.h"

#include "tests/unit/failalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define PAGE_MAX (1u << 20)

static const struct fl_card_pod pods[] = {
    {"arena-apple", "203.0.113.7", 40022, "root"}};
static const struct fl_card plain = {
    .cohort = "arena",
    .person = "Ada Lovelace",
    .until = "2026-12-19",
    .cert_until = "2026-12-19",
    .contact = "room 4",
    .written = "2026-11-26",
    .pods = pods,
    .n_pods = 1,
    .config = "Host arena-*\n    User root\n",
    .config_name = "arena.conf",
    .known_hosts_name = "known_hosts.arena",
    .cert_name = "arena-ada-cert.pub",
    .key_name = "arena-ada",
    .key_path = "~/.ssh/arena-ada",
};

static void escapes(void **state)
{
    static const char *const cases[][2] = {
        {"plain", "plain"},
        {"<script>alert(\"&'\")</script>",
         "&lt;script&gt;alert(&quot;&amp;&#39;&quot;)&lt;/script&gt;"},
        {"a\nb\x1b[2J", "a\\x0ab\\x1b[2J"},
        {"\xe2\x80\xae txt", "\\u{202e} txt"},
        {"Zoë", "Zoë"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        FL_AUTO(fl_buf_clear) struct fl_buf out = FL_BUF(PAGE_MAX);

        assert_int_equal(fl_html_escape(&out, cases[i][0]), 0);
        assert_string_equal(fl_buf_text(&out), cases[i][1]);
    }
}

static void days(void **state)
{
    static const char *const cases[][2] = {
        {"2026-12-19", "19 December 2026"},
        {"2026-01-01", "1 January 2026"},
        {"2026-13-01", "2026-13-01"},
        {"soon", "soon"},
        {"", ""},
    };
    char out[32];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        fl_card_day(out, cases[i][0]);
        assert_string_equal(out, cases[i][1]);
    }
}

static void has(const struct fl_buf *page, const char *text)
{
    if (!strstr(fl_buf_text(page), text))
        fail_msg("no '%s' in %s", text, fl_buf_text(page));
}

static void has_not(const struct fl_buf *page, const char *text)
{
    if (strstr(fl_buf_text(page), text))
        fail_msg("there is '%s' in %s", text, fl_buf_text(page));
}

static void tells_all(void **state)
{
    FL_AUTO(fl_buf_clear) struct fl_buf html = FL_BUF(PAGE_MAX);
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(PAGE_MAX);
    static const char *const words[] = {"Ada Lovelace",
                                        "19 December 2026",
                                        "room 4",
                                        "arena-apple",
                                        "203.0.113.7",
                                        "40022",
                                        "ssh arena-apple",
                                        "chmod 600 ~/.ssh/arena-ada",
                                        "Include arena.conf",
                                        "icacls",
                                        "Remote-SSH",
                                        "Windows",
                                        "macOS"};

    (void)state;
    assert_int_equal(fl_card_html(&plain, &html), 0);
    assert_int_equal(fl_card_text(&plain, &text), 0);
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        has(&html, words[i]);
        has(&text, words[i]);
    }
    has(&html, "Host arena-*\n    User root\n");
    has(&html, "href=\"arena-ada-cert.pub\"");
    has_not(&html, "http:");
    has_not(&html, "https:");
    has_not(&html, "<script");
}

/* A key of his own is not among the files, and not copied. */
static void knows_own_keys(void **state)
{
    FL_AUTO(fl_buf_clear) struct fl_buf html = FL_BUF(PAGE_MAX);
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(PAGE_MAX);
    struct fl_card card = plain;

    (void)state;
    card.key_name = NULL;
    card.key_path = "~/.ssh/id_ed25519";
    card.until = NULL;
    assert_int_equal(fl_card_html(&card, &html), 0);
    assert_int_equal(fl_card_text(&card, &text), 0);
    has(&html, "your own key");
    has(&html, "Certificate ends");
    has(&text, "cp arena-ada-cert.pub arena.conf");
    has(&text,
        "copy arena-ada-cert.pub,arena.conf,known_hosts.arena ~\\.ssh\n");
    has(&text, "~/.ssh/id_ed25519");
    has_not(&text, "icacls");
    has_not(&html, "private key");
}

static void stays_text(void **state)
{
    static const char evil[] = "<img src=x onerror=alert(1)>\"'&\x1b]0;";
    FL_AUTO(fl_buf_clear) struct fl_buf html = FL_BUF(PAGE_MAX);
    FL_AUTO(fl_buf_clear) struct fl_buf index = FL_BUF(PAGE_MAX);
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(PAGE_MAX);
    FL_AUTO(fl_strv_clear) struct fl_strv missing = {0};
    const struct fl_card_pod bad = {evil, evil, 22, evil};
    const struct fl_card_entry entry = {"ada", evil, evil, evil, evil, true};
    const struct fl_card card = {.cohort = evil,
                                 .person = evil,
                                 .until = evil,
                                 .cert_until = evil,
                                 .contact = evil,
                                 .written = evil,
                                 .pods = &bad,
                                 .n_pods = 1,
                                 .missing = &missing,
                                 .config = evil,
                                 .config_name = evil,
                                 .known_hosts_name = evil,
                                 .cert_name = evil,
                                 .key_name = evil,
                                 .key_path = evil};

    (void)state;
    fl_strv_add(&missing, evil);
    assert_int_equal(fl_card_html(&card, &html), 0);
    assert_int_equal(fl_card_index(evil, evil, &entry, 1, &index), 0);
    assert_int_equal(fl_card_text(&card, &text), 0);
    has_not(&html, "<img");
    has_not(&html, "\x1b");
    has_not(&index, "<img");
    has_not(&index, "\x1b");
    has(&html, "&lt;img src=x onerror=alert(1)&gt;");
}

static void once(void *arg)
{
    FL_AUTO(fl_buf_clear) struct fl_buf html = FL_BUF(PAGE_MAX);
    int rc = fl_card_html(&plain, &html);

    (void)arg;
    assert_int_equal(rc == 0, !fl_test_alloc_failed());
}

static void survives_without_memory(void **state)
{
    FL_AUTO(fl_buf_clear) struct fl_buf small = FL_BUF(100);

    (void)state;
    assert_int_equal(fl_card_html(&plain, &small), FLEET_EINVALID);
    fl_test_each_alloc(once, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes),    cmocka_unit_test(days),
        cmocka_unit_test(tells_all),  cmocka_unit_test(knows_own_keys),
        cmocka_unit_test(stays_text), cmocka_unit_test(survives_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
