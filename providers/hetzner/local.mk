# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
pkglib_LTLIBRARIES += providers/hetzner.la
providers_hetzner_la_SOURCES = \
	providers/hetzner/access.c providers/hetzner/access.h \
	providers/hetzner/action.c providers/hetzner/action.h \
	providers/hetzner/handle.c providers/hetzner/handle.h \
	providers/hetzner/hetzner.c \
	providers/hetzner/left.c providers/hetzner/left.h \
	providers/hetzner/market.c providers/hetzner/market.h \
	providers/hetzner/wall.c providers/hetzner/wall.h
providers_hetzner_la_LDFLAGS = $(provider_ldflags)
providers_hetzner_la_LIBADD = providers/libhetzner.la providers/libapi.la \
	libfleet.la $(DEPS_LIBS)

# Apart, for the tests and fuzz targets.
noinst_LTLIBRARIES += providers/libhetzner.la
providers_libhetzner_la_SOURCES = \
	providers/hetzner/choice.c providers/hetzner/choice.h \
	providers/hetzner/judge.c providers/hetzner/judge.h \
	providers/hetzner/parse.c providers/hetzner/parse.h \
	providers/hetzner/request.c providers/hetzner/request.h
