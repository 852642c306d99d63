# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
pkglib_LTLIBRARIES += plugins/format-json.la
plugins_format_json_la_SOURCES = plugins/format-json/json.c
plugins_format_json_la_LDFLAGS = $(plugin_ldflags)
plugins_format_json_la_LIBADD = libfleet.la $(DEPS_LIBS)
