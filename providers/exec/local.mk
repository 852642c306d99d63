# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
pkglib_LTLIBRARIES += providers/exec.la
providers_exec_la_SOURCES = \
	providers/exec/child.c providers/exec/child.h \
	providers/exec/exec.c \
	providers/exec/secrets.c providers/exec/secrets.h \
	providers/exec/wire.c providers/exec/wire.h
providers_exec_la_LDFLAGS = $(provider_ldflags)
providers_exec_la_LIBADD = providers/libanswer.la libfleet.la $(DEPS_LIBS)

# What reads the answers is also a fuzz target.
noinst_LTLIBRARIES += providers/libanswer.la
providers_libanswer_la_SOURCES = \
	providers/exec/answer.c providers/exec/answer.h
