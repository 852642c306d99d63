# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
EXTRA_DIST += tests/bench/bench.sh

bench: all
	builddir='$(abs_top_builddir)' \
	  $(SHELL) $(srcdir)/tests/bench/bench.sh bench-out
.PHONY: bench
