# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# One program a module. They link the objects of libfleet, not the library, so
# that --wrap reaches every allocation in them. Those that load plugins export
# these objects to them, in place of what libfleet.so has.
unit_ldflags = $(AM_LDFLAGS) -export-dynamic \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray \
	-Wl,--wrap=strdup,--wrap=strndup

if HAVE_CMOCKA
unit_programs = \
	tests/unit/test-args \
	tests/unit/test-authkeys \
	tests/unit/test-aws \
	tests/unit/test-aws-groups \
	tests/unit/test-aws-keys \
	tests/unit/test-aws-wire \
	tests/unit/test-backups \
	tests/unit/test-bgvisit \
	tests/unit/test-billed \
	tests/unit/test-buf \
	tests/unit/test-cancel \
	tests/unit/test-card \
	tests/unit/test-catalog \
	tests/unit/test-checkup \
	tests/unit/test-clock \
	tests/unit/test-config \
	tests/unit/test-copies \
	tests/unit/test-crontab \
	tests/unit/test-envedit \
	tests/unit/test-envfile \
	tests/unit/test-error \
	tests/unit/test-facts \
	tests/unit/test-fan \
	tests/unit/test-file \
	tests/unit/test-format \
	tests/unit/test-forward \
	tests/unit/test-gate \
	tests/unit/test-giturl \
	tests/unit/test-gpu \
	tests/unit/test-greeting \
	tests/unit/test-hetzner \
	tests/unit/test-journal \
	tests/unit/test-judges \
	tests/unit/test-keysheet \
	tests/unit/test-ledger \
	tests/unit/test-lock \
	tests/unit/test-log \
	tests/unit/test-map \
	tests/unit/test-money \
	tests/unit/test-names \
	tests/unit/test-option \
	tests/unit/test-plan \
	tests/unit/test-plugins \
	tests/unit/test-pool \
	tests/unit/test-ports \
	tests/unit/test-program \
	tests/unit/test-provider \
	tests/unit/test-record \
	tests/unit/test-report \
	tests/unit/test-roster \
	tests/unit/test-runpod \
	tests/unit/test-settings \
	tests/unit/test-ssh \
	tests/unit/test-sshcert \
	tests/unit/test-sshkey \
	tests/unit/test-sshwire \
	tests/unit/test-state \
	tests/unit/test-strv \
	tests/unit/test-summary \
	tests/unit/test-table \
	tests/unit/test-target \
	tests/unit/test-text \
	tests/unit/test-vast \
	tests/unit/test-view \
	tests/unit/test-wanted \
	tests/unit/test-web \
	tests/unit/test-writer
unit_tests = $(unit_programs)
check_PROGRAMS += $(unit_programs)
check_LTLIBRARIES += tests/unit/libunit.la
else
unit_tests = tests/unit/without-cmocka.sh
endif
EXTRA_DIST += tests/unit/without-cmocka.sh \
	tests/unit/data/arena-config.env \
	tests/unit/data/vast-instances.json

tests_unit_libunit_la_SOURCES = \
	tests/unit/aws.h \
	tests/unit/child.h \
	tests/unit/failalloc.c \
	tests/unit/failalloc.h \
	tests/unit/scratch.h
