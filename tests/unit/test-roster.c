/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/roster.h"

#include "core/base/text.h"
#include "core/model/pubkey.h"
#include "core/model/rosteredit.h"
#include "tests/unit/failalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define COUNT(table_) (sizeof(table_) / sizeof((table_)[0]))
#define KEY                                                                    \
    "ssh-ed25519 "                                                             \
    "AAAAC3NzaC1lZDI1NTE5AAAAIDdfXb/dZiX4Uq3PGSyZi1THHXk2uD7Fn1DNeIbqcP2p"
#define HEAD "person,pods,key,until,email\n"

static void make_cohort(struct fl_cohort *cohort)
{
    struct fl_strv names = {0};

    fl_strv_split(&names, "apple birch cedar", " ");
    assert_int_equal(fl_cohort_init(cohort, "arena", &names, NULL), 0);
    fl_strv_clear(&names);
}

static void slugs(void **state)
{
    /* clang-format off */
    static const char *const cases[][2] = {
        {"Ada Lovelace", "ada-lovelace"},
        {"  José  Núñez ", "jose-nunez"},
        {"Seán O'Brien", "sean-obrien"},
        {"Łukasz Żółć", "lukasz-zolc"},
        {"Søren \"S\" Ångström, Jr.", "soren-s-angstrom-jr"},
        {"Jose\xcc\x81", "jose"},
        {"李雷", ""},
        {"李 Lei", "lei"},
        {"\xff\xfe", ""},
        {"'; rm -rf / #", "rm-rf"},
        {"", ""},
        {"0123456789 0123456789 0123456789 0123456789 0123456789",
         "0123456789-0123456789-0123456789-0123456"},
        {"0123456789 0123456789 0123456789 012345  x",
         "0123456789-0123456789-0123456789-012345"},
    };
    /* clang-format on */
    char slug[FL_PERSON_ID_MAX + 1];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        fl_person_slug(slug, cases[i][0]);
        assert_string_equal(slug, cases[i][1]);
        assert_int_equal(fl_person_id_valid(slug), *slug != '\0');
    }
    assert_false(fl_person_id_valid("-a"));
    assert_false(fl_person_id_valid("a.b"));
    assert_false(fl_person_id_valid("A"));
}

static void days(void **state)
{
    static const char *const bad[] = {
        "",           "2026-2-19",   "2026-13-01", "2026-02-30",
        "2026-00-10", "2026/12/19",  "19.12.2026", "2026-12-1 ",
        "2026-12-+1", "2026-12-199", "1999-12-31", "soon"};

    (void)state;
    setenv("TZ", "UTC", 1);
    tzset();
    assert_int_equal(fl_day_end("2026-12-19"), 1797724800);
    assert_int_equal(fl_day_end("2026-12-31") + 366 * INT64_C(86400),
                     fl_day_end("2028-01-01"));
    assert_int_equal(fl_day_end("2028-02-29") - fl_day_end("2028-02-28"),
                     86400);
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(fl_day_end(bad[i]), -1);
    /* a day of 25 hours */
    setenv("TZ", "Europe/Berlin", 1);
    tzset();
    if (fl_day_end("2026-07-01") % 86400 != 0) /* it is known here */
        assert_int_equal(fl_day_end("2026-10-25") - fl_day_end("2026-10-24"),
                         25 * 3600);
    setenv("TZ", "UTC", 1);
    tzset();
}

static void principals(void **state)
{
    FL_AUTO_FREE char *first = fl_principal("ada", "arena", 0);
    FL_AUTO_FREE char *second = fl_principal("ada", "arena", 2);

    (void)state;
    assert_string_equal(first, "ada@arena");
    assert_string_equal(second, "ada@arena.2");
}

static int parse(const char *text, struct fl_roster *out,
                 struct fleet_error *err)
{
    FL_AUTO(fl_cohort_clear) struct fl_cohort cohort = {0};
    FL_AUTO_FREE char *copy = strdup(text);

