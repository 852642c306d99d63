# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
pkglib_LTLIBRARIES += plugins/format-ansible.la
plugins_format_ansible_la_SOURCES = plugins/format-ansible/ansible.c
plugins_format_ansible_la_LDFLAGS = $(plugin_ldflags)
plugins_format_ansible_la_LIBADD = libfleet.la
