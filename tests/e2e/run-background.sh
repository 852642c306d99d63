#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Commands that go on by themselves: they are listed, read and ended, and
# nothing else is.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq ssh setsid
cohort 3
succeeds fleet create -n 3 --yes

# started COMMAND...: its name in $job.
started()
{
    succeeds fleet run --background "$@"
    job=$(cat "$out")
    case $job in
    *[!0-9a-f]* | '') fail "no name of a job: $job" ;;
    esac
}

# state POD: of $job, and its exit status.
state()
{
    fleet jobs "$job" --json --quiet 2>/dev/null | jq -r --arg n "arena-$1" \
        '.jobs[].pods[] | select(.name == $n) | "\(.state) \(.exit)"'
}

is()
{
    [ "$(state "$1")" = "$2" ]
}

succeeds fleet jobs
says 'no jobs'

# One that waits, on all of them: it runs when the command line is back, it
# reads its input, and it ends as it wants to.
printf 'one\ntwo\n' >"$work/input"
started --input "$work/input" -- \
    'cat; echo oops >&2; until [ -e "$HOME/go" ]; do sleep 0.1; done; exit 3'
equal running 'running null' "$(state apple)"
wait_for 30 sh -c "fleet logs $job apple --quiet | grep -q oops"
succeeds fleet logs "$job" apple
equal 'one pod as it is' 'one|two|oops|' "$(tr '\n' '|' <"$out")"
succeeds fleet logs "$job" -n 1
equal 'several told apart' 'apple: oops|arrow: oops|autumn: oops|' \
    "$(sort "$out" | tr '\n' '|')"
fleet logs "$job" -f >"$work/followed" 2>&1 &
following=$!
wait_for 30 grep -q 'autumn: oops' "$work/followed"
fleet logs "$job" -f apple >"$work/left" 2>&1 &
leaving=$!
wait_for 30 grep -q oops "$work/left"
kill -TERM $leaving
status=0
wait $leaving || status=$?
equal 'leaving is no failure' '143 one|two|oops|' \
    "$status $(tr '\n' '|' <"$work/left")"
succeeds fleet run -x autumn -- 'touch "$HOME/go"'
wait_for 30 is apple 'exited 3'
equal 'the others go on' 'running null' "$(state autumn)"
fails_with 4 fleet jobs --forget "$job"
says "fleet kill $job"
succeeds fleet run autumn -- 'touch "$HOME/go"'
wait $following
equal 'what was followed' 9 "$(wc -l <"$work/followed")"
succeeds fleet jobs
equal 'the table' 3 "$(grep -c "^$job .* exited 3 *cat; echo" "$out")"
succeeds fleet logs "$(printf %.5s "$job")" arrow --json
equal 'JSON' 'one|two|oops| exited 3' \
    "$(json '.results[0] | "\(.log) \(.state) \(.exit)"' | tr '\n' '|' |
        sed 's/|$//')"

# kill ends all of its session, and nothing beside it.
started apple -- 'sleep 1000 & (trap "" TERM; sleep 1000) & wait'
first=$job
started apple -- 'exec sleep 1000'
check 'all of it' test "$(fleet kill "$first" --json --quiet |
    jq '.results[0].sent')" -ge 3
job=$first
wait_for 30 is apple 'exited 143'
succeeds fleet kill "$first" -s KILL --json
check 'what did not listen' test "$(json '.results[0].sent')" -ge 1
succeeds fleet kill "$first" --json
equal 'nothing is left of it' 0 "$(json '.results[0].sent')"
job=$(fleet jobs --json --quiet | jq -r '.jobs[-1].job')
equal 'the other one goes on' 'running null' "$(state apple)"
succeeds fleet kill "$job" apple --signal sigint
wait_for 30 is apple 'exited 130'
fails_with 2 fleet kill "$job" --signal NONE
fails_with 1 fleet kill 00000
says 'fleet jobs'

# It runs as any other command there would.
# shellcheck disable=SC2016
as='umask; pwd; echo "$0 $MACHINE_NAME it'"'"'s"; test -t 0 || echo no terminal'
started apple -- "$as"
wait_for 30 is apple 'exited 0'
succeeds fleet logs "$job"
equal 'as without --background' "$(fleet run apple -q -- "$as")" "$(cat "$out")"

