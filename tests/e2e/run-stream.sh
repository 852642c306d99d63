#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# What pods print, as they print it: whole lines, told apart, and tame on a
# terminal.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq ssh
cohort 3
succeeds fleet create -n 3 --yes

# Live: the first line is here while the command still waits.
fleet run apple --stream -- \
    'echo first; until [ -e "$HOME/go" ]; do sleep 0.1; done; echo last' \
    >"$work/live" 2>&1 &
streaming=$!
wait_for 60 grep -qx 'apple: first' "$work/live"
check_not 'it goes on' grep -q last "$work/live"
succeeds fleet run apple -- 'touch "$HOME/go"'
wait $streaming
equal 'all of it' 'apple: first|apple: last|' "$(tr '\n' '|' <"$work/live")"

# Both streams, told apart; an unfinished line is one; nothing adds a line.
fails_with 3 fleet run --stream -- \
    'printf out; printf err >&2; test $MACHINE_NAME != arena-arrow'
equal 'standard output' 'apple: out|arrow: out|autumn: out|' \
    "$(sort "$out" | tr '\n' '|')"
equal 'standard error' 3 "$(grep -c '^[a-z]*: err$' "$err")"
says 'arrow: exit 1'
fails_with 7 fleet run -S --stream -- 'exit 7'

# Lines are never torn, however they come, and long ones are bounded.
# shellcheck disable=SC2016
succeeds fleet run --stream -- 'i=0; while [ $i -lt 3000 ]; do i=$((i + 1))
    printf %s "$MACHINE_NAME "; printf "%s the end\n" $i; done'
equal 'no line is torn' 9000 \
    "$(grep -cE '^([a-z]+): arena-\1 [0-9]+ the end$' "$out")"
equal 'and there are no others' 9000 "$(wc -l <"$out")"
succeeds fleet run apple arrow --stream -- \
    'head -c 100000 /dev/zero | tr "\0" x; echo; echo done'
equal 'all of a long line' 200000 "$(tr -cd x <"$out" | wc -c)"
check 'in pieces' awk 'length($0) > 16400 { exit 1 }' "$out"
equal 'and what follows' 2 "$(grep -c ': done$' "$out")"

# One document, also then; what streams does not mix with it.
succeeds fleet run --stream --json -- 'echo hello'
equal 'the document' 'hello hello hello' \
    "$(json '[.results[].stdout | rtrimstr("\n")] | join(" ")')"
equal 'the lines' 3 "$(grep -c '^[a-z]*: hello$' "$err")"

# A pod that cannot be asked is told, and costs the others nothing.
succeeds fleet stop arrow --yes
fails_with 3 fleet run --stream -- echo here
says 'fleet start arrow'
equal 'the others' 2 "$(grep -c ': here$' "$out")"

# A terminal is not taken over.
if command -v script >/dev/null; then
    script -qec "fleet run apple --stream -- 'printf \"\\033[2Jx\\n\"'" \
        "$work/typed" >"$out" 2>"$err" </dev/null
    check 'it printed' grep -q 'apple: .x1b\[2Jx' "$work/typed"
    check_not 'no escape' grep -q "$(printf '\033')\[2J" "$work/typed"
fi
