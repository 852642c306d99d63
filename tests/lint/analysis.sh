#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
set -eu
cd "${srcdir:-.}"
command -v cppcheck >/dev/null || exit 77
cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 --language=c \
    --enable=warning,performance,portability \
    --suppressions-list=tests/lint/cppcheck.txt \
    -D_GNU_SOURCE -DFLEET_PLUGIN_DIR='"/usr/lib/fleet"' \
    -DFLEET_PROGRAM_DIR='"/usr/libexec/fleet"' \
    -DFLEET_BUILD_DIR='"/tmp"' -Iinclude -I. core plugins providers
