# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Plugins for tests, never installed. demo/ is built by a test, with nothing but
# what make install puts in place.
test_plugin_ldflags = $(AM_LDFLAGS) -module -avoid-version -rpath /nowhere

check_LTLIBRARIES += \
	tests/plugins/hang.la \
	tests/plugins/memo.la \
	tests/plugins/memo2.la \
	tests/plugins/newer.la \
	tests/plugins/notplugin.la \
	tests/plugins/ponder.la \
	tests/plugins/rubbish.la \
	tests/plugins/unresolved.la
tests_plugins_hang_la_LDFLAGS = $(test_plugin_ldflags)
tests_plugins_hang_la_LIBADD = libfleet.la
tests_plugins_memo_la_LDFLAGS = $(test_plugin_ldflags)
tests_plugins_memo_la_LIBADD = libfleet.la
tests_plugins_memo2_la_SOURCES = tests/plugins/memo.c
tests_plugins_memo2_la_LDFLAGS = $(test_plugin_ldflags)
tests_plugins_memo2_la_LIBADD = libfleet.la
tests_plugins_memo2_la_CPPFLAGS = $(AM_CPPFLAGS) '-DMEMO_NAME="memo2"' \
	'-DMEMO_KEY="MEMO2_"' -DMEMO_EFFECTS
tests_plugins_newer_la_LDFLAGS = $(test_plugin_ldflags)
tests_plugins_newer_la_LIBADD = libfleet.la
tests_plugins_notplugin_la_LDFLAGS = $(test_plugin_ldflags)
tests_plugins_ponder_la_LDFLAGS = $(test_plugin_ldflags)
tests_plugins_ponder_la_LIBADD = libfleet.la
tests_plugins_rubbish_la_LDFLAGS = $(test_plugin_ldflags)
tests_plugins_rubbish_la_LIBADD = libfleet.la
tests_plugins_unresolved_la_LDFLAGS = $(test_plugin_ldflags)

# One source, each with another fault.
check_LTLIBRARIES += \
	tests/plugins/badkind.la \
	tests/plugins/badname.la \
	tests/plugins/badops.la \
	tests/plugins/badoption.la \
	tests/plugins/badsize.la \
	tests/plugins/badstride.la \
	tests/plugins/lacking.la \
	tests/plugins/wrongabi.la
misfit = tests/plugins/misfit.c
tests_plugins_badkind_la_SOURCES = $(misfit)
tests_plugins_badkind_la_LDFLAGS = $(test_plugin_ldflags)
tests_plugins_badkind_la_CPPFLAGS = $(AM_CPPFLAGS) -DMISFIT_KIND=4
tests_plugins_badname_la_SOURCES = $(misfit)
tests_plugins_badname_la_LDFLAGS = $(test_plugin_ldflags)
tests_plugins_badname_la_CPPFLAGS = $(AM_CPPFLAGS) '-DMISFIT_NAME="Bad Name"'
tests_plugins_badops_la_SOURCES = $(misfit)
tests_plugins_badops_la_LDFLAGS = $(test_plugin_ldflags)
tests_plugins_badops_la_CPPFLAGS = $(AM_CPPFLAGS) -DMISFIT_OPS_SIZE=100000
tests_plugins_badoption_la_SOURCES = $(misfit)
tests_plugins_badoption_la_LDFLAGS = $(test_plugin_ldflags)
tests_plugins_badoption_la_CPPFLAGS = $(AM_CPPFLAGS) \
	-DMISFIT_TYPE=FLEET_OPT_SECRET
tests_plugins_badsize_la_SOURCES = $(misfit)
tests_plugins_badsize_la_LDFLAGS = $(test_plugin_ldflags)
tests_plugins_badsize_la_CPPFLAGS = $(AM_CPPFLAGS) -DMISFIT_SIZE=12
tests_plugins_badstride_la_SOURCES = $(misfit)
tests_plugins_badstride_la_LDFLAGS = $(test_plugin_ldflags)
tests_plugins_badstride_la_CPPFLAGS = $(AM_CPPFLAGS) -DMISFIT_STRIDE=8
tests_plugins_lacking_la_SOURCES = $(misfit)
tests_plugins_lacking_la_LDFLAGS = $(test_plugin_ldflags)
tests_plugins_lacking_la_CPPFLAGS = $(AM_CPPFLAGS) -DMISFIT_LIST=NULL
tests_plugins_wrongabi_la_SOURCES = $(misfit)
tests_plugins_wrongabi_la_LDFLAGS = $(test_plugin_ldflags)
tests_plugins_wrongabi_la_CPPFLAGS = $(AM_CPPFLAGS) -DMISFIT_ABI=7

# With the headers of the first release in place of ours (see its README).
check_LTLIBRARIES += tests/abi/v1/old.la
tests_abi_v1_old_la_SOURCES = \
	tests/abi/v1/old.c \
	tests/abi/v1/include/fleet/check.h \
	tests/abi/v1/include/fleet/error.h \
	tests/abi/v1/include/fleet/format.h \
	tests/abi/v1/include/fleet/host.h \
	tests/abi/v1/include/fleet/log.h \
	tests/abi/v1/include/fleet/plugin.h \
	tests/abi/v1/include/fleet/provider.h \
	tests/abi/v1/include/fleet/record.h \
	tests/abi/v1/include/fleet/writer.h
tests_abi_v1_old_la_LDFLAGS = $(test_plugin_ldflags)
tests_abi_v1_old_la_LIBADD = libfleet.la
tests_abi_v1_old_la_CPPFLAGS = -I$(top_srcdir)/tests/abi/v1/include

EXTRA_DIST += \
	tests/abi/v1/README \
	tests/plugins/demo/Makefile \
	tests/plugins/demo/demo.c
