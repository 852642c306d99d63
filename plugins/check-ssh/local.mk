# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
pkglib_LTLIBRARIES += plugins/check-ssh.la
plugins_check_ssh_la_SOURCES = plugins/check-ssh/ssh.c
plugins_check_ssh_la_LDFLAGS = $(plugin_ldflags)
plugins_check_ssh_la_LIBADD = libfleet.la
