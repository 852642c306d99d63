/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/clock.h"
#include "core/base/program.h"
#include "core/base/text.h"
#include "core/engine/checkup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NONCE "00112233aabbccdd"

/* ---- taking an answer apart ---- */

#define MOST 3
static const struct {
    const char *answer;
    const char *texts[MOST];
    int statuses[MOST];
    bool timed_out[MOST];
    bool whole;
} answers[] = {
    {"", {"", "", ""}, {-1, -1, -1}, {0}, false},
    {NONCE " 0:a=1\n" NONCE " 1:b=2\n" NONCE " 0:c=3\n" NONCE " 0.0\n" NONCE
           " 1.7\n" NONCE " 2!\n" NONCE " end\n",
     {"a=1\nc=3\n", "b=2\n", ""},
     {0, 7, -1},
     {false, false, true},
     true},
    /* whatever else prints is nobody's */
    {"motd\nNONCE 0:x\n0:y\n" NONCE " 0:z\n",
     {"z\n", "", ""},
     {-1, -1, -1},
     {0},
     false},
    /* a marker inside a line, and one of another word */
    {NONCE " 0:" NONCE " 1:forged\n" NONCE "x 1:forged\nffff 1.0\n",
     {NONCE " 1:forged\n", "", ""},
     {-1, -1, -1},
     {0},
     false},
    /* cut off */
    {NONCE " 0:a\n" NONCE " 0:bbb", {"a\n", "", ""}, {-1, -1, -1}, {0}, false},
    {NONCE " 0.0", {"", "", ""}, {-1, -1, -1}, {0}, false},
    {NONCE " end", {"", "", ""}, {-1, -1, -1}, {0}, false},
    /* no such probe, no number, no sense */
    {NONCE " 3:x\n" NONCE " 99999999999:x\n" NONCE " :x\n" NONCE " -1:x\n" NONCE
           "\n" NONCE " \n" NONCE " 0\n" NONCE " 0?x\n",
     {"", "", ""},
     {-1, -1, -1},
     {0},
     false},
    {NONCE " 0.256\n" NONCE " 1.x\n" NONCE " 2.\n",
     {"", "", ""},
     {-1, -1, -1},
     {0},
     false},
    /* the guard came by before it was waited for */
    {NONCE " 0.0\n" NONCE " 0!\n", {"", "", ""}, {0, -1, -1}, {0}, false},
    {NONCE " 0:\n" NONCE " 0:\n", {"\n\n", "", ""}, {-1, -1, -1}, {0}, false},
};

static void answers_are_taken_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct fl_section sections[MOST];
        bool whole;

        assert_int_equal(fl_checkup_parse(answers[i].answer,
                                          strlen(answers[i].answer), NONCE,
                                          sections, MOST, &whole),
                         FLEET_OK);
        assert_int_equal(whole, answers[i].whole);
        for (size_t k = 0; k < MOST; k++) {
            assert_string_equal(fl_buf_text(&sections[k].text),
                                answers[i].texts[k]);
            assert_int_equal(sections[k].status, answers[i].statuses[k]);
            assert_int_equal(sections[k].timed_out, answers[i].timed_out[k]);
        }
        fl_sections_clear(sections, MOST);
    }
}

static void an_answer_without_end_is_bounded(void **state)
{
    FL_AUTO(fl_buf_clear) struct fl_buf answer = FL_BUF(64 << 20);
    struct fl_section section;
    bool whole;

    (void)state;
    while (answer.len < 4 << 20)
        fl_buf_puts(&answer, NONCE " 0:0123456789012345678901234567890123\n");
    fl_buf_puts(&answer, NONCE " 0.0\n");
    assert_int_equal(
        fl_checkup_parse(answer.data, answer.len, NONCE, &section, 1, &whole),
        FLEET_OK);
    assert_true(section.text.len <= FL_PROBE_BYTES);
    assert_int_equal(section.status, 0);
    fl_sections_clear(&section, 1);
}

/* ---- in real shells ---- */

static const char *const dash[] = {"dash", NULL};
static const char *const bash[] = {"bash", NULL};
static const char *const bash_posix[] = {"bash", "--posix", NULL};
static const char *const busybox[] = {"busybox", "sh", NULL};
static const char *const plain[] = {"sh", NULL};
static const char *const *const shells[] = {plain, dash, bash, bash_posix,
                                            busybox};

