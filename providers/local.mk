# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
provider_ldflags = $(AM_LDFLAGS) -module -avoid-version \
	-export-symbols-regex '^fleet_plugin$$'
include providers/api/local.mk
include providers/aws/local.mk
include providers/local/local.mk
include providers/manual/local.mk
include providers/exec/local.mk
include providers/hetzner/local.mk
include providers/runpod/local.mk
include providers/vast/local.mk
