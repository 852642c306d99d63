# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
pkglib_LTLIBRARIES += plugins/check-net.la
plugins_check_net_la_SOURCES = plugins/check-net/net.c
plugins_check_net_la_LDFLAGS = $(plugin_ldflags)
plugins_check_net_la_LIBADD = libfleet.la
