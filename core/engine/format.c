/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/format.h"

#include "core/base/call.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/model/shown.h"

#define RENDER_MS 60000

static int list_formats(const struct fl_plugins *plugins, struct fl_strv *names,
                        struct fl_buf *line)
{
    int rc = FLEET_OK;

    for (size_t i = 0; rc == 0 && i < plugins->n; i++) {
        const struct fl_plugin *plugin = plugins->at[i];

        if (plugin->status != FL_PLUGIN_LOADED ||
            plugin->about.kind != FLEET_FORMAT)
            continue;
        fl_buf_printf(line, "%s%s", names->n ? ", " : "", plugin->about.name);
        rc = fl_strv_add(names, plugin->about.name);
    }
    return rc;
}

static int fail_unknown(const struct fl_plugins *plugins, const char *name,
                        struct fleet_error *err)
{
    FL_AUTO(fl_strv_clear) struct fl_strv names = {0};
    FL_AUTO(fl_buf_clear) struct fl_buf line = FL_BUF(300);
    char shown[FL_SHOWN_SIZE];
    const char *near;

    if (list_formats(plugins, &names, &line) < 0)
        return fl_enomem(err);
    fl_shown(shown, name);
    near = names.n ? fl_closest(name, (const char *const *)names.at) : NULL;
    return fleet_fail(err, FLEET_EUSAGE,
                      "there is no format '%.80s'%s%s%s There %s: %s", shown,
                      near ? ": did you mean '" : "", near ? near : "",
                      near ? "'?" : ".", names.n == 1 ? "is" : "are",
                      names.n ? fl_buf_text(&line) : "none");
}

int fl_format_find(const struct fl_plugins *plugins, const char *name,
                   const struct fl_plugin **out, struct fleet_error *err)
{
    *out = fl_plugins_find(plugins, FLEET_FORMAT, name);
    return *out ? FLEET_OK : fail_unknown(plugins, name, err);
}

bool fl_format_needs_ports(const struct fl_plugin *format)
{
    return format->about.caps & FLEET_CAP_PORTS;
}

static int render(const struct fl_plugin *format, const void *config,
                  const struct fleet_view *view, struct fleet_writer *out,
                  struct fleet_error *err)
{
    const char *name = format->about.name;
    struct fleet_error why = {0};
    int64_t before = fl_call_begin(fl_deadline(RENDER_MS));
    int rc = format->format.render(config, view, out, &why);

    fl_call_end(before);
    if (rc == FLEET_OK)
        return fl_writer_check(out, name, err);
    if (!why.text[0] || why.code != rc || rc > 0)
        return fleet_fail(err, FLEET_EINTERNAL, "%s: failed (%d): %s", name, rc,
                          why.text[0] ? why.text : "it does not say why");
    return fleet_fail(err, rc, "%s: %s", name, why.text);
}

int fl_format_render(const struct fl_plugin *format,
                     const struct fl_config *config,
                     const struct fleet_view *view, struct fleet_writer *out,
                     struct fleet_error *err)
{
    FL_AUTO_FREE void *filled = calloc(1, format->about.config_size + 1);
    int rc;

    if (!filled)
        return fl_enomem(err);
    rc = fl_config_fill(config, &format->options, filled, true, err);
    if (rc < 0)
        return rc; /* nothing was left in it */
    rc = render(format, filled, view, out, err);
    fl_options_clear(&format->options, filled);
    return rc;
}
