# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
e2e_tests = \
	tests/e2e/audit-left.sh \
	tests/e2e/aws-codes.sh \
	tests/e2e/aws-faults.sh \
	tests/e2e/aws-groups.sh \
	tests/e2e/aws-keys.sh \
	tests/e2e/aws-life.sh \
	tests/e2e/aws-moto.sh \
	tests/e2e/aws-policy.sh \
	tests/e2e/backup-files.sh \
	tests/e2e/backup-git.sh \
	tests/e2e/bad-input.sh \
	tests/e2e/bad-plugin.sh \
	tests/e2e/bad-state.sh \
	tests/e2e/build-install.sh \
	tests/e2e/ca-certs.sh \
	tests/e2e/ca-clock.sh \
	tests/e2e/change-effects.sh \
	tests/e2e/cmd-completion.sh \
	tests/e2e/cmd-config.sh \
	tests/e2e/cmd-doctor.sh \
	tests/e2e/cmd-errors.sh \
	tests/e2e/cmd-help.sh \
	tests/e2e/cmd-init.sh \
	tests/e2e/cmd-json.sh \
	tests/e2e/cmd-manual.sh \
	tests/e2e/cmd-secret.sh \
	tests/e2e/cmd-terminal.sh \
	tests/e2e/crash-change.sh \
	tests/e2e/crash-cloud.sh \
	tests/e2e/crash-create.sh \
	tests/e2e/crash-groups.sh \
	tests/e2e/create-interrupt.sh \
	tests/e2e/create-placement.sh \
	tests/e2e/create-receipt.sh \
	tests/e2e/create-twice.sh \
	tests/e2e/create-unclear.sh \
	tests/e2e/cron-nightly.sh \
	tests/e2e/exec-hostile.sh \
	tests/e2e/exec-lifecycle.sh \
	tests/e2e/exec-manual.sh \
	tests/e2e/exec-secrets.sh \
	tests/e2e/format-export.sh \
	tests/e2e/format-hostile.sh \
	tests/e2e/format-install.sh \
	tests/e2e/format-nginx.sh \
	tests/e2e/format-ssh.sh \
	tests/e2e/hetzner-faults.sh \
	tests/e2e/hetzner-life.sh \
	tests/e2e/http-tls.sh \
	tests/e2e/keys-push.sh \
	tests/e2e/list-money.sh \
	tests/e2e/list-unknown.sh \
	tests/e2e/local-isolation.sh \
	tests/e2e/local-lifecycle.sh \
	tests/e2e/local-safety.sh \
	tests/e2e/local-user.sh \
	tests/e2e/manual-list.sh \
	tests/e2e/people-cards.sh \
	tests/e2e/people-clock.sh \
	tests/e2e/people-crash.sh \
	tests/e2e/people-revoke.sh \
	tests/e2e/people-roster.sh \
	tests/e2e/plugin-refused.sh \
	tests/e2e/proxy-apply.sh \
	tests/e2e/proxy-crash.sh \
	tests/e2e/proxy-create.sh \
	tests/e2e/proxy-faults.sh \
	tests/e2e/proxy-install.sh \
	tests/e2e/proxy-moves.sh \
	tests/e2e/proxy-netns.sh \
	tests/e2e/proxy-ssh.sh \
	tests/e2e/proxy-test.sh \
	tests/e2e/pull-files.sh \
	tests/e2e/pull-hostile.sh \
	tests/e2e/push-cut.sh \
	tests/e2e/push-files.sh \
	tests/e2e/push-many.sh \
	tests/e2e/push-rsync.sh \
	tests/e2e/quickstart.sh \
	tests/e2e/read-harmless.sh \
	tests/e2e/replace-pod.sh \
	tests/e2e/run-background.sh \
	tests/e2e/run-many.sh \
	tests/e2e/run-stream.sh \
	tests/e2e/runpod-faults.sh \
	tests/e2e/runpod-life.sh \
	tests/e2e/runpod-pages.sh \
	tests/e2e/secret-canary.sh \
	tests/e2e/setup-steps.sh \
	tests/e2e/sim-aws-scaling.sh \
	tests/e2e/sim-aws.sh \
	tests/e2e/sim-command.sh \
	tests/e2e/sim-faults.sh \
	tests/e2e/sim-runpod.sh \
	tests/e2e/sim-vast.sh \
	tests/e2e/ssh-login.sh \
	tests/e2e/test-checks.sh \
	tests/e2e/test-hostile.sh \
	tests/e2e/test-hostkey.sh \
	tests/e2e/test-many.sh \
	tests/e2e/test-pass.sh \
	tests/e2e/test-shells.sh \
	tests/e2e/test-stages.sh \
	tests/e2e/test-unreachable.sh \
	tests/e2e/up-pipeline.sh \
	tests/e2e/vast-faults.sh \
	tests/e2e/vast-life.sh \
	tests/e2e/vast-storm.sh
# What check-valgrind runs.
life_tests = \
	tests/e2e/exec-lifecycle.sh \
	tests/e2e/local-lifecycle.sh
EXTRA_DIST += $(e2e_tests) tests/e2e/crash-lib.sh tests/e2e/format-lib.sh \
	tests/e2e/people-lib.sh tests/e2e/proxy-lib.sh \
	tests/e2e/faults.sh tests/e2e/lib.sh tests/e2e/sim-aws-lib.sh tests/e2e/sim.sh

# For LD_PRELOAD, so without sanitizers.
check_LTLIBRARIES += tests/preload/killat.la
tests_preload_killat_la_SOURCES = tests/preload/killat.c
tests_preload_killat_la_CFLAGS = $(WARN_CFLAGS)
tests_preload_killat_la_LDFLAGS = -module -avoid-version -rpath /nowhere \
	-pthread
check_LTLIBRARIES += tests/preload/clock.la
tests_preload_clock_la_SOURCES = tests/preload/clock.c
tests_preload_clock_la_CFLAGS = $(WARN_CFLAGS)
tests_preload_clock_la_LDFLAGS = -module -avoid-version -rpath /nowhere
