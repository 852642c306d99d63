#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# What is typed wrongly is told at once, with the nearest right thing, and
# nothing is done.
. "${srcdir:-.}/tests/e2e/lib.sh"
cohort 4

# mistake TEXT WORDS...: status 2, and standard error has TEXT.
mistake()
{
    text=$1
    shift
    fails_with 2 fleet "$@"
    equal 'nothing on standard output' '' "$(cat "$out")"
    says "$text"
}

mistake 'creat: no such command; did you mean create?' creat -n 3
mistake 'no such command' ''
mistake '--lock-wiat: unknown flag; did you mean --lock-wait?' \
    create -n 2 --lock-wiat 3
mistake '-Z: unknown flag' list -Z
mistake '--config: needs a value' list --config
mistake '--json: takes no value' list --json=yes
mistake "--parallel: 'many' is not a whole number" list --parallel many
mistake "-j: '0' is not a whole number" list -j 0
mistake "--timeout: '5 parsecs' is not a duration" list --timeout '5 parsecs'
mistake "-o: 'xml' is not one of table|json|csv" list -o xml
mistake '--color:' list --color maybe
mistake '--yes' --yes list
mistake '--yes: unknown flag' list --yes
mistake 'takes no arguments' version now
mistake 'takes no arguments' doctor all
mistake 'one of bash, zsh and fish' completion
mistake 'one of bash, zsh and fish' completion tcsh
mistake 'one of check, show and set' config sho
mistake 'no such key; did you mean GPU_TYPE?' config set GPU_TYP x
mistake 'no such key' config show NONSENSE
mistake 'takes no arguments' config check now
mistake 'takes a key and a value' config set
mistake '/nonexistent.env' list --config /nonexistent.env
mistake 'one provider at a time' providers local manual
check 'nothing was made' test ! -e "$work/state/arena.db"

# Hostile words reach the terminal as text.
fails_with 2 fleet "$(printf '\033[31mred')"
check_not 'escapes are escaped' grep -q "$(printf '\033')" "$err"
fails_with 2 fleet list "--$(printf '\033[2J')"
check_not 'escapes are escaped' grep -q "$(printf '\033')" "$err"

# A disk that is full, a reader that is gone, no standard output at all.
if [ -w /dev/full ]; then
    status=0
    fleet help >/dev/full 2>"$err" || status=$?
    equal 'a full disk is a failure' 1 "$status"
    says 'standard output: No space left on device'
    status=0
    fleet version --json >/dev/full 2>"$err" || status=$?
    equal 'a full disk is a failure for JSON' 1 "$status"
    says 'standard output: No space left on device'
fi
status=0
fleet help >&- 2>"$err" || status=$?
equal 'no standard output is a failure' 1 "$status"
says 'standard output'
mkfifo "$work/fifo"
exec 3<>"$work/fifo"
exec 4>"$work/fifo"
exec 3<&-
status=0
fleet help >&4 2>"$err" || status=$?
exec 4>&-
equal 'a closed pipe is a failure' 1 "$status"
says 'standard output: Broken pipe'
# With standard error closed as well nothing that is opened takes its place.
fleet config show >"$out" 2>&- <&- || fail 'closed streams'
prints MACHINE_NAME_PREFIX
