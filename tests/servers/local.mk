# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
check_PROGRAMS += tests/servers/misanswer tests/servers/relay
tests_servers_misanswer_SOURCES = tests/servers/misanswer.c
tests_servers_misanswer_LDADD =
tests_servers_relay_SOURCES = tests/servers/relay.c
tests_servers_relay_LDADD =
EXTRA_DIST += tests/servers/farm.sh

include tests/servers/sim/local.mk
