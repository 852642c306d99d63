/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/command.h"

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/cmd/document.h"
#include "core/cmd/screen.h"

#include <string.h>

#define TEXT_MAX 8192

/* "apple: ..." once, also where the text begins so, or with "apple is ...". */
static bool names_pod(const char *text, const char *pod)
{
    size_t len = strlen(pod);

    return strncmp(text, pod, len) == 0 &&
           (text[len] == ':' || text[len] == ' ');
}

static void add_error(struct fl_context *context, const struct fleet_error *err,
                      const char *pod, const char *provider)
{
    if (!context->errors)
        context->errors = json_array();
    fl_json_add(context->errors, fl_json_error(err, pod, provider));
}

int fl_report(struct fl_context *context, const struct fleet_error *err,
              const char *pod, const char *provider)
{
    bool prefixed = pod && !names_pod(err->text, pod);

    fl_screen_linef("fleet: %s%s%s", prefixed ? pod : "", prefixed ? ": " : "",
                    err->text);
    if (context->format == FL_FORMAT_JSON)
        add_error(context, err, pod, provider);
    /* What went wrong inside a provider is an answer not to be trusted. */
    if (provider && err->code == FLEET_EINTERNAL)
        return FL_EXIT_PROVIDER;
    return fl_exit_for(err->code);
}

int fl_usage(struct fl_context *context, const char *format, ...)
{
    const char *command = context->command ? context->command->name : NULL;
    FL_AUTO(fl_buf_clear) struct fl_buf text = {0};
    struct fleet_error err = {0};
    va_list args;

    fl_buf_init(&text, TEXT_MAX);
    va_start(args, format);
    fl_buf_vprintf(&text, format, args);
    va_end(args);
    fleet_fail(&err, FLEET_EUSAGE, "%s", fl_buf_text(&text));
    fl_screen_linef("fleet%s%s: %s", command ? " " : "", command ? command : "",
                    err.text);
    fl_screen_linef("Try `fleet %s%shelp`.", command ? command : "",
                    command ? " --" : "");
    if (context->format == FL_FORMAT_JSON)
        add_error(context, &err, NULL, NULL);
    return FL_EXIT_USAGE;
}

void fl_say(struct fl_context *context, const char *format, ...)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = {0};
    va_list args;

    if (context->globals.quiet)
        return;
    fl_buf_init(&text, TEXT_MAX);
    va_start(args, format);
    fl_buf_vprintf(&text, format, args);
    va_end(args);
    fl_screen_line(fl_buf_text(&text));
}

void fl_show_warnings(struct fl_context *context)
{
    struct fl_strv *warnings = &context->engine.warnings;

    for (size_t i = 0; i < warnings->n; i++)
        fl_say(context, "fleet: warning: %s", warnings->at[i]);
    fl_strv_clear(warnings);
}
