# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# The fake clouds, one program each; `fleet sim` runs them.
if HAVE_MICROHTTPD
noinst_LTLIBRARIES += tests/servers/sim/libsim.la
tests_servers_sim_libsim_la_SOURCES = \
	tests/servers/sim/check.c \
	tests/servers/sim/control.c \
	tests/servers/sim/fault.c \
	tests/servers/sim/http.c \
	tests/servers/sim/inside.h \
	tests/servers/sim/keeper.c \
	tests/servers/sim/log.c \
	tests/servers/sim/machine.c \
	tests/servers/sim/main.c \
	tests/servers/sim/rate.c \
	tests/servers/sim/route.c \
	tests/servers/sim/sim.h \
	tests/servers/sim/util.c
tests_servers_sim_libsim_la_CFLAGS = $(AM_CFLAGS) $(MICROHTTPD_CFLAGS)

# Linked whole, so that each runs from anywhere.
sim_libs = tests/servers/sim/libsim.la providers/liblocalpod.la \
	libfleetcore.la $(MICROHTTPD_LIBS) $(DEPS_LIBS) -lm

pkglibexec_PROGRAMS += tests/servers/sim/fleet-sim-aws
tests_servers_sim_fleet_sim_aws_SOURCES = \
	tests/servers/sim/aws.c \
	tests/servers/sim/aws.h \
	tests/servers/sim/aws-fleet.c \
	tests/servers/sim/aws-form.c \
	tests/servers/sim/aws-groups.c \
	tests/servers/sim/aws-identity.c \
	tests/servers/sim/aws-json.c \
	tests/servers/sim/aws-launch.c \
	tests/servers/sim/aws-list.c \
	tests/servers/sim/aws-objects.c \
	tests/servers/sim/aws-places.c \
	tests/servers/sim/aws-pods.c \
	tests/servers/sim/aws-reply.c \
	tests/servers/sim/aws-run.c \
	tests/servers/sim/aws-scaling.c \
	tests/servers/sim/aws-sign.c \
	tests/servers/sim/aws-templates.c
tests_servers_sim_fleet_sim_aws_LDADD = $(sim_libs)

pkglibexec_PROGRAMS += tests/servers/sim/fleet-sim-hetzner
tests_servers_sim_fleet_sim_hetzner_SOURCES = tests/servers/sim/hetzner.c
tests_servers_sim_fleet_sim_hetzner_LDADD = $(sim_libs)

pkglibexec_PROGRAMS += tests/servers/sim/fleet-sim-runpod
tests_servers_sim_fleet_sim_runpod_SOURCES = tests/servers/sim/runpod.c
tests_servers_sim_fleet_sim_runpod_LDADD = $(sim_libs)

pkglibexec_PROGRAMS += tests/servers/sim/fleet-sim-vast
tests_servers_sim_fleet_sim_vast_SOURCES = tests/servers/sim/vast.c
tests_servers_sim_fleet_sim_vast_LDADD = $(sim_libs)
endif

EXTRA_DIST += tests/servers/sim/README $(sim_data)
# Recorded answers, restated with made-up names.
sim_data = \
	tests/data/runpod/catalog-community.json \
	tests/data/runpod/create-unknown-gpu.json \
	tests/data/runpod/create.json \
	tests/data/runpod/get-running.json \
	tests/data/runpod/list-one.json \
	tests/data/runpod/patch-lock.json \
	tests/data/runpod/patch-name.json
