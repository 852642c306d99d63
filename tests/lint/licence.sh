#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Each file says whose it is. Not those that go elsewhere as they stand: test
# input, the example of fleet-provider(7), the list of symbols.
set -eu
cd "${srcdir:-.}"
find core include man plugins providers tests tools configure.ac Makefile.am \
    fleet.pc.in quickstart runtests .ci .clang-format .editorconfig -type f \
    ! -path '*/corpus/*' ! -path 'tests/unit/data/*' ! -path 'tests/data/*' ! -path 'man/examples/*' \
    ! -name '*.syms' ! -name README \
    ! -exec grep -q 'SPDX-License-Identifier: MIT' {} \; -print |
    if grep .; then
        echo 'the SPDX lines are missing' >&2
        exit 1
    fi
