# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
pkglib_LTLIBRARIES += providers/runpod.la
providers_runpod_la_SOURCES = providers/runpod/runpod.c
providers_runpod_la_LDFLAGS = $(provider_ldflags)
providers_runpod_la_LIBADD = providers/librunpod.la providers/libapi.la \
	libfleet.la $(DEPS_LIBS)

# What needs no network is tested by itself.
noinst_LTLIBRARIES += providers/librunpod.la
providers_librunpod_la_SOURCES = \
	providers/runpod/judge.c providers/runpod/judge.h \
	providers/runpod/parse.c providers/runpod/parse.h \
	providers/runpod/request.c providers/runpod/request.h