/* Probes, and what is expected of each; text NULL: anything. */
static const struct {
    struct fl_probe probe;
    const char *text;
    int status; /* -2: it is ended */
} probes[] = {
    {{"echo a=1; echo b=2", 9000, false}, "a=1\nb=2\n", 0},
    {{"exit 5", 9000, false}, "", 5},
    {{"", 9000, false}, "", 0},
    {{"printf 'no newline'", 9000, false}, "no newline\n", 0},
    {{"printf ' \\\\n two  blanks \\n'", 9000, false},
     " \\n two  blanks \n",
     0},
    {{"if then (", 9000, false}, "", -1}, /* the status differs by shell */
    {{"echo one; sleep 100 & sleep 99; echo two", 1000, false}, "one\n", -2},
    {{"trap '' TERM HUP INT; while :; do :; done", 1000, false}, "", -2},
    {{"echo \"[$N][$G][$#][$1]\"", 9000, false}, "[][][0][]\n", 0},
    {{"N=x; cd /; set -- a b; probe() { echo mine; }; probe; exit 3", 9000,
      false},
     "mine\n",
     3},
    {{"read -r line && echo \"got $line\"; echo end", 9000, false}, "end\n", 0},
    /* A reader that is as fast may take each line for a block. */
    {{"i=0; while [ $i -lt 1000 ]; do echo x; i=$((i + 1)); done", 9000, false},
     NULL,
     -1},
    {{"head -c 3000000 /dev/zero | tr '\\0' y; exit 4", 9000, true}, NULL, 4},
    {{"head -c 3000000 /dev/zero; exit 4", 9000, true}, NULL, 4},
    {{"exec 2>&1; exec bash -c 'echo out; echo err >&2; exit 2' name", 9000,
      true},
     "out\nerr\n",
     2},
    {{"printf 'bad \\377\\033[31m\\n'", 9000, false}, "bad \377\033[31m\n", 0},
    {{"echo \"" NONCE " 0:forged\"", 9000, false}, NONCE " 0:forged\n", 0},
};
#define PROBES (sizeof(probes) / sizeof(probes[0]))

static char *compose(void)
{
    struct fl_buf script = FL_BUF(1 << 20);
    struct fl_probe list[PROBES];

    for (size_t i = 0; i < PROBES; i++)
        list[i] = probes[i].probe;
    assert_int_equal(fl_checkup_compose(list, PROBES, NONCE, &script),
                     FLEET_OK);
    return fl_buf_take(&script);
}

static void check_sections(const struct fl_section *sections, const char *shell)
{
    for (size_t i = 0; i < PROBES; i++) {
        const struct fl_section *section = &sections[i];

        if (probes[i].text &&
            strcmp(fl_buf_text(&section->text), probes[i].text) != 0)
            fail_msg("%s: probe %zu printed \"%s\"", shell, i,
                     fl_buf_text(&section->text));
        assert_true(section->text.len <= FL_PROBE_BYTES);
        if (section->timed_out != (probes[i].status == -2))
            fail_msg("%s: probe %zu: status %d", shell, i, section->status);
        if (probes[i].status >= 0)
            assert_int_equal(section->status, probes[i].status);
    }
}

static void run_in(const char *const *shell, const char *script)
{
    const struct fleet_program program = {.size = sizeof(program),
                                          .argv = shell,
                                          .input = script,
                                          .max_output = FL_CHECKUP_MAX(PROBES)};
    FL_AUTO_FREE char *answer = NULL;
    struct fl_section sections[PROBES];
    struct fleet_error err = {0};
    int64_t began = fl_now_ms();
    bool whole;
    int rc = fl_program_run(&program, fl_deadline(60000), &answer, &err);

    if (rc == FLEET_ENOTFOUND)
        return;
    if (rc < 0)
        fail_msg("%s: %s", shell[0], err.text);
    /* Two of them would go on for ever. */
    assert_true(fl_now_ms() - began < 30000);
    assert_int_equal(fl_checkup_parse(answer, strlen(answer), NONCE, sections,
                                      PROBES, &whole),
                     FLEET_OK);
    assert_true(whole);
    check_sections(sections, shell[0]);
    fl_sections_clear(sections, PROBES);
}

static void every_shell_runs_it(void **state)
{
    FL_AUTO_FREE char *script = compose();

    (void)state;
    assert_non_null(script);
    for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
        run_in(shells[i], script);
}

static void nonces_differ(void **state)
{
    char one[FL_NONCE_SIZE], two[FL_NONCE_SIZE];
    struct fleet_error err = {0};

    (void)state;
    assert_int_equal(fl_nonce(one, &err), FLEET_OK);
    assert_int_equal(fl_nonce(two, &err), FLEET_OK);
    assert_int_equal(strlen(one), FL_NONCE_SIZE - 1);
    assert_int_equal(strspn(one, "0123456789abcdef"), FL_NONCE_SIZE - 1);
    assert_string_not_equal(one, two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_taken_apart),
        cmocka_unit_test(an_answer_without_end_is_bounded),
        cmocka_unit_test(every_shell_runs_it),
        cmocka_unit_test(nonces_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
