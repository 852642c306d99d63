#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# libfleet exports what core/libfleet.syms lists, and fl_* for the program; each
# plugin exports its descriptor and nothing else.
set -eu
srcdir=$(cd "${srcdir:-.}" && pwd)
cd "${builddir:-.}"
bad=0
command -v nm >/dev/null || exit 77

exported()
{
    nm -D --defined-only "$1" | awk '$2 != "A" { print $3 }' | LC_ALL=C sort
}

same()
{
    [ "$2" = "$3" ] && return 0
    printf '%s\nexpected:\n%s\nfound:\n%s\n' "$1" "$2" "$3" >&2
    bad=1
}

library=.libs/libfleet.so
same 'the public symbols are not those of core/libfleet.syms' \
    "$(sed 's/$/@@FLEET_1/' "$srcdir/core/libfleet.syms" | LC_ALL=C sort)" \
    "$(exported $library | grep '@@FLEET_1$')"
same 'libfleet exports more than it should' '' \
    "$(exported $library | grep -vE '@@FLEET_1$|^fl_[a-z0-9_]*@@FLEET_PRIVATE$')"
for module in providers/.libs/*.so plugins/.libs/*.so; do
    same "$module" fleet_plugin "$(exported "$module" |
        grep -vE '^__(asan|ubsan|tsan|odr|start|stop)|^_(init|fini)$')"
done

# What the public headers declare is what is exported.
same 'headers and core/libfleet.syms differ' \
    "$(LC_ALL=C sort "$srcdir/core/libfleet.syms")" \
    "$(cat "$srcdir"/include/fleet/*.h | tr '\n' ' ' |
        grep -oE 'FLEET_API [^;(]*\(' |
        sed 's/ *($//; s/.*[ *]//' | grep '^fleet_' | LC_ALL=C sort)"
exit "$bad"
