#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
set -eu
cd "${srcdir:-.}"
command -v shellcheck >/dev/null || exit 77
find tests tools providers quickstart runtests .ci/run -type f \
    \( -name '*.sh' -o -name quickstart -o -name runtests -o -name run \) \
    -exec shellcheck -s sh -x --severity=warning {} +
