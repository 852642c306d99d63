#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
set -eu
cd "${srcdir:-.}"
# Scripts are sourced from others (2154), and name what they list (2010, 2012).
command -v shellcheck >/dev/null || exit 77
find tests tools man .ci quickstart runtests -type f \
    \( -name '*.sh' -o -name quickstart -o -name runtests -o -name run \) \
    -exec shellcheck -s sh -x --severity=warning -e SC2010,SC2012,SC2154 {} +
