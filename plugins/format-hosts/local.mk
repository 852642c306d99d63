# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
pkglib_LTLIBRARIES += plugins/format-hosts.la
plugins_format_hosts_la_SOURCES = plugins/format-hosts/hosts.c
plugins_format_hosts_la_LDFLAGS = $(plugin_ldflags)
plugins_format_hosts_la_LIBADD = libfleet.la
