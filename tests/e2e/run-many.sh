#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# One command on many pods: what they print alike is printed once, what goes
# wrong is told apart, and the exit status can be relied on.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq ssh
cohort 5
succeeds fleet create -n 4 --yes

succeeds fleet run -- echo hello there
equal 'printed once, under their names' \
    '---- apple arrow autumn badger (4)|hello there|' "$(tr '\n' '|' <"$out")"
# shellcheck disable=SC2016
succeeds fleet run apple..arrow -- 'echo $MACHINE_NAME'
equal 'told apart' '---- apple|arena-apple|---- arrow|arena-arrow|' \
    "$(tr '\n' '|' <"$out")"
succeeds fleet run -x apple,arrow -- true
equal 'nothing to print' '---- autumn badger (2)|' "$(tr '\n' '|' <"$out")"

# Exit statuses.
fails_with 7 fleet run apple -- exit 7
fails_with 0 fleet run apple -- true
fails_with 143 fleet run apple -- 'kill -TERM $$'
fails_with 1 fleet run -- exit 7
fails_with 7 fleet run -S -- exit 7
# shellcheck disable=SC2016
fails_with 3 fleet run -- 'test $MACHINE_NAME != arena-apple'
prints '---- apple: exit 1'
prints '---- arrow autumn badger (3)'

# One pod prints as over ssh: its output on ours, its errors on ours.
succeeds fleet run apple -- 'printf "a\nb"; echo oops >&2'
equal 'as it came' 'a|b' "$(tr '\n' '|' <"$out")"
says oops

# Input goes to all of them.
printf 'one\ntwo\n' >"$work/input"
succeeds fleet run --input "$work/input" -- cat
equal 'input' '---- apple arrow autumn badger (4)|one|two|' \
    "$(tr '\n' '|' <"$out")"
printf three | succeeds fleet run apple -i - -- 'cat; echo'
equal 'our own input' three "$(cat "$out")"
fails_with 1 fleet run apple --input "$work/none" -- cat
says none

# JSON has all of it, whatever it is.
succeeds fleet run apple arrow --json -- 'printf "\377\0x"; echo err >&2'
equal 'bytes are told' '\xff\x00x' "$(json '.results[0].stdout')"
equal 'exit' 0 "$(json '.results[0].exit')"
equal 'stderr' err "$(json '.results[1].stderr' | tr -d '\n')"
fails_with 137 fleet run apple --json -- 'kill -KILL $$'
equal 'signal' 'KILL null' "$(json '.results[0] | "\(.signal) \(.exit)"')"

# A pod that is not up is told, and costs the others nothing.
succeeds fleet stop arrow --yes
fails_with 3 fleet run -- echo here
prints '---- arrow: stopped'
prints '---- apple autumn badger (3)'
says 'fleet start arrow'
fails_with 1 fleet run arrow --json -- true
equal 'its stage' stopped "$(json '.results[0].stage')"

# A command that does not end is ended by the time that it is given.
fails_with 3 fleet --timeout 2s run apple autumn -- \
    'test $MACHINE_NAME = arena-autumn || sleep 600'
prints 'not done in time'

# Mistakes.
fails_with 2 fleet run apple echo hello
says 'behind --'
fails_with 2 fleet run apple --
fails_with 1 fleet run aple -- true
says apple

# What a pod prints does not take over a terminal.
if command -v script >/dev/null; then
    script -qec "fleet run apple -- 'printf \"\\033[2Jx\"'" "$work/typed" \
        >"$out" 2>"$err" </dev/null
    check 'it printed' grep -q 'x1b\[2Jx' "$work/typed"
    check_not 'no escape' grep -q "$(printf '\033')\[2J" "$work/typed"
fi
