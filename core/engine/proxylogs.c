/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/proxylogs.h"

#include "core/base/error.h"
#include "core/engine/format.h"

#include <string.h>

#define FORMAT "nginx"

/* The word behind "access_log " or "error_log " at the start of a line. */
static int take_line(const char *line, struct fl_strv *logs)
{
    static const char *const words[] = {"access_log /", "error_log /"};

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        size_t len = strlen(words[i]) - 1;
        FL_AUTO_FREE char *name = NULL;

        if (strncmp(line, words[i], len + 1) != 0)
            continue;
        name = strndup(line + len, strcspn(line + len, " ;\n"));
        if (!name)
            return FLEET_ENOMEM;
        return fl_strv_has(logs, name) ? FLEET_OK : fl_strv_add(logs, name);
    }
    return FLEET_OK;
}

static int take_lines(const char *text, struct fl_strv *logs)
{
    int rc = FLEET_OK;

    while (rc == 0 && *text) {
        size_t len = strcspn(text, "\n");

        rc = take_line(text, logs);
        text += len + (text[len] == '\n');
    }
    return rc;
}

/* A file without forwards says it, too. */
int fl_proxylogs(const struct fl_engine *engine, struct fl_strv *logs,
                 struct fleet_error *err)
{
    FL_AUTO(fl_view_clear) struct fleet_view view = {0};
    const struct fl_view_from from = {.settings = &engine->settings,
                                      .cohort = &engine->cohort};
    struct fleet_writer out = FL_WRITER(FL_FORMAT_MAX);
    const struct fl_plugin *format;
    int rc = fl_format_find(&engine->plugins, FORMAT, &format, err);

    if (rc == 0)
        rc = fl_view_init(&view, &from, err);
    if (rc == 0)
        rc = fl_format_render(format, &engine->config, &view, &out, err);
    if (rc == 0 && take_lines(fl_buf_text(&out.buf), logs) < 0)
        rc = fl_enomem(err);
    fl_writer_clear(&out);
    return rc;
}
