# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
pkglib_LTLIBRARIES += plugins/format-ssh-config.la
plugins_format_ssh_config_la_SOURCES = plugins/format-ssh-config/ssh-config.c
plugins_format_ssh_config_la_LDFLAGS = $(plugin_ldflags)
plugins_format_ssh_config_la_LIBADD = libfleet.la
