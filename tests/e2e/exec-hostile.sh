#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Programs that misbehave, each in its own way: an error of that provider, told
# plainly, and never an empty listing.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq ssh-keygen

cohort
{
    echo 'PROVIDERS=odd'
    echo 'MACHINE_NAME_LIST="apple basil cedar"'
    echo "EXEC_PROVIDERS=\"odd=$work/odd\""
} >>"$FLEET_CONFIG"

# odd: the rest of the program, on standard input, behind a good opening. What
# is asked of it is noted.
odd()
{
    {
        echo '#!/bin/sh'
        echo 'ask() { IFS= read -r line && echo "$line" >>"$0.asked"; }'
        echo 'ask; echo '\''{"id":1,"ok":true,"abilities":["create","find"]}'\'
        cat
    } >"$work/new"
    chmod 755 "$work/new"
    mv "$work/new" "$work/odd"
    : >"$work/odd.asked"
}

# distrusted WHAT TEXT: nothing is listed and nothing is made, and TEXT says why.
distrusted()
{
    say "- $1"
    fails_with 7 fleet list --json --timeout 20s
    equal "$1: not complete" false "$(jq .complete "$out")"
    equal "$1: the provider failed" false "$(jq '.providers[0].ok' "$out")"
    check "$1: says why" sh -c \
        'jq -r ".providers[0].error | .message? // ." "$1" | grep -qF -e "$2"' \
        sh "$out" "$2"
    : >"$work/odd.asked"
    status=0
    fleet create -n 2 --yes --no-wait --timeout 20s >"$out" 2>"$err" ||
        status=$?
    check "$1: create refuses" test "$status" -ne 0
    check "$1: nothing is made" sh -c '! grep -q create "$1"' sh "$work/odd.asked"
    check "$1: it has ended" nothing_runs
}

# answers WHAT TEXT LINE: one bad line for the listing.
answers()
{
    printf '%s\n' "$3" >"$work/line"
    odd <<END
ask
cat "$work/line"
cat >/dev/null
END
    distrusted "$1" "$2"
}

answers 'no JSON' 'is no JSON' 'Traceback (most recent call last):'
answers 'an empty line' 'is no JSON' ''
answers 'no object' 'is no JSON object' '[{"id":2,"ok":true,"pods":[]}]'
answers 'another id' 'has "id" 3' '{"id":3,"ok":true,"pods":[]}'
answers 'a doubled key' 'has a key twice' \
    '{"id":2,"ok":true,"pods":[],"pods":[{"id":"x"}]}'
answers 'no list' 'has no list' '{"id":2,"ok":true}'
answers 'a list of null' 'has no list' '{"id":2,"ok":true,"pods":null}'
answers 'a pod without id' 'has no "id"' \
    '{"id":2,"ok":true,"pods":[{"name":"arena-apple"}]}'
answers 'a wrong type' "pods[1] ('arena-basil'): \"gpus\" must be" \
    '{"id":2,"ok":true,"pods":[{"id":"a"},{"id":"b","name":"arena-basil","gpus":"2"}]}'
answers 'two lines' 'more than one line' '{"id":2,"ok":true,"pods":[]}
{"id":2,"ok":true,"pods":[]}'

odd <<'END'
ask
printf '{"id":2,"ok":true,\000"pods":[]}\n'
cat >/dev/null
END
distrusted 'a NUL' 'is no JSON'

odd <<'END'
ask
printf '{"id":2,"ok":true,"pods":[{"id":"\377"}]}\n'
cat >/dev/null
END
distrusted 'no UTF-8' 'is not UTF-8'

odd <<'END'
ask
printf '{"id":2,"ok":true,"pods":'
head -c 200000 /dev/zero | tr '\0' '['
echo
cat >/dev/null
END
distrusted 'nested too deeply' 'nested too deeply'

odd <<'END'
ask
head -c 70000000 /dev/zero
sleep 60
END
distrusted 'no end of a line' 'longer than 64 MiB'

odd <<'END'
ask
printf '{"id":2,"ok":true,"pods":['
echo 'out of cheese' >&2
exit 3
END
distrusted 'an exit' 'exited with status 3 in the middle of its answer'
fails_with 7 fleet list
says 'out of cheese'

odd <<'END'
ask
kill -KILL $$
END
distrusted 'a signal' 'was ended by signal 9'

odd <<'END'
ask
exec sleep 60 >/dev/null
END
distrusted 'a closed output' 'hung up'

# Silence ends with the deadline, and the program with it.
odd <<'END'
ask
sleep 60
END
fails_with 7 fleet list --json --timeout 1s
json '.providers[0].error | .message? // .' >"$work/why"
check 'silence' grep -q 'gave no answer to .list. within' "$work/why"
check 'silence: it has ended' nothing_runs

# What comes on standard error is shown, but does nothing to the terminal.
odd <<'END'
ask
printf 'careful \033]0;owned\007\n' >&2
echo '{"id":2,"ok":true,"pods":[]}'
cat >/dev/null
END
succeeds fleet list --json
says 'careful'
check_not 'escapes are shown, not done' grep -q "$(printf '\033')" "$err"

# A create that is not answered may have been done: nobody makes another one.
odd <<'END'
ask
echo '{"id":2,"ok":true,"pods":[]}'
ask
exit 1
END
status=0
fleet create -n 1 --yes --no-wait >"$out" 2>"$err" || status=$?
check 'an unclear create fails' test "$status" -ne 0
equal 'it was asked once' 1 "$(grep -c '"call":"create"' "$work/odd.asked")"
status=0
fleet create -n 1 --yes --no-wait >"$out" 2>"$err" || status=$?
equal 'and is looked up first' find \
    "$(sed -n 's/.*"call":"\(find\|create\)".*/\1/p' "$work/odd.asked" |
        sed -n 2p)"

# What may not even be started.
odd </dev/null
chmod 757 "$work/odd"
fails_with 2 fleet list --json
check 'anybody may write it' grep -q 'anybody may write' "$out"
chmod 644 "$work/odd"
fails_with 2 fleet list --json
check 'not executable' grep -q 'chmod +x' "$out"
