# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
pkglib_LTLIBRARIES += plugins/check-disk.la
plugins_check_disk_la_SOURCES = plugins/check-disk/disk.c
plugins_check_disk_la_LDFLAGS = $(plugin_ldflags)
plugins_check_disk_la_LIBADD = libfleet.la
