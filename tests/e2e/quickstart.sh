#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# The command at the top of README.md, twice, with what is built already.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq ssh sshd ssh-keygen

demo=$work/demo
export FLEET_CONFIG="$demo/config.env"
quickstart()
{
    "$srcdir/quickstart" --built "$builddir" --dir "$demo" "$@"
}

on_exit fleet terminate all --yes
for turn in first second; do
    succeeds quickstart --pods 3
    prints 'Hello from demo-'
    succeeds fleet list --json
    equal "3 pods after the $turn time" 3 "$(json '.pods | length')"
done
succeeds quickstart --help
fails_with 2 quickstart --nonsense
