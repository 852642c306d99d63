#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# The examples in the manual pages are whole and work: the script is the one that
# other tests run, and the plugin compiles without a warning and is loaded.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq ssh-keygen cc

# example PAGE NAME: what stands between its marks, as a reader would have it.
example()
{
    sed -n '/^\.\\" '"$2"' begins$/,/^\.\\" '"$2"' ends$/p' \
        "$srcdir/man/$1" | sed '/^\.\\"/d; /^\.Bd/d; /^\.Ed/d; s/^\\&//; s/\\e/\\/g'
}

example fleet-provider.7 provider.sh >"$work/provider.sh"
check 'the script is the one in man/examples' \
    cmp "$work/provider.sh" "$srcdir/man/examples/provider.sh"

example fleet-plugin.7 single.c >"$work/single.c"
mkdir "$work/plugins"
check 'the plugin compiles' cc -std=c11 -Wall -Wextra -Werror -fPIC -shared \
    -I"$srcdir/include" -o "$work/plugins/single.so" "$work/single.c"

cohort
export FLEET_PLUGIN_PATH="$work/plugins"
succeeds fleet plugins --json
equal 'it is loaded' loaded \
    "$(json '.plugins[] | select(.name == "single") | .status')"
{
    echo PROVIDERS=single
    echo 'MACHINE_NAME_LIST="apple basil"'
    echo SINGLE_HOST=192.0.2.9
    echo SINGLE_PRICE=0.27
} >>"$FLEET_CONFIG"
succeeds fleet list --json
equal 'its pod is listed' 'arena-apple 192.0.2.9 22 0.27' \
    "$(json '.pods[] | "\(.name) \(.ssh.host) \(.ssh.port) \(.price_per_hour)"')"
fails_with 1 fleet terminate apple --yes
says terminate
