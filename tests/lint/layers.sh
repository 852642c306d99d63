#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Floors include only what lies below them, plugins see only the public headers,
# and the code under core/ knows no provider's name.
set -eu
cd "${srcdir:-.}"
. tests/lint/code.sh
bad=0

# may_include ROOM ALLOWED: ALLOWED is an extended regular expression.
may_include()
{
    wrong=$(grep -rnE '^#include "' --include='*.[ch]' "$1" |
        grep -vE ":#include \"($2)") || return 0
    printf '%s reaches too high:\n%s\n' "$1" "$wrong" >&2
    bad=1
}

may_include core/base 'core/base/'
may_include core/model 'core/(base|model)/'
may_include core/net 'core/(base|net)/'
may_include core/pod 'core/pod/'
may_include core/engine 'core/(base|model|net|pod|engine)/'
may_include core/cmd 'core/(base|model|net|engine|cmd)/'
may_include providers 'providers/'
may_include plugins 'plugins/'
may_include include 'none'

# Comments may mention a provider; older key names must, in the settings table.
names='(^|[^A-Za-z])([Rr]un[Pp]od|[Vv]ast|[Hh]etzner|[Hh]cloud|[Aa]ws|[Ee]c2'
names="$names|RUNPOD|VAST|HETZNER|HCLOUD|AWS|EC2)([^A-Za-z]|\$)"
# shellcheck disable=SC2044
for file in $(find core -name '*.[ch]' ! -path core/engine/settings.c); do
    found=$(find_code "$names" "$file") || continue
    printf '%s names a provider:\n%s\n' "$file" "$found" >&2
    bad=1
done
exit "$bad"
