#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Commands that read change nothing: no file is made, touched or removed, before
# the first pod and after. So does a change that is only tried, or refused.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq sshd
cohort 4
mkdir "$work/here"
cd "$work/here"

# Times too: a file that comes and goes leaves its mark on the directory.
trace()
{
    find "$HOME" "$work/here" "$work/state" "$FLEET_CONFIG" \
        -printf '%p %y %m %s %T@ %C@\n' 2>/dev/null | sort
}

# harmless WORDS...: fleet does it, and leaves everything as it was.
harmless()
{
    trace >"$work/before"
    succeeds fleet "$@"
    trace >"$work/after"
    check "harmless: $*" diff "$work/before" "$work/after"
}

read_all()
{
    harmless list
    harmless list --json
    harmless doctor
    harmless offers
    harmless history
    harmless history apple
    harmless providers
    harmless providers local
    harmless plugins
    harmless config show
    harmless config check
    harmless completion bash
    harmless create -n 4 --dry-run
    harmless terminate --all --dry-run
    harmless export csv
    harmless ssh-config
    harmless __complete list a
    harmless version
    harmless help
}

read_all
check 'nothing is remembered' test ! -e "$work/state"
succeeds fleet create -n 2 --yes
read_all

# What each run came to is in the journal.
succeeds fleet lock apple --yes
fails_with 3 fleet terminate all --yes
succeeds fleet history --json
equal 'how runs ended' '3 0 0 0' \
    "$(jq -r '[.history[].exit] | join(" ")' "$out")"
succeeds fleet unlock apple --yes
