/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_FORMAT_H
#define FL_ENGINE_FORMAT_H

#include "core/engine/config.h"
#include "core/engine/plugins.h"
#include "core/engine/view.h"
#include "core/model/writer.h"

/* Output formats: plugins that turn a view into the text of a file. */
#define FL_FORMAT_MAX ((size_t)64 * 1024 * 1024)

/* FLEET_EUSAGE: no such format; did you mean, and which there are. */
int fl_format_find(const struct fl_plugins *plugins, const char *name,
                   const struct fl_plugin **out, struct fleet_error *err);
bool fl_format_needs_ports(const struct fl_plugin *format);
/* The whole text into an empty writer, with the format's options from CONFIG;
 * what stands there after a failure is of no use. */
int fl_format_render(const struct fl_plugin *format,
                     const struct fl_config *config,
                     const struct fleet_view *view, struct fleet_writer *out,
                     struct fleet_error *err);

#endif
