# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
pkglib_LTLIBRARIES += providers/manual.la
providers_manual_la_SOURCES = providers/manual/manual.c
providers_manual_la_LDFLAGS = $(provider_ldflags)
providers_manual_la_LIBADD = libfleet.la
