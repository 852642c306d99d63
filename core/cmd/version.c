/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/version.h"
#include "core/base/error.h"
#include "core/cmd/commands.h"
#include "core/cmd/output.h"

#include <openssl/crypto.h>
#include <sqlite3.h>
#include <stdio.h>

struct part {
    const char *name, *version;
};

static void tell(struct fl_context *context, const struct part *parts, size_t n)
{
    char line[128];

    for (size_t i = 0; i < n; i++) {
        snprintf(line, sizeof(line), "%s%s %s\n", i ? "  " : "", parts[i].name,
                 parts[i].version);
        fl_print(context, line);
    }
}

static void put(json_t *document, const struct part *parts, size_t n)
{
    json_t *libraries = json_object();

    fl_json_put(document, "version", fl_json_text(parts[0].version));
    fl_json_put(document, "plugin_abi", json_integer(FLEET_PLUGIN_ABI));
    for (size_t i = 1; i < n; i++)
        fl_json_put(libraries, parts[i].name, fl_json_text(parts[i].version));
    fl_json_put(document, "libraries", libraries);
}

int fl_version_print(struct fl_context *context)
{
    const struct part parts[] = {
        {"fleet", FLEET_VERSION},
        {"jansson", jansson_version_str()},
        {"sqlite", sqlite3_libversion()},
        {"openssl", OpenSSL_version(OPENSSL_VERSION_STRING)},
    };
    size_t n = sizeof(parts) / sizeof(*parts);

    if (context->format == FL_FORMAT_JSON)
        put(context->document, parts, n);
    else
        tell(context, parts, n);
    return FL_EXIT_OK;
}

static int run(struct fl_context *context, const void *options)
{
    (void)options;
    if (context->n_args)
        return fl_usage(context, "takes no arguments");
    return fl_version_print(context);
}

const struct fl_command fl_cmd_version = {
    .name = "version",
    .group = "This program",
    .summary = "print the version of fleet and of its libraries",
    .synopsis = "",
    .example = "fleet version",
    .args = FL_ARGS_NONE,
    .run = run,
};