    make_cohort(&cohort);
    return fl_roster_parse("r.csv", copy, &cohort, out, err);
}

static void reads_people(void **state)
{
    static const char text[] =
        "\xef\xbb\xbf# the spring course\r\n"
        "Person , Pod, e-mail, Public Key, end date, id\r\n"
        "\r\n"
        "\"Lovelace, Ada \"\"the Countess\"\"\",arena-apple;birch apple,"
        "ada@example.org," KEY " ada@home,2026-12-19,ada\r\n"
        "Bob,,,none,none\r\n"
        "Zoë,cedar";
    FL_AUTO(fl_roster_clear) struct fl_roster roster = {0};
    const struct fl_person *found;
    struct fleet_error err = {0};

    (void)state;
    assert_int_equal(parse(text, &roster, &err), 0);
    assert_int_equal(roster.faults.n, 0);
    assert_int_equal(roster.n, 3);
    assert_string_equal(roster.at[0].name, "Lovelace, Ada \"the Countess\"");
    assert_string_equal(roster.at[0].id, "ada");
    assert_string_equal(roster.at[0].key, KEY);
    assert_string_equal(roster.at[0].until, "2026-12-19");
    assert_string_equal(roster.at[0].email, "ada@example.org");
    assert_int_equal(roster.at[0].pods.n, 2);
    assert_string_equal(roster.at[0].pods.at[0], "apple");
    assert_string_equal(roster.at[0].pods.at[1], "birch");
    assert_int_equal(roster.at[0].line, 4);
    assert_int_equal(roster.at[1].pods.n, 0);
    assert_null(roster.at[1].key);
    assert_int_equal(roster.at[1].ends, 0);
    assert_string_equal(roster.at[2].id, "zoe");
    assert_int_equal(fl_roster_find(&roster, "zoe", &found, &err), 0);
    assert_int_equal(fl_roster_find(&roster, "Zoë", &found, &err), 0);
    assert_ptr_equal(found, &roster.at[2]);
    assert_int_equal(fl_roster_find(&roster, "bop", &found, &err),
                     FLEET_ENOTFOUND);
    assert_non_null(strstr(err.text, "did you mean 'bob'"));
}

/* clang-format off */
static const struct {
    const char *text;
    const char *fault; /* the first of them begins so, behind "r.csv:" */
} bad[] = {
    {"", "1: the file is empty"},
    {"# nothing\n", "1: the file is empty"},
    {"Ada,apple\n", "1: 'Ada' is no column"},
    {"person,key\n", "1: the first line has to be the header"},
    {"person,pods,person\n", "1: 'person' names a column a second time"},
    {HEAD "Ada,aple\n", "2: pods: there is no pod 'aple' in MACHINE_NAME_LIST; did you mean 'apple'?"},
    {HEAD "Ada,other-apple\n", "2: pods: there is no pod 'other-apple'"},
    {HEAD "Ada,../x\n", "2: pods: there is no pod '../x'"},
    {HEAD "Ada,apple\nAda,birch\n", "3: ada stands on line 2 already"},
    {HEAD "Ada,apple\nÁda!,birch\n", "3: ada stands on line 2 already"},
    {HEAD "A,apple," KEY " a\nB,birch," KEY " b\n", "3: key: the same key as on line 2"},
    {HEAD "Ada,apple,,2026-02-30\n", "2: until: '2026-02-30' is no day"},
    {HEAD "Ada,apple,,tomorrow\n", "2: until: 'tomorrow' is no day"},
    {HEAD "\"A\nda\",apple\n", "2: person: 'A\\x0ada' has a line break"},
    {HEAD "A\x1b[2Jda,apple\n", "2: person: 'A\\x1b[2Jda' has a line break or another control"},
    {HEAD "A\xff,apple\n", "2: person: 'A\\xff' is not UTF-8"},
    {HEAD ",apple\n", "2: person: nobody is named"},
    {HEAD "李雷,apple\n", "2: person: '李雷' has no Latin letters"},
    {HEAD "Ada,apple,\"a,b\n", "2: a quote is not closed"},
    {HEAD "A\"da,apple\n", "2: a quote inside"},
    {HEAD "Ada,apple,,,,,\n", "2: more fields than columns"},
    {HEAD "Ada,apple,,,nobody\n", "2: email: 'nobody' is no e-mail"},
    {HEAD "Ada,apple,,,a@b@c\n", "2: email:"},
    {HEAD "Ada,apple,,,\"<a@b>\"\n", "2: email:"},
    {HEAD "Ada,apple,ssh-dss AAAAB3NzaC1kc3MAAAA=\n", "2: key: DSA keys"},
    {HEAD "Ada,apple,AAAA\n", "2: key: no public key"},
    {HEAD "Ada,apple,ssh-ed25519 AAAAB3NzaC1yc2EAAAA=\n", "2: key: no public key"},
    {HEAD "Ada,apple,ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7\n", "2: key: "},
    {HEAD "Ada,apple,\"" KEY "\n" KEY "\"\n", "2: key: it has more than one line"},
    {HEAD "Ada,apple,ssh-ed25519-cert-v01@openssh.com AAAA\n", "2: key: this is a certificate"},
    {"person,pods,id\nAda,apple,../x\n", "2: id: '../x' is not allowed"},
};
/* clang-format on */

