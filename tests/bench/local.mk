# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
EXTRA_DIST += tests/bench/bench.sh tests/bench/cloud.sh tests/bench/copy.sh \
	tests/bench/farm.sh tests/bench/proxy.sh tests/bench/ssh.sh

bench_programs = tests/bench/cost tests/bench/knock tests/bench/longwire
EXTRA_PROGRAMS = $(bench_programs)
CLEANFILES += $(bench_programs)
tests_bench_cost_SOURCES = tests/bench/cost.c
tests_bench_cost_LDADD =
tests_bench_knock_SOURCES = tests/bench/knock.c
tests_bench_knock_LDADD =
tests_bench_longwire_SOURCES = tests/bench/longwire.c
tests_bench_longwire_LDADD =

bench: all $(bench_programs)
	builddir='$(abs_top_builddir)' \
	  $(SHELL) $(srcdir)/tests/bench/bench.sh bench-out
	builddir='$(abs_top_builddir)' \
	  $(SHELL) $(srcdir)/tests/bench/cloud.sh bench-out
	builddir='$(abs_top_builddir)' \
	  $(SHELL) $(srcdir)/tests/bench/proxy.sh bench-out
	builddir='$(abs_top_builddir)' \
	  $(SHELL) $(srcdir)/tests/bench/ssh.sh bench-out
	builddir='$(abs_top_builddir)' \
	  $(SHELL) $(srcdir)/tests/bench/copy.sh bench-out
.PHONY: bench
