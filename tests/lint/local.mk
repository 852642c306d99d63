# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# Those that need only the compiler and tools that do not change their mind
# between releases belong to make check; the rest to make lint.
check_lints = \
	tests/lint/banned-calls.sh \
	tests/lint/headers.sh \
	tests/lint/layers.sh \
	tests/lint/manuals.sh \
	tests/lint/symbols.sh
more_lints = \
	tests/lint/analysis.sh \
	tests/lint/format.sh \
	tests/lint/licence.sh \
	tests/lint/shell.sh \
	tests/lint/spelling.sh
EXTRA_DIST += $(check_lints) $(more_lints) tests/lint/code.sh \
	tests/lint/cppcheck.txt

lint: all
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(check_lints) $(more_lints)'
.PHONY: lint
