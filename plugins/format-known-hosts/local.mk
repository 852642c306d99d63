# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
pkglib_LTLIBRARIES += plugins/format-known-hosts.la
plugins_format_known_hosts_la_SOURCES = plugins/format-known-hosts/known-hosts.c
plugins_format_known_hosts_la_LDFLAGS = $(plugin_ldflags)
plugins_format_known_hosts_la_LIBADD = libfleet.la
