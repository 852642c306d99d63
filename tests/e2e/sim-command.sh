#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# fleet sim lists the fake clouds and runs one until Ctrl-C.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires curl
[ -x "$builddir/tests/servers/sim/fleet-sim-runpod" ] ||
    skip 'no fake clouds in this build'
rm -f "$FLEET_CONFIG"

succeeds fleet sim
prints runpod
succeeds fleet sim --json
check 'told what it is' json '.sims[] | select(.name == "runpod") | .summary'
succeeds fleet __complete -- sim run
equal 'completion' runpod "$(cat "$out")"
fails_with 1 fleet sim runpot
says 'did you mean runpod?'
fails_with 2 fleet sim runpod local
fails_with 2 fleet sim runpod --json
fails_with 2 fleet sim runpod --port 70000
fails_with 1 fleet sim runpod --dir /dev/null/x
says fleet-sim-runpod

export TMPDIR="$work/tmp"
mkdir "$TMPDIR"
fleet sim runpod --pods 3 --ready 1s >"$work/env" 2>"$work/talk" &
fleet=$!
has_begun()
{
    [ "$(wc -l <"$work/env")" = 2 ] && grep -q Ctrl-C "$work/talk"
}
wait_for 20 has_begun
check 'for a shell' grep -qx 'export RUNPOD_API_URL=http://127.0.0.1:[0-9]*' \
    "$work/env"
# shellcheck disable=SC1091
. "$work/env"
curl -s -H "Authorization: Bearer $RUNPOD_API_KEY" "$RUNPOD_API_URL/v2/pods" \
    >"$out"
equal 'pods from the start' 3 "$(json '.pods | length')"
kill -INT "$fleet"
status=0
wait "$fleet" || status=$?
equal 'ended by Ctrl-C' 130 "$status"
equal 'nothing is left' '' "$(ls "$TMPDIR")"
check 'nothing runs' nothing_runs