# A number of a process that is in use again is not hit.
started apple -- 'exec sleep 1000'
place=.local/state/fleet/jobs/$job
succeeds fleet run apple -- "setsid sleep 2000 >&- 2>&- <&- & echo \$!"
other=$(cat "$out")
succeeds fleet run apple -- "cp $place/pid $place/kept; echo $other 1 >$place/pid"
equal 'not its own' 0 \
    "$(fleet kill "$job" --json --quiet | jq '.results[0].sent')"
equal 'and lost' 'lost null' "$(state apple)"
succeeds fleet run apple -- "kill $other; mv $place/kept $place/pid"
# Nor does a pod that was started anew have anything of it.
succeeds fleet run apple -- "cp $place/boot $place/kept; echo other >$place/boot"
succeeds fleet kill "$job" --json
equal 'another start' '0 lost' "$(json '.results[0] | "\(.sent) \(.state)"')"
succeeds fleet run apple -- "mv $place/kept $place/boot
    kill -0 \$(cut -d' ' -f1 $place/pid)"
succeeds fleet kill "$job"

# What stands on a pod is not believed, nor let loose.
started apple -- 'printf "\033[2Jlog\n"; exit 1'
wait_for 30 is apple 'exited 1'
place=.local/state/fleet/jobs/$job
started apple -- true
succeeds fleet run apple -- "printf '\\033[2J 99 ended x' >$place/status
    head -c 300000 /dev/zero | tr '\\0' x >>$place/began"
succeeds fleet jobs --json
check_not 'no escape' grep -q "$(printf '\033')" "$out"
if command -v script >/dev/null; then
    script -qec "fleet logs $place" "$work/typed" >"$out" 2>&1 </dev/null || :
    script -qec "fleet logs ${place##*/}" "$work/typed" >"$out" 2>&1 </dev/null
    check 'it printed' grep -q 'x1b\[2Jlog' "$work/typed"
    check_not 'no escape on a terminal' \
        grep -q "$(printf '\033')\[2J" "$work/typed"
fi

# However much one prints, it goes on, and what is kept has a bound.
started apple -- 'yes | head -c 150000000; echo done; exit 5'
wait_for 60 is apple 'exited 5'
succeeds fleet logs "$job" -n 1
equal 'the end is kept' 'done' "$(cat "$out")"
succeeds fleet run apple -- \
    "cat .local/state/fleet/jobs/$job/log* | wc -c"
check 'no more than that' test "$(cat "$out")" -lt 100000000
check 'no less' test "$(cat "$out")" -gt 32000000

# Where logging out ends what somebody has started, it is taken out of the
# login; these stand for the programs of systemd.
# shellcheck disable=SC2016
succeeds fleet run apple -- 'mkdir bin && cd bin &&
    echo "PATH=$HOME/bin:\$PATH" >~/.bashrc &&
    printf "#!/bin/sh\necho b true\n" >busctl &&
    printf "#!/bin/sh\necho \"\$*\" >>~/linger\n" >loginctl &&
    printf "#!/bin/sh\nshift 4\nUNIT=fleet exec \"\$@\"\n" >systemd-run &&
    chmod 755 *'
# shellcheck disable=SC2016
started apple -- 'echo "in $UNIT"'
wait_for 30 is apple 'exited 0'
succeeds fleet logs "$job"
equal 'not in the login' 'in fleet' "$(cat "$out")"
succeeds fleet run apple -- 'rm .bashrc; cat linger'
prints enable-linger

# A pod that is gone, or cannot be asked.
started -x apple -- sleep 1000
succeeds fleet stop arrow --yes
succeeds fleet terminate autumn --yes
fails_with 1 fleet jobs "$job"
equal 'cannot be asked' 'unknown null' "$(state arrow)"
equal 'is gone' 'gone null' "$(state autumn)"
succeeds fleet start arrow --yes
equal 'ended with its pod' 'lost null' "$(state arrow)"
fails_with 1 fleet logs "$job" autumn
fails_with 2 fleet run --background --stream -- true
fails_with 1 fleet run --background apple banana -- true

# What has ended is removed, there and here; what runs stays.
started apple -- sleep 1000
succeeds fleet jobs --clean
succeeds fleet jobs --json
equal 'one is left' "$job" "$(json '.jobs[].job')"
succeeds fleet run apple -- 'ls .local/state/fleet/jobs'
equal 'and there' "$job" "$(cat "$out")"
succeeds fleet kill "$job"
wait_for 30 is apple 'exited 143'
succeeds fleet jobs --forget "$job"
succeeds fleet jobs
says 'no jobs'
