# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
pkglib_LTLIBRARIES += plugins/format-prometheus.la
plugins_format_prometheus_la_SOURCES = plugins/format-prometheus/prometheus.c
plugins_format_prometheus_la_LDFLAGS = $(plugin_ldflags)
plugins_format_prometheus_la_LIBADD = libfleet.la $(DEPS_LIBS)
