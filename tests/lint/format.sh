#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
set -eu
cd "${srcdir:-.}"
command -v clang-format >/dev/null || exit 77
find core include plugins providers tests -name '*.[ch]' ! -path 'tests/abi/*' \
    -exec clang-format --dry-run -Werror {} +