static void tells_faults(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        FL_AUTO(fl_roster_clear) struct fl_roster roster = {0};
        struct fleet_error err = {0};

        assert_int_equal(parse(bad[i].text, &roster, &err), 0);
        assert_true(roster.faults.n > 0);
        if (strncmp(roster.faults.at[0], "r.csv:", 6) != 0 ||
            strncmp(roster.faults.at[0] + 6, bad[i].fault,
                    strlen(bad[i].fault)) != 0)
            fail_msg("case %zu: %s", i, roster.faults.at[0]);
        assert_null(fl_map_get(&roster.by_id, "ada"));
    }
}

static void tells_all_faults(void **state)
{
    FL_AUTO(fl_roster_clear) struct fl_roster roster = {0};

    (void)state;
    assert_int_equal(
        parse(HEAD "Ada,aple,x,y,z\nBob,birch\nBob,pear\n", &roster, NULL), 0);
    assert_int_equal(roster.faults.n, 6);
}

/* Not a byte of it is told. */
static void hides_private_keys(void **state)
{
    static const char *const texts[] = {
        HEAD "Ada,apple,\"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz\"\n",
        HEAD "Ada,apple,-----BEGIN OPENSSH PRIVATE KEY-----\n"
             "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMw\n",
        HEAD "Ada,apple,b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ\n",
        HEAD "Ada,apple,PuTTY-User-Key-File-3: ssh-ed25519\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        FL_AUTO(fl_roster_clear) struct fl_roster roster = {0};
        struct fleet_error err = {0};

        assert_int_equal(parse(texts[i], &roster, &err), 0);
        assert_int_equal(roster.faults.n, 1);
        assert_non_null(strstr(roster.faults.at[0], "private key"));
        assert_null(strstr(roster.faults.at[0], "b3Bl"));
        assert_int_equal(roster.n, 0);
    }
}

/* clang-format off */
static const struct {
    const char *before, *who, *pods, *after;
} edits[] = {
    {"person,pods\nAda,apple\nBob,birch\n", "bob", "cedar",
     "person,pods\nAda,apple\nBob,cedar\n"},
    {"\xef\xbb\xbfpods,person\r\n  apple ; birch , Ada # x\r\n", "ada-x", "",
     "\xef\xbb\xbfpods,person\r\n   , Ada # x\r\n"},
    {"pods,person\n\"apple,\nbirch\",\"A \"\"d\"\" a\"\n# end", "a-d-a",
     "cedar apple", "pods,person\ncedar apple,\"A \"\"d\"\" a\"\n# end"},
    {"person,pods\nAda,\n", "ada", "apple", "person,pods\nAda,apple\n"},
    {"person,pods\nAda,", "ada", "apple", "person,pods\nAda,apple"},
    {"person,pods\nAda\n", "ada", "apple", NULL},
};
/* clang-format on */

