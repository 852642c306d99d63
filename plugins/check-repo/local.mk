# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
pkglib_LTLIBRARIES += plugins/check-repo.la
plugins_check_repo_la_SOURCES = plugins/check-repo/repo.c
plugins_check_repo_la_LDFLAGS = $(plugin_ldflags)
plugins_check_repo_la_LIBADD = libfleet.la
