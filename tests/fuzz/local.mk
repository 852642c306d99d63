# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# One target a parser. As plain programs they run their corpus in make check;
# configured with --enable-fuzzing, make fuzz goes on looking. What it finds
# stands in fuzz-found/.
fuzz_programs = \
	tests/fuzz/fuzz-authkeys \
	tests/fuzz/fuzz-aws \
	tests/fuzz/fuzz-csv \
	tests/fuzz/fuzz-deployed \
	tests/fuzz/fuzz-envfile \
	tests/fuzz/fuzz-facts \
	tests/fuzz/fuzz-execline \
	tests/fuzz/fuzz-greeting \
	tests/fuzz/fuzz-hetzner \
	tests/fuzz/fuzz-hostkey \
	tests/fuzz/fuzz-option \
	tests/fuzz/fuzz-roster \
	tests/fuzz/fuzz-sshkey \
	tests/fuzz/fuzz-tar \
	tests/fuzz/fuzz-target \
	tests/fuzz/fuzz-runpod \
	tests/fuzz/fuzz-vast
check_PROGRAMS += $(fuzz_programs)
check_LTLIBRARIES += tests/fuzz/libfuzz.la
tests_fuzz_libfuzz_la_SOURCES = tests/fuzz/driver.c tests/fuzz/fuzz.h
tests_fuzz_libfuzz_la_CFLAGS = $(AM_CFLAGS) $(FUZZ_CFLAGS)
fuzz_ldadd = tests/fuzz/libfuzz.la libfleetcmd.la libfleetcore.la $(DEPS_LIBS)
fuzz_ldflags = $(AM_LDFLAGS) $(FUZZ_CFLAGS)
tests_fuzz_fuzz_aws_LDADD = providers/libaws.la providers/libapi.la \
	$(fuzz_ldadd)
tests_fuzz_fuzz_aws_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_csv_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_csv_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_deployed_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_deployed_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_envfile_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_envfile_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_execline_LDADD = providers/libanswer.la $(fuzz_ldadd)
tests_fuzz_fuzz_execline_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_greeting_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_greeting_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_hetzner_LDADD = providers/libhetzner.la providers/libapi.la \
	$(fuzz_ldadd)
tests_fuzz_fuzz_hetzner_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_hostkey_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_hostkey_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_facts_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_facts_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_option_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_option_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_sshkey_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_sshkey_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_tar_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_tar_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_target_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_target_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_runpod_LDADD = providers/librunpod.la providers/libapi.la \
	$(fuzz_ldadd)
tests_fuzz_fuzz_runpod_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_vast_LDADD = providers/libvast.la $(fuzz_ldadd)
tests_fuzz_fuzz_vast_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_authkeys_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_authkeys_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_roster_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_roster_LDFLAGS = $(fuzz_ldflags)
EXTRA_DIST += tests/fuzz/corpus

# With libFuzzer a target without arguments never ends.
if FUZZING
fuzz_tests =
else
fuzz_tests = $(fuzz_programs)
endif

FUZZ_SECONDS = 60
fuzz: $(fuzz_programs)
	@test -n '$(FUZZ_CFLAGS)' || { echo \
	  'configure with CC=clang --enable-fuzzing' >&2; exit 1; }
	@for program in $(fuzz_programs); do \
	  name=$${program##*/fuzz-}; \
	  $(MKDIR_P) fuzz-corpus/$$name fuzz-found/$$name; \
	  echo "== $$name"; \
	  $$program -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 \
	    -artifact_prefix=fuzz-found/$$name/ fuzz-corpus/$$name \
	    $(srcdir)/tests/fuzz/corpus/$$name || exit 1; \
	done
.PHONY: fuzz
