# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# What runs on the pods: shell that is read, and checked, as shell.
pod_scripts = \
	core/pod/lib.sh \
	core/pod/branch.sh \
	core/pod/env.sh \
	core/pod/fetch.sh \
	core/pod/git-host.sh \
	core/pod/git-key.sh \
	core/pod/keys.sh \
	core/pod/name.sh \
	core/pod/repo.sh \
	core/pod/submodules.sh \
	core/pod/user.sh

core_sources += core/pod/scripts.h
nodist_libfleetcore_la_SOURCES = core/pod/scripts.c
BUILT_SOURCES += core/pod/scripts.c
CLEANFILES += core/pod/scripts.c
EXTRA_DIST += $(pod_scripts) tools/embed.awk

core/pod/scripts.c: $(pod_scripts) tools/embed.awk
	$(AM_V_GEN)$(MKDIR_P) core/pod && (cd $(srcdir) && \
	  LC_ALL=C awk -f tools/embed.awk $(pod_scripts)) >$@.tmp && mv $@.tmp $@