static void changes_one_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(edits); i++) {
        FL_AUTO(fl_roster_clear) struct fl_roster roster = {0};
        FL_AUTO(fl_buf_clear) struct fl_buf out = FL_BUF(4096);
        FL_AUTO(fl_strv_clear) struct fl_strv pods = {0};
        const struct fl_person *person;
        struct fleet_error err = {0};

        assert_int_equal(parse(edits[i].before, &roster, &err), 0);
        assert_int_equal(fl_roster_find(&roster, edits[i].who, &person, &err),
                         0);
        fl_strv_split(&pods, edits[i].pods, " ");
        assert_int_equal(
            fl_roster_change(edits[i].before, person, &pods, &out, &err),
            edits[i].after ? 0 : FLEET_ECONFIG);
        if (edits[i].after)
            assert_string_equal(fl_buf_text(&out), edits[i].after);
    }
}

static void appends_a_person(void **state)
{
    struct fl_person zoe = {.name = (char *)"Zoe, \"Z\"",
                            .id = (char *)"zoe-z"};
    FL_AUTO(fl_roster_clear) struct fl_roster roster = {0};
    FL_AUTO(fl_buf_clear) struct fl_buf out = FL_BUF(4096), no = FL_BUF(4096);
    struct fleet_error err = {0};

    (void)state;
    fl_strv_split(&zoe.pods, "apple birch", " ");
    assert_int_equal(parse("person,pods,until\r\nAda,apple", &roster, &err), 0);
    assert_int_equal(fl_roster_append("person,pods,until\r\nAda,apple", &roster,
                                      &zoe, &out, &err),
                     0);
    assert_string_equal(fl_buf_text(&out),
                        "person,pods,until\r\nAda,apple\r\n\"Zoe, "
                        "\"\"Z\"\"\",apple birch,\r\n");
    zoe.key = (char *)KEY;
    assert_int_equal(fl_roster_append("person,pods,until\nAda,apple", &roster,
                                      &zoe, &no, &err),
                     FLEET_ECONFIG);
    assert_non_null(strstr(err.text, "no column 'key'"));
    fl_strv_clear(&zoe.pods);
}

static void once(void *arg)
{
    FL_AUTO(fl_cohort_clear) struct fl_cohort cohort = {0};
    FL_AUTO(fl_roster_clear) struct fl_roster roster = {0};
    FL_AUTO(fl_strv_clear) struct fl_strv names = {0};
    char text[] = HEAD "Ada,apple birch," KEY ",2026-12-19,a@b\nBob,pear\n";
    int rc;

    (void)arg;
    if (fl_strv_split(&names, "apple birch", " ") < 0 ||
        fl_cohort_init(&cohort, "arena", &names, NULL) < 0)
        return;
    rc = fl_roster_parse("r.csv", text, &cohort, &roster, NULL);
    assert_true(rc == 0 || rc == FLEET_ENOMEM);
    if (!fl_test_alloc_failed())
        assert_int_equal(roster.faults.n, 1);
}

static void survives_without_memory(void **state)
{
    (void)state;
    fl_test_each_alloc(once, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slugs),
        cmocka_unit_test(days),
        cmocka_unit_test(principals),
        cmocka_unit_test(reads_people),
        cmocka_unit_test(tells_faults),
        cmocka_unit_test(tells_all_faults),
        cmocka_unit_test(hides_private_keys),
        cmocka_unit_test(changes_one_field),
        cmocka_unit_test(appends_a_person),
        cmocka_unit_test(survives_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
