#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# fleet revoke: shut out everywhere and for good, whatever the roster says, and
# nobody else is touched.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/format-lib.sh"
. "$srcdir/tests/e2e/people-lib.sh"
requires pgrep
people_cohort apple birch cedar kiwi <<END
person,pods,key,until,email
Ada,apple birch,,,ada@example.org
Bob,apple,,,
END
succeeds fleet create apple birch cedar --yes
succeeds fleet roster apply --yes
listed
gets_in ada apple
gets_in ada birch
gets_in bob apple

# It is asked for, and can be looked at first.
fails_with 4 fleet revoke ada
succeeds fleet revoke ada --dry-run --json
equal 'what it would take away' '[["ada"],["ada"],[]]' \
    "$(jq -c '[.pods[].removed]' "$out")"
gets_in ada apple
fails_with 1 fleet revoke adda --yes
says "did you mean 'ada'"

# A session of hers and one of his are open.
session()
{
    badge=$work/state/arena.people/$1
    try_as "$badge/key" "$badge/key-cert.pub" "$2" \
        'echo in; while :; do sleep 0.2; done' >"$work/session.$1" 2>/dev/null &
    session=$!
    on_exit kill "$session"
    wait_for 20 grep -q in "$work/session.$1"
}
session ada birch
hers=$session
session bob apple
his=$session

# One pod does not run for now.
process=$(pgrep -o -f "sshd.*$(dirname "$(dirname "$(dirname "$(keys_of apple)")")")")
stolen ada thief
kill -STOP "$process"
on_exit kill -CONT "$process"
fails_with 3 fleet revoke ada --yes --json
kill -CONT "$process"
says 'arena-apple'
says 'could not be put right'
equal 'one failed' '["failed","changed","kept"]' \
    "$(jq -c '[.pods[].result]' "$out")"
equal 'the others were tried' '[null,"login refused","login refused"]' \
    "$(jq -c '[.pods[].proof]' "$out")"
is_refused thief birch
equal 'her line stays, without pods' 'Ada,,,,ada@example.org' \
    "$(sed -n 2p "$roster")"
check 'her session goes on' kill -0 "$hers"

# That is known until it is done.
succeeds fleet roster show --json
equal 'one lets her in' '[false,true,true]' \
    "$(jq -c '[.pods[].current]' "$out")"
says 'arena-apple lets in: ada@arena bob@arena'
gets_in thief apple
succeeds fleet roster apply --yes
is_refused thief apple
gets_in bob apple
check 'his session goes on' kill -0 "$his"

# The file says she has pods again: she stays out.
sed -i 's/^Ada,,/Ada,apple birch,/' "$roster"
succeeds fleet roster check
says 'was revoked and stays out'
succeeds fleet roster apply --yes
is_refused thief apple
is_refused thief birch

# Her sessions are ended when that is asked for, on the pods that were hers.
session bob apple
succeeds fleet revoke ada --yes --kill-sessions
wait_for 20 sh -c "! kill -0 $hers"
wait_for 20 sh -c "! kill -0 $session"
says 'session ended'
says 'refused by 3 pods'

# Let in again: with something new. What was stolen stays worthless.
succeeds fleet grant ada birch --yes
equal 'another generation' 'ada@arena.2' \
    "$(ssh-keygen -L -f "$work/state/arena.people/ada/key-cert.pub" |
        sed -n '/Principals/{n;s/ *//p}')"
check_not 'another key' cmp -s "$work/thief/key" "$work/state/arena.people/ada/key"
gets_in ada birch
is_refused thief birch
is_refused thief apple

# A pod that was stopped meanwhile learns of it when it starts.
succeeds fleet stop birch --yes
fails_with 3 fleet revoke ada --yes
says 'arena-birch'
succeeds fleet start birch --yes
listed
equal 'nobody of the roster' '' "$(lines birch)"
is_refused ada birch
succeeds fleet roster show --json
equal 'nothing is owed' '[true,true,true]' "$(jq -c '[.pods[].current]' "$out")"

# Whose line is gone from the file may still be on a pod.
sed -i '/^Bob/d' "$roster"
succeeds fleet revoke bob --yes
is_refused bob apple
fails_with 1 fleet revoke nobody --yes

# A roster with faults, or one that says something else about others, is no
# reason to wait: nobody else is touched by it.
printf 'person,pods\nDan,apple\n' >"$roster"
succeeds fleet roster apply --yes
gets_in dan apple
printf 'person,pods\nEve,aple\nDan,apple\n' >"$roster"
fails_with 2 fleet roster apply --yes
printf 'person,pods\nEve,apple\n' >"$work/other.csv"
succeeds fleet roster apply --yes --roster "$work/other.csv"
equal 'another roster' 'eve ' "$(lines apple)"
succeeds fleet grant Dan apple --id dan --yes --roster "$work/other.csv"
succeeds fleet revoke dan --yes
says "there is no pod 'aple'"
is_refused dan apple
gets_in eve apple
fails_with 2 fleet revoke stranger --yes

# Somebody has let them in by hand: that is no success.
cat "$work/state/arena.people/bob/key.pub" >>"$(keys_of apple)"
printf 'person,pods\nBob,cedar\n' >"$roster"
fails_with 1 fleet revoke bob --yes
says 'still works there'

# A pod that runs and cannot be reached may let in anybody.
cloud
jq -n --argjson port "$(free_ports 1)" '[{id: "k", name: "arena-kiwi",
    state: "running", ssh: {host: "127.0.0.1", port: $port, user: "nobody"}}]' \
    >"$work/pods.json"
printf 'person,pods\nCleo,kiwi\n' >"$roster"
fails_with 3 fleet roster apply --yes
says 'arena-kiwi: connect'
fails_with 3 fleet revoke cleo --yes
says 'arena-kiwi: connect'
says '1 pod could not be put right'
succeeds fleet roster check
says 'cleo was revoked'
# And one whose provider does not say whether it is there.
: >"$work/down"
fails_with 3 fleet revoke cleo --yes
says 'cloud: '
