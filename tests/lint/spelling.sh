#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
set -eu
cd "${srcdir:-.}"
command -v codespell >/dev/null || exit 77
codespell -q 3 -L fo core include providers man tools tests README.md \
    CONTRIBUTING.md quickstart runtests --skip 'tests/fuzz/corpus,*.o,*.so'
