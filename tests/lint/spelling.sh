#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
set -eu
cd "${srcdir:-.}"
command -v codespell >/dev/null || exit 77
# Words of manual pages and of tests that look like mistakes.
codespell -q 3 -L craete,fo,lsit,nam,nd,te core include man plugins providers \
    tests tools README.md CONTRIBUTING.md quickstart runtests \
    --skip 'tests/fuzz/corpus,*.o,*.so'
