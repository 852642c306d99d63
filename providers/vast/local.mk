# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# Apart, so that tests can link what needs no network.
noinst_LTLIBRARIES += providers/libvast.la
providers_libvast_la_SOURCES = \
	providers/vast/config.h \
	providers/vast/gpu.c providers/vast/gpu.h \
	providers/vast/judge.c providers/vast/judge.h \
	providers/vast/parse.c providers/vast/parse.h \
	providers/vast/region.c providers/vast/region.h \
	providers/vast/request.c providers/vast/request.h
providers_libvast_la_LIBADD = providers/libapi.la

pkglib_LTLIBRARIES += providers/vast.la
providers_vast_la_SOURCES = providers/vast/vast.c
providers_vast_la_LDFLAGS = $(provider_ldflags)
providers_vast_la_LIBADD = providers/libvast.la libfleet.la $(DEPS_LIBS)
