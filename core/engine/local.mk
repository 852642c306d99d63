# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
core_sources += \
	core/engine/attempt.c core/engine/attempt.h \
	core/engine/await.c core/engine/await.h \
	core/engine/calls.c \
	core/engine/catalog.c core/engine/catalog.h \
	core/engine/change.c core/engine/change.h \
	core/engine/checkup.c core/engine/checkup.h \
	core/engine/clearing.c core/engine/clearing.h \
	core/engine/checks.c core/engine/checks.h \
	core/engine/config.c core/engine/config.h \
	core/engine/create.c core/engine/create.h \
	core/engine/db.c core/engine/db.h \
	core/engine/engine.c core/engine/engine.h \
	core/engine/fan.c core/engine/fan.h \
	core/engine/fleet.c core/engine/fleet.h \
	core/engine/format.c core/engine/format.h \
	core/engine/gate.c core/engine/gate.h \
	core/engine/health.c core/engine/health.h \
	core/engine/host.c core/engine/host.h \
	core/engine/invoke.c core/engine/invoke.h \
	core/engine/journal.c core/engine/journal.h \
	core/engine/load.c core/engine/load.h \
	core/engine/lock.c core/engine/lock.h \
	core/engine/offers.c core/engine/offers.h \
	core/engine/plan.c core/engine/plan.h \
	core/engine/plugins.c core/engine/plugins.h \
	core/engine/ports.c core/engine/ports.h \
	core/engine/provider.c core/engine/provider.h \
	core/engine/reconcile.c core/engine/reconcile.h \
	core/engine/settings.c core/engine/settings.h \
	core/engine/state.c core/engine/state.h \
	core/engine/tested.c core/engine/tested.h \
	core/engine/vet.c core/engine/vet.h \
	core/engine/view.c core/engine/view.h \
	core/engine/wanted.c core/engine/wanted.h \
	core/engine/who.c core/engine/who.h
