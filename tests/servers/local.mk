# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
check_PROGRAMS += tests/servers/misanswer
tests_servers_misanswer_SOURCES = tests/servers/misanswer.c
tests_servers_misanswer_LDADD =
EXTRA_DIST += tests/servers/farm.sh

include tests/servers/sim/local.mk
