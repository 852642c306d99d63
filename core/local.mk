# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# libfleet and the program. fl_* symbols are exported for the program alone
# (version FLEET_PRIVATE); the public ones are listed in libfleet.syms.
core_sources =
include core/base/local.mk
include core/model/local.mk
include core/net/local.mk
include core/engine/local.mk
include core/pod/local.mk
include core/cmd/local.mk

noinst_LTLIBRARIES += libfleetcore.la
libfleetcore_la_SOURCES = $(core_sources)
libfleetcore_la_LIBADD = $(DEPS_LIBS)

lib_LTLIBRARIES += libfleet.la
libfleet_la_SOURCES =
libfleet_la_LIBADD = libfleetcore.la $(DEPS_LIBS)
libfleet_la_LDFLAGS = $(AM_LDFLAGS) -version-info 1:0:0 -no-undefined \
	-Wl,--version-script=libfleet.map
EXTRA_libfleet_la_DEPENDENCIES = libfleet.map

libfleet.map: core/libfleet.syms
	$(AM_V_GEN){ echo 'FLEET_1 { global:'; \
	  sed 's/$$/;/' $(top_srcdir)/core/libfleet.syms; echo '};'; \
	  echo 'FLEET_PRIVATE { global: fl_*; local: *; };'; } >$@
CLEANFILES += libfleet.map
EXTRA_DIST += core/libfleet.syms

bin_PROGRAMS += fleet
fleet_SOURCES = core/cmd/main.c
fleet_LDADD = libfleetcmd.la libfleet.la $(DEPS_LIBS)

# All of the program but main, for unit tests.
noinst_LTLIBRARIES += libfleetcmd.la
libfleetcmd_la_SOURCES = $(cmd_sources)
