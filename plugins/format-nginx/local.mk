# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
pkglib_LTLIBRARIES += plugins/format-nginx.la
plugins_format_nginx_la_SOURCES = plugins/format-nginx/nginx.c
plugins_format_nginx_la_LDFLAGS = $(plugin_ldflags)
plugins_format_nginx_la_LIBADD = libfleet.la