unit_sshd = tests/unit/sshd.c tests/unit/sshd.h
unit_aws = providers/libaws.la providers/libapi.la $(LDADD)
LDADD = libfleetcmd.la libfleetcore.la tests/unit/libunit.la $(CMOCKA_LIBS) $(DEPS_LIBS)
tests_unit_test_args_LDFLAGS = $(unit_ldflags)
tests_unit_test_authkeys_LDFLAGS = $(unit_ldflags)
tests_unit_test_aws_LDADD = $(unit_aws)
tests_unit_test_aws_LDFLAGS = $(unit_ldflags)
tests_unit_test_aws_groups_LDADD = $(unit_aws)
tests_unit_test_aws_groups_LDFLAGS = $(unit_ldflags)
tests_unit_test_aws_keys_LDADD = $(unit_aws)
tests_unit_test_aws_keys_LDFLAGS = $(unit_ldflags)
tests_unit_test_aws_wire_LDADD = $(unit_aws)
tests_unit_test_aws_wire_LDFLAGS = $(unit_ldflags)
tests_unit_test_backups_LDFLAGS = $(unit_ldflags)
tests_unit_test_bgvisit_LDFLAGS = $(unit_ldflags)
tests_unit_test_billed_LDFLAGS = $(unit_ldflags)
tests_unit_test_buf_LDFLAGS = $(unit_ldflags)
tests_unit_test_cancel_LDFLAGS = $(unit_ldflags)
tests_unit_test_card_LDFLAGS = $(unit_ldflags)
tests_unit_test_catalog_LDFLAGS = $(unit_ldflags)
tests_unit_test_checkup_LDFLAGS = $(unit_ldflags)
tests_unit_test_clock_LDFLAGS = $(unit_ldflags)
tests_unit_test_config_LDFLAGS = $(unit_ldflags)
tests_unit_test_copies_LDFLAGS = $(unit_ldflags)
tests_unit_test_crontab_LDFLAGS = $(unit_ldflags)
tests_unit_test_envedit_LDFLAGS = $(unit_ldflags)
tests_unit_test_envfile_LDFLAGS = $(unit_ldflags)
tests_unit_test_error_LDFLAGS = $(unit_ldflags)
tests_unit_test_facts_LDFLAGS = $(unit_ldflags)
tests_unit_test_fan_LDFLAGS = $(unit_ldflags)
tests_unit_test_file_LDFLAGS = $(unit_ldflags)
tests_unit_test_format_LDFLAGS = $(unit_ldflags)
tests_unit_test_forward_LDFLAGS = $(unit_ldflags)
tests_unit_test_gate_LDFLAGS = $(unit_ldflags)
tests_unit_test_giturl_LDFLAGS = $(unit_ldflags)
tests_unit_test_gpu_LDFLAGS = $(unit_ldflags)
tests_unit_test_greeting_LDFLAGS = $(unit_ldflags) -Wl,--wrap=getaddrinfo
tests_unit_test_hetzner_LDADD = providers/libhetzner.la providers/libapi.la $(LDADD)
tests_unit_test_hetzner_LDFLAGS = $(unit_ldflags)
tests_unit_test_journal_LDFLAGS = $(unit_ldflags)
tests_unit_test_judges_LDFLAGS = $(unit_ldflags)
tests_unit_test_keysheet_LDFLAGS = $(unit_ldflags)
tests_unit_test_ledger_LDFLAGS = $(unit_ldflags)
tests_unit_test_lock_LDFLAGS = $(unit_ldflags)
tests_unit_test_log_LDFLAGS = $(unit_ldflags)
tests_unit_test_map_LDFLAGS = $(unit_ldflags)
tests_unit_test_money_LDFLAGS = $(unit_ldflags)
tests_unit_test_names_LDFLAGS = $(unit_ldflags)
tests_unit_test_option_LDFLAGS = $(unit_ldflags)
tests_unit_test_plan_LDFLAGS = $(unit_ldflags)
tests_unit_test_plugins_LDFLAGS = $(unit_ldflags)
tests_unit_test_pool_LDFLAGS = $(unit_ldflags)
tests_unit_test_ports_LDFLAGS = $(unit_ldflags)
tests_unit_test_program_LDFLAGS = $(unit_ldflags)
tests_unit_test_provider_LDFLAGS = $(unit_ldflags)
tests_unit_test_record_LDFLAGS = $(unit_ldflags)
tests_unit_test_report_LDFLAGS = $(unit_ldflags)
tests_unit_test_roster_LDFLAGS = $(unit_ldflags)
tests_unit_test_runpod_LDFLAGS = $(unit_ldflags)
tests_unit_test_runpod_LDADD = providers/librunpod.la providers/libapi.la $(LDADD)
tests_unit_test_settings_LDFLAGS = $(unit_ldflags)
tests_unit_test_ssh_LDFLAGS = $(unit_ldflags)
tests_unit_test_ssh_SOURCES = tests/unit/test-ssh.c $(unit_sshd)
tests_unit_test_sshcert_LDFLAGS = $(unit_ldflags)
tests_unit_test_sshkey_LDFLAGS = $(unit_ldflags)
tests_unit_test_sshkey_SOURCES = tests/unit/test-sshkey.c $(unit_sshd)
tests_unit_test_sshwire_LDFLAGS = $(unit_ldflags)
tests_unit_test_state_LDFLAGS = $(unit_ldflags)
tests_unit_test_strv_LDFLAGS = $(unit_ldflags)
tests_unit_test_summary_LDFLAGS = $(unit_ldflags)
tests_unit_test_table_LDFLAGS = $(unit_ldflags)
tests_unit_test_target_LDFLAGS = $(unit_ldflags)
tests_unit_test_text_LDFLAGS = $(unit_ldflags)
tests_unit_test_vast_LDFLAGS = $(unit_ldflags)
tests_unit_test_vast_LDADD = providers/libvast.la $(LDADD)
tests_unit_test_view_LDFLAGS = $(unit_ldflags)
tests_unit_test_wanted_LDFLAGS = $(unit_ldflags)
tests_unit_test_web_LDFLAGS = $(unit_ldflags)
tests_unit_test_writer_LDFLAGS = $(unit_ldflags)
