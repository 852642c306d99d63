# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
pkglib_LTLIBRARIES += plugins/check-memory.la
plugins_check_memory_la_SOURCES = plugins/check-memory/memory.c
plugins_check_memory_la_LDFLAGS = $(plugin_ldflags)
plugins_check_memory_la_LIBADD = libfleet.la
