# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
pkglib_LTLIBRARIES += plugins/check-host.la
plugins_check_host_la_SOURCES = plugins/check-host/host.c
plugins_check_host_la_LDFLAGS = $(plugin_ldflags)
plugins_check_host_la_LIBADD = libfleet.la
