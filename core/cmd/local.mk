# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# The program but for main.c. NAME.c is the command NAME, or what commands
# share.
cmd_sources = \
	core/cmd/admit.c core/cmd/admit.h \
	core/cmd/admitted.c core/cmd/admitted.h \
	core/cmd/apikeys.c \
	core/cmd/args.c core/cmd/args.h \
	core/cmd/background.c \
	core/cmd/backup.c \
	core/cmd/bgwork.c core/cmd/bgwork.h \
	core/cmd/audit.c core/cmd/leftovers.h \
	core/cmd/board.c core/cmd/board.h \
	core/cmd/bring.c core/cmd/bring.h \
	core/cmd/ca.c \
	core/cmd/cards.c \
	core/cmd/cells.c core/cmd/cells.h \
	core/cmd/certificates.c core/cmd/certificates.h \
	core/cmd/change.c \
	core/cmd/command.h \
	core/cmd/commands.c core/cmd/commands.h \
	core/cmd/complete.c \
	core/cmd/completion.c \
	core/cmd/config.c \
	core/cmd/create.c \
	core/cmd/cron.c \
	core/cmd/doctor.c \
	core/cmd/document.c core/cmd/document.h \
	core/cmd/emit.c core/cmd/emit.h \
	core/cmd/envedit.c core/cmd/envedit.h \
	core/cmd/exchange.c core/cmd/exchange.h \
	core/cmd/export.c \
	core/cmd/forwards.c core/cmd/forwards.h \
	core/cmd/globals.c \
	core/cmd/grant.c \
	core/cmd/guard.c core/cmd/guard.h \
	core/cmd/help.c core/cmd/help.h \
	core/cmd/history.c \
	core/cmd/init.c \
	core/cmd/install.c core/cmd/install.h \
	core/cmd/jobs.c \
	core/cmd/keep.c core/cmd/keep.h \
	core/cmd/keys.c core/cmd/keys.h \
	core/cmd/kill.c \
	core/cmd/lines.c core/cmd/lines.h \
	core/cmd/list.c \
	core/cmd/logs.c \
	core/cmd/making.c core/cmd/making.h \
	core/cmd/manual.c \
	core/cmd/nginx.c \
	core/cmd/offers.c \
	core/cmd/output.c core/cmd/output.h \
	core/cmd/plugins.c \
	core/cmd/progress.c core/cmd/progress.h \
	core/cmd/providers.c \
	core/cmd/proxy.c \
	core/cmd/proxymake.c core/cmd/proxymake.h \
	core/cmd/replace.c \
	core/cmd/pull.c \
	core/cmd/push.c \
	core/cmd/report.c \
	core/cmd/revoke.c \
	core/cmd/roster.c \
	core/cmd/restore.c \
	core/cmd/run.c \
	core/cmd/screen.c core/cmd/screen.h \
	core/cmd/setting.c core/cmd/setting.h \
	core/cmd/setup.c \
	core/cmd/sim.c \
	core/cmd/ssh.c \
	core/cmd/ssh-config.c \
	core/cmd/summary.c core/cmd/summary.h \
	core/cmd/table.c core/cmd/table.h \
	core/cmd/talk.c core/cmd/talk.h \
	core/cmd/test.c \
	core/cmd/ticker.c core/cmd/ticker.h \
	core/cmd/topics.c \
	core/cmd/transfer.c core/cmd/transfer.h \
	core/cmd/up.c \
	core/cmd/verdict.c core/cmd/verdict.h \
	core/cmd/version.c core/cmd/version.h \
	core/cmd/visiting.c core/cmd/visiting.h \
	core/cmd/work.c core/cmd/work.h
