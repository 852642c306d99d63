# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
plugin_ldflags = $(AM_LDFLAGS) -module -avoid-version \
	-export-symbols-regex '^fleet_plugin$$'
EXTRA_DIST += plugins/check.h
include plugins/check-disk/local.mk
include plugins/check-editor/local.mk
include plugins/check-gpu/local.mk
include plugins/check-host/local.mk
include plugins/check-memory/local.mk
include plugins/check-net/local.mk
include plugins/check-repo/local.mk
include plugins/check-ssh/local.mk
include plugins/check-torch/local.mk
include plugins/format-ansible/local.mk
include plugins/format-csv/local.mk
include plugins/format-hosts/local.mk
include plugins/format-json/local.mk
include plugins/format-known-hosts/local.mk
include plugins/format-nginx/local.mk
include plugins/format-prometheus/local.mk
include plugins/format-ssh-config/local.mk
