/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/giturl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *text, *known_as, *name;
} good[] = {
    {"git@github.com:owner/Course_1.0.git", "github.com", "Course_1.0"},
    {"git@github.com:owner/course", "github.com", "course"},
    {"host:course.git", "host", "course"},
    {"ssh://git@host.example/owner/course.git", "host.example", "course"},
    {"ssh://git@127.0.0.1:2222/srv/course.git", "[127.0.0.1]:2222", "course"},
    {"ssh://host:22/course/", "host", "course"},
    {"https://host.example/owner/course.git", NULL, "course"},
    {"/srv/git/course.git", NULL, "course"},
    {"file:///srv/git/course", NULL, "course"},
};
static const char *const bad[] = {
    "",
    "course",
    "--upload-pack=x:y",
    "git@host:owner/course.git\nx",
    "git@-oProxyCommand:x",
    "ssh://-oProxyCommand=x/course",
    "ssh://host:0/course",
    "ssh://host:port/course",
    "ext::sh -c id",
    "ext::id",
    "https://user:secret@host/course.git",
    "git@host:'course'",
    "git@host:",
    "git@host:..",
    "gopher://host/course",
    "./here:there",
};

static void addresses_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        FL_AUTO(fl_giturl_clear) struct fl_giturl url = {0};
        struct fleet_error err = {0};

        assert_int_equal(fl_giturl_read(good[i].text, &url, &err), FLEET_OK);
        assert_string_equal(url.text, good[i].text);
        assert_string_equal(url.name, good[i].name);
        if (good[i].known_as)
            assert_string_equal(url.known_as, good[i].known_as);
        else
            assert_null(url.known_as);
    }
}

static void what_is_none_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        FL_AUTO(fl_giturl_clear) struct fl_giturl url = {0};
        struct fleet_error err = {0};

        if (fl_giturl_read(bad[i], &url, &err) != FLEET_ECONFIG)
            fail_msg("taken: %s", bad[i]);
        assert_null(strstr(err.text, "secret"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read),
        cmocka_unit_test(what_is_none_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
