# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
pkglib_LTLIBRARIES += providers/local.la
providers_local_la_SOURCES = providers/local/local.c
providers_local_la_LDFLAGS = $(provider_ldflags)
providers_local_la_LIBADD = providers/liblocalpod.la libfleet.la

# All but the provider: the fake clouds make their machines of it, too.
noinst_LTLIBRARIES += providers/liblocalpod.la
providers_liblocalpod_la_SOURCES = \
	providers/local/file.c providers/local/file.h \
	providers/local/pod.c providers/local/pod.h \
	providers/local/process.c providers/local/process.h \
	providers/local/server.c providers/local/server.h \
	providers/local/store.c providers/local/store.h
