# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
dist_man_MANS += \
	man/fleet.1 \
	man/fleet-config.5 \
	man/fleet-plugin.7 \
	man/fleet-provider.7

EXTRA_DIST += man/examples/provider.sh
