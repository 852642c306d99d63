/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/error.h"
#include "core/cmd/commands.h"
#include "core/cmd/output.h"

static void add_row(struct fl_table *table, const struct fl_plugin *plugin)
{
    fl_table_cell(table, plugin->path);
    fl_table_cell(table,
                  plugin->about.kind ? fl_kind_name(plugin->about.kind) : NULL);
    fl_table_cell(table, plugin->about.name);
    fl_table_cell(table, plugin->about.version);
    fl_table_cell(table, fl_plugin_status_name(plugin->status));
    fl_table_cell(table, plugin->reason);
}

static json_t *plugin_json(const struct fl_plugin *plugin)
{
    json_t *made = json_object();

    fl_json_put(made, "file", fl_json_text(plugin->path));
    fl_json_put(made, "kind",
                plugin->about.kind
                    ? fl_json_text(fl_kind_name(plugin->about.kind))
                    : json_null());
    fl_json_put(made, "name", fl_json_text(plugin->about.name));
    fl_json_put(made, "version", fl_json_text(plugin->about.version));
    fl_json_put(made, "status",
                fl_json_text(fl_plugin_status_name(plugin->status)));
    fl_json_put(made, "reason", fl_json_text(plugin->reason));
    return made;
}

static int run(struct fl_context *context, const void *options)
{
    static const char *const headings[] = {"FILE",    "KIND",   "NAME",
                                           "VERSION", "STATUS", "REASON"};
    const struct fl_plugins *plugins = &context->engine.plugins;
    json_t *list = json_array();
    struct fleet_error err = {0};
    struct fl_table table;
    int rc;

    (void)options;
    if (context->n_args) {
        json_decref(list);
        return fl_usage(context, "takes no arguments");
    }
    rc =
        fl_engine_open_plugins(&context->engine, context->globals.config, &err);
    fl_table_init(&table, 6, headings, 0);
    for (size_t i = 0; i < plugins->n; i++) {
        add_row(&table, plugins->at[i]);
        fl_json_add(list, plugin_json(plugins->at[i]));
    }
    fl_json_put(context->document, "plugins", list);
    fl_table_print(&table, context);
    fl_table_clear(&table);
    fl_show_warnings(context);
    return rc < 0 ? fl_report(context, &err, NULL, NULL) : FL_EXIT_OK;
}

const struct fl_command fl_cmd_plugins = {
    .name = "plugins",
    .group = "This installation",
    .summary = "list every plugin file found: loaded, shadowed or refused",
    .synopsis = "",
    .example = "fleet plugins\nFLEET_PLUGIN_PATH=~/my-plugins fleet plugins",
    .about = "Plugins are looked for in the directories of FLEET_PLUGIN_PATH, "
             "then where fleet was built when it runs from there, then where "
             "it is installed. The first of a name is used; later ones are "
             "shadowed. A file or directory that others may write is refused, "
             "and so is what was made for another fleet.",
    .args = FL_ARGS_NONE,
    .run = run,
};
