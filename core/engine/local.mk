# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
core_sources += \
	core/engine/about.c core/engine/about.h \
	core/engine/access.c core/engine/access.h \
	core/engine/accesswork.c core/engine/accesswork.h \
	core/engine/attempt.c core/engine/attempt.h \
	core/engine/audit.c core/engine/audit.h \
	core/engine/await.c core/engine/await.h \
	core/engine/badge.c core/engine/badge.h \
	core/engine/archive.c core/engine/archive.h \
	core/engine/backups.c core/engine/backups.h \
	core/engine/bgjobs.c core/engine/bgjobs.h \
	core/engine/bglog.c \
	core/engine/bgscript.c core/engine/bgscript.h \
	core/engine/bgvisit.c core/engine/bgvisit.h \
	core/engine/billed.c core/engine/billed.h \
	core/engine/calls.c \
	core/engine/cards.c core/engine/cards.h \
	core/engine/catalog.c core/engine/catalog.h \
	core/engine/certify.c core/engine/certify.h \
	core/engine/change.c core/engine/change.h \
	core/engine/checkout.c core/engine/checkout.h \
	core/engine/checkup.c core/engine/checkup.h \
	core/engine/clearing.c core/engine/clearing.h \
	core/engine/checks.c core/engine/checks.h \
	core/engine/config.c core/engine/config.h \
	core/engine/copied.c core/engine/copied.h \
	core/engine/create.c core/engine/create.h \
	core/engine/cron.c core/engine/cron.h \
	core/engine/db.c core/engine/db.h \
	core/engine/engine.c core/engine/engine.h \
	core/engine/exam.c core/engine/exam.h \
	core/engine/fan.c core/engine/fan.h \
	core/engine/fleet.c core/engine/fleet.h \
	core/engine/format.c core/engine/format.h \
	core/engine/gate.c core/engine/gate.h \
	core/engine/handover.c core/engine/handover.h \
	core/engine/hashes.c core/engine/hashes.h \
	core/engine/health.c core/engine/health.h \
	core/engine/githost.c core/engine/githost.h \
	core/engine/host.c core/engine/host.h \
	core/engine/hostca.c core/engine/hostca.h \
	core/engine/invoke.c core/engine/invoke.h \
	core/engine/journal.c core/engine/journal.h \
	core/engine/keyfile.c core/engine/keyfile.h \
	core/engine/landing.c core/engine/landing.h \
	core/engine/ledger.c core/engine/ledger.h \
	core/engine/load.c core/engine/load.h \
	core/engine/lock.c core/engine/lock.h \
	core/engine/offers.c core/engine/offers.h \
	core/engine/onpod.c core/engine/onpod.h \
	core/engine/login.c core/engine/login.h \
	core/engine/look.c core/engine/look.h \
	core/engine/pace.c core/engine/pace.h \
	core/engine/people.c core/engine/people.h \
	core/engine/plan.c core/engine/plan.h \
	core/engine/plugins.c core/engine/plugins.h \
	core/engine/podsh.c core/engine/podsh.h \
	core/engine/podkeys.c core/engine/podkeys.h \
	core/engine/portcheck.c core/engine/portcheck.h \
	core/engine/ports.c core/engine/ports.h \
	core/engine/provider.c core/engine/provider.h \
	core/engine/pull.c core/engine/pull.h \
	core/engine/pulling.h \
	core/engine/pulllook.c \
	core/engine/pulltake.c \
	core/engine/push.c core/engine/push.h \
	core/engine/pushing.h \
	core/engine/pushlook.c \
	core/engine/pushplace.c \
	core/engine/pushrsync.c \
	core/engine/pushsend.c \
	core/engine/ran.c core/engine/ran.h \
	core/engine/proxy.c core/engine/proxy.h \
	core/engine/proxylogs.c core/engine/proxylogs.h \
	core/engine/proxymachine.c core/engine/proxymachine.h \
	core/engine/proxyhost.c core/engine/proxyhost.h \
	core/engine/proxyscript.c core/engine/proxyscript.h \
	core/engine/reconcile.c core/engine/reconcile.h \
	core/engine/rounds.c core/engine/rounds.h \
	core/engine/scan.c core/engine/scan.h \
	core/engine/scripts.c core/engine/scripts.h \
	core/engine/savescript.c core/engine/savescript.h \
	core/engine/saving.c core/engine/saving.h \
	core/engine/settings.c core/engine/settings.h \
	core/engine/setup.c core/engine/setup.h \
	core/engine/signer.c core/engine/signer.h \
	core/engine/sims.c core/engine/sims.h \
	core/engine/standing.c core/engine/standing.h \
	core/engine/state.c core/engine/state.h \
	core/engine/steps.c core/engine/steps.h \
	core/engine/tested.c core/engine/tested.h \
	core/engine/up.c core/engine/up.h \
	core/engine/vet.c core/engine/vet.h \
	core/engine/view.c core/engine/view.h \
	core/engine/visit.c core/engine/visit.h \
	core/engine/wanted.c core/engine/wanted.h \
	core/engine/web.c core/engine/web.h \
	core/engine/who.c core/engine/who.h
