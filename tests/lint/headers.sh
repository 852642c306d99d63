#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Public headers compile alone, as strict C11 and as C++; the private ones alone
# as what we build with.
set -eu
cd "${srcdir:-.}"
bad=0
strict='-Wall -Wextra -Wpedantic -Wundef -Werror -fsyntax-only'

# alone HEADER COMMAND...: a file that includes nothing else.
alone()
{
    header=$1
    shift
    printf '#include "%s"\n' "$header" | "$@" - || {
        printf '%s does not stand alone: %s\n' "$header" "$*" >&2
        bad=1
    }
}

for header in include/fleet/*.h; do
    # shellcheck disable=SC2086
    alone "fleet/${header##*/}" "${CC:-cc}" -std=c11 $strict \
        -Wshadow -Wstrict-prototypes -Iinclude -x c
    # shellcheck disable=SC2086
    command -v "${CXX:-c++}" >/dev/null &&
        alone "fleet/${header##*/}" "${CXX:-c++}" -std=c++11 $strict \
            -Iinclude -x c++
done
for header in core/*/*.h; do
    alone "$header" "${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -Wall -Wextra \
        -Wno-unused-function -Werror -fsyntax-only -Iinclude -I. -x c
done
exit "$bad"
