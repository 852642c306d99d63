/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/format.h"

#include "tests/unit/failalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct config {
    char *word;
};
static const char word_key[] = "TEST_FORMAT_WORD";
static const struct fleet_option options[] = {
    {.key = word_key,
     .type = FLEET_OPT_STRING,
     .help = "what to write",
     .fallback = "hello",
     FLEET_AT(struct config, word)},
    {0},
};

static int greet(const void *config, const struct fleet_view *view,
                 struct fleet_writer *out, struct fleet_error *err)
{
    (void)err;
    fleet_writef(out, "%s from %s\n", ((const struct config *)config)->word,
                 fleet_view_get(view, FLEET_VIEW_COHORT));
    return FLEET_OK;
}

static int give_up(const void *config, const struct fleet_view *view,
                   struct fleet_writer *out, struct fleet_error *err)
{
    (void)config;
    (void)view;
    fleet_write(out, "half a");
    return fleet_fail(err, FLEET_EUNSUPPORTED, "not today");
}

static int say_nothing(const void *config, const struct fleet_view *view,
                       struct fleet_writer *out, struct fleet_error *err)
{
    (void)config;
    (void)view;
    (void)out;
    (void)err;
    return 17;
}

static int never_end(const void *config, const struct fleet_view *view,
                     struct fleet_writer *out, struct fleet_error *err)
{
    (void)config;
    (void)view;
    (void)err;
    for (int i = 0; i < 1000; i++)
        fleet_writef(out, "%100d", i);
    return FLEET_OK;
}

static struct fl_plugin
plugin_of(int (*render)(const void *, const struct fleet_view *,
                        struct fleet_writer *, struct fleet_error *))
{
    return (struct fl_plugin){
        .status = FL_PLUGIN_LOADED,
        .about = {.kind = FLEET_FORMAT,
                  .name = "odd",
                  .config_size = sizeof(struct config)},
        .format = {.render = render},
        .options = {options, sizeof(options[0])},
    };
}

static int render(int (*function)(const void *, const struct fleet_view *,
                                  struct fleet_writer *, struct fleet_error *),
                  struct fleet_writer *out, struct fleet_error *err)
{
    struct fl_plugin plugin = plugin_of(function);
    struct fl_config config = {0};
    struct fleet_view view = {0};
    int rc;

    view.fields[FLEET_VIEW_COHORT] = (char *)"arena";
    rc = fl_format_render(&plugin, &config, &view, out, err);
    fl_config_clear(&config);
    return rc;
}

static void has_its_options(void **state)
{
    FL_AUTO(fl_writer_clear) struct fleet_writer out = FL_WRITER(1000);
    FL_AUTO(fl_writer_clear) struct fleet_writer other = FL_WRITER(1000);

    (void)state;
    assert_int_equal(render(greet, &out, NULL), FLEET_OK);
    assert_string_equal(fl_buf_text(&out.buf), "hello from arena\n");
    assert_int_equal(setenv(word_key, "moin", 1), 0);
    assert_int_equal(render(greet, &other, NULL), FLEET_OK);
    assert_string_equal(fl_buf_text(&other.buf), "moin from arena\n");
    assert_int_equal(unsetenv(word_key), 0);
}

static void failures_name_the_format(void **state)
{
    FL_AUTO(fl_writer_clear) struct fleet_writer out = FL_WRITER(1000);
    struct fleet_error err = {0};

    (void)state;
    assert_int_equal(render(give_up, &out, &err), FLEET_EUNSUPPORTED);
    assert_string_equal(err.text, "odd: not today");
    assert_int_equal(render(say_nothing, &out, &err), FLEET_EINTERNAL);
    assert_string_equal(err.text, "odd: failed (17): it does not say why");
    assert_int_equal(render(never_end, &out, &err), FLEET_EINVALID);
    assert_string_equal(err.text, "odd: larger than 1000 bytes");
}

static void is_found_by_name(void **state)
{
    struct fl_plugin odd = plugin_of(greet), provider = plugin_of(NULL);
    struct fl_plugin *list[] = {&odd, &provider};
    struct fl_plugins plugins = {.at = list, .n = 2};
    const struct fl_plugin *found = NULL;
    struct fleet_error err = {0};

    (void)state;
    provider.about.kind = FLEET_PROVIDER;
    provider.about.name = "od";
    assert_int_equal(fl_format_find(&plugins, "odd", &found, &err), FLEET_OK);
    assert_ptr_equal(found, &odd);
    assert_false(fl_format_needs_ports(found));
    odd.about.caps = FLEET_CAP_PORTS;
    assert_true(fl_format_needs_ports(found));
    assert_int_equal(fl_format_find(&plugins, "od", &found, &err),
                     FLEET_EUSAGE);
    assert_string_equal(err.text, "there is no format 'od': did you mean "
                                  "'odd'? There is: odd");
    plugins.n = 0;
    assert_int_equal(fl_format_find(&plugins, "\x1b", &found, &err),
                     FLEET_EUSAGE);
    assert_string_equal(err.text,
                        "there is no format '\\x1b'. There are: none");
}

static void greet_once(void *arg)
{
    FL_AUTO(fl_writer_clear) struct fleet_writer out = FL_WRITER(1000);

    int rc = render(greet, &out, NULL);

    (void)arg;
    assert_int_equal(rc, fl_test_alloc_failed() ? FLEET_ENOMEM : FLEET_OK);
}

static void memory_may_run_out(void **state)
{
    (void)state;
    fl_test_each_alloc(greet_once, NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_its_options),
        cmocka_unit_test(failures_name_the_format),
        cmocka_unit_test(is_found_by_name),
        cmocka_unit_test(memory_may_run_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
