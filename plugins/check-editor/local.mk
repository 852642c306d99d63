# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
pkglib_LTLIBRARIES += plugins/check-editor.la
plugins_check_editor_la_SOURCES = plugins/check-editor/editor.c
plugins_check_editor_la_LDFLAGS = $(plugin_ldflags)
plugins_check_editor_la_LIBADD = libfleet.la
