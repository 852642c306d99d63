# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# make check            everything that is quick (a few minutes)
# make check-long       the same with whole crash matrices
# make check-valgrind   unit tests and the life of a cohort under valgrind
# make check-asan       a build with ASan and UBSan in ./asan, and its check
# make check-tsan       likewise with TSan in ./tsan
# make lint             style, layers, manual pages, spelling, static analysis
# make bench            ratios against other programs, never timed tests
# make fuzz             libFuzzer on each target (clang, --enable-fuzzing)
TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = $(SHELL)
AM_TESTS_ENVIRONMENT = \
	srcdir='$(abs_top_srcdir)'; export srcdir; \
	builddir='$(abs_top_builddir)'; export builddir; \
	LD_LIBRARY_PATH="$(abs_top_builddir)/.libs$${LD_LIBRARY_PATH:+:$$LD_LIBRARY_PATH}"; \
	ASAN_OPTIONS="detect_leaks=1:abort_on_error=0:exitcode=99:$$ASAN_OPTIONS"; \
	UBSAN_OPTIONS="print_stacktrace=1:exitcode=99:$$UBSAN_OPTIONS"; \
	TSAN_OPTIONS="suppressions=$(abs_top_srcdir)/tests/tsan.supp:halt_on_error=1:second_deadlock_stack=1:$$TSAN_OPTIONS"; \
	MALLOC_PERTURB_=$${MALLOC_PERTURB_-165}; \
	export LD_LIBRARY_PATH ASAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS \
		MALLOC_PERTURB_;
EXTRA_DIST += \
	tests/tsan.supp tests/valgrind.supp \
	tools/prepare.sh

include tests/unit/local.mk
include tests/plugins/local.mk
include tests/servers/local.mk
include tests/fuzz/local.mk
include tests/e2e/local.mk
include tests/lint/local.mk
include tests/bench/local.mk

TESTS += $(unit_tests) $(fuzz_tests) $(e2e_tests) $(check_lints)

# For scripts that count: one test a line.
print-tests:
	@printf '%s\n' $(TESTS)
print-memory-tests:
	@printf '%s\n' $(unit_tests) $(fuzz_tests)
print-valgrind-tests:
	@printf '%s\n' $(VALGRIND_TESTS)

check-long:
	FLEET_TEST_LONG=1 $(MAKE) $(AM_MAKEFLAGS) check

valgrind = valgrind -q --error-exitcode=99 --leak-check=full \
	--errors-for-leak-kinds=definite,indirect,possible \
	--child-silent-after-fork=yes \
	--suppressions=$(abs_top_srcdir)/tests/valgrind.supp
VALGRIND_TESTS = $(unit_tests) $(life_tests)
check-valgrind:
	MALLOC_PERTURB_=0 FLEET_TEST_WRAP='$(valgrind)' \
	  $(MAKE) $(AM_MAKEFLAGS) check TESTS='$(VALGRIND_TESTS)' \
	  LOG_COMPILER='$(LIBTOOL) --mode=execute $(valgrind)'

check-asan check-tsan:
	@$(MKDIR_P) $(@:check-%=%)
	cd $(@:check-%=%) && { test -f Makefile || \
	  $(abs_top_srcdir)/configure --enable-werror --enable-$(@:check-%=%); }
	cd $(@:check-%=%) && $(MAKE) $(AM_MAKEFLAGS) check

.PHONY: print-tests print-memory-tests print-valgrind-tests check-long \
	check-valgrind check-asan check-tsan
