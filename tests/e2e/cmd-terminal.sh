#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# On a terminal fleet asks, shows how far it is and uses colour; elsewhere none
# of it.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires script jq sshd
cohort 4
export TERM=xterm
escape=$(printf '\033')

# on_terminal ANSWERS COMMAND: $out gets what the terminal shows.
on_terminal()
{
    printf '%b' "$1" >"$work/answers"
    status=0
    script -qec "$2" "$work/typescript" <"$work/answers" >"$out" 2>"$err" ||
        status=$?
}
pods()
{
    fleet list --json | jq '.pods | length'
}

on_terminal 'n\n' 'fleet create -n 2'
equal 'no is no' 4 "$status"
prints 'nothing was done'
on_terminal '' 'fleet create -n 2'
equal 'no answer is no' 4 "$status"
equal 'nothing was made' 0 "$(pods)"

rm -f "$work/typed"
status=0
{
    wait_for 20 grep -q 'Create 2 pods' "$work/typed"
    printf '\003'
} | script -qefc 'fleet create -n 2' "$work/typed" >"$out" || status=$?
equal 'Ctrl-C' 130 "$status"
equal 'nothing was made' 0 "$(pods)"

on_terminal 'y\n' 'fleet create -n 2'
equal 'yes is yes' 0 "$status"
equal 'made' 2 "$(pods)"
check 'a bar' grep -qF 'of 2 [' "$out"
check 'that is drawn over' grep -qF "${escape}[K" "$out"
check 'and gone in the end' sh -c "tr '\r' '\n' <'$out' | tail -n 5 |
    grep -vqF 'of 2 ['"

on_terminal '' 'fleet create -a 1 --yes --no-progress'
equal 'made without a question' 0 "$status"
prints 'created (1 of 1, '
check_not 'no bar' grep -qF 'of 1 [' "$out"

on_terminal '' 'fleet list'
check 'colour' grep -qF "${escape}[32mrunning" "$out"
for command in 'NO_COLOR=1 fleet list' 'TERM=dumb fleet list' \
    'fleet list --color never'; do
    on_terminal '' "$command"
    check_not "no colour: $command" grep -qF "${escape}[3" "$out"
done
succeeds fleet list
check_not 'no colour elsewhere' grep -qF "$escape" "$out"
succeeds fleet list --color always
check 'but where it is asked for' grep -qF "${escape}[32mrunning" "$out"

# What destroys wants more than a y.
on_terminal 'y\n' 'fleet terminate apple'
equal 'y is not enough' 4 "$status"
on_terminal 'apple\n' 'fleet terminate apple'
equal 'the name is' 0 "$status"
equal 'gone' 2 "$(pods)"

# A secret is not shown while it is typed.
with_plugin rubbish
rm -f "$work/typed"
{
    wait_for 20 grep -q 'RUBBISH_KEY:' "$work/typed"
    echo canary-canary
} | script -qefc 'fleet config set RUBBISH_KEY' "$work/typed" >"$out" ||
    fail 'not set'
check_not 'not shown' grep -q canary-canary "$work/typed" "$out"
grep -q '^RUBBISH_KEY=canary-canary$' "$FLEET_CONFIG" || fail 'not set'

# Elsewhere: lines, and under -q nothing.
succeeds fleet create -a 1 --yes
says 'created (1 of 1, '
check_not 'nothing is drawn over' grep -qF "$escape" "$err"
succeeds fleet create -a 1 --yes -q
equal 'nothing to say' '' "$(cat "$err")"
