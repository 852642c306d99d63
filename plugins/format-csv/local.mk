# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
pkglib_LTLIBRARIES += plugins/format-csv.la
plugins_format_csv_la_SOURCES = plugins/format-csv/csv.c
plugins_format_csv_la_LDFLAGS = $(plugin_ldflags)
plugins_format_csv_la_LIBADD = libfleet.la
