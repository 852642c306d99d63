#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Whatever happens in the middle: a file on a pod is the old one or the new one,
# whole, and the next try goes on where the last one ended.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/crash-lib.sh"
requires jq tar sha256sum
relay=$builddir/tests/servers/relay
[ -x "$relay" ] || skip "no $relay here"
cohort 1
succeeds fleet create -n 1 --yes
home=$(fleet run apple -q -- 'echo $HOME' 2>/dev/null)
mkdir -p data/small
head -c 10000000 /dev/urandom >data/large
for n in $(seq 100); do
    echo "$n" >"data/small/$n"
done

same()
{
    check "$1" diff -r data "$home/data"
    equal 'nothing is left' '' "$(find "$home" -name '.fleet-*')"
}

start_over()
{
    rm -rf "$home/data" "$home"/.fleet-push-*
}

# come BYTES: so much of the large file has.
come()
{
    for part in "$home"/.fleet-push-*.part; do
        size=$(stat -c %s "$part" 2>/dev/null) || continue # it has its name
        [ "$size" -lt "$1" ] || return 0
    done
    return 1
}

# behind_relay BYTES TIMES: the same pod at the end of a wire that breaks.
behind_relay()
{
    fleet list --json >"$work/list"
    "$relay" 127.0.0.1 "$(jq '.pods[0].ssh.port' "$work/list")" \
        "$work/relay.port" "$1" "$2" &
    on_exit kill $!
    wait_for 10 test -s "$work/relay.port"
    {
        echo name,host,port,user
        echo "wire-cut,127.0.0.1,$(cat "$work/relay.port"),$(id -un)"
    } >"$work/cut.csv"
    cat >"$work/cut.env" <<END
PROVIDERS=manual
MANUAL_PODS=$work/cut.csv
MACHINE_NAME_PREFIX=wire
SHARED_SSH_KEY_PATH=$work/key
FLEET_STATE_DIR=$work/cut.state
END
    chmod 600 "$work/cut.env"
}

# Cut in the middle, twice: taken up by itself.
behind_relay 4000000 2
succeeds fleet -c "$work/cut.env" push --json -- data
same 'after two cuts'
check 'not all anew' test "$(json '.results[0].resumed_bytes')" -gt 2000000

# Killed in the middle: the next run goes on.
start_over
fleet push --limit 4M -- data >"$out" 2>"$err" &
push=$!
wait_for 20 come 3000000
kill -9 $push
wait $push || :
check_not 'no half file' test -e "$home/data"
succeeds fleet push --json -- data
same 'after a death'
check 'not all anew' test "$(json '.results[0].resumed_bytes')" -ge 3000000

# Told to end: at once, and the next run goes on.
start_over
fleet push --limit 4M -- data >"$out" 2>"$err" &
push=$!
wait_for 20 come 3000000
status=0
kill -TERM $push
wait $push || status=$?
equal 'told to end' 143 "$status"
check_not 'no half file' test -e "$home/data"
succeeds fleet push --json -- data
same 'after that'
check 'not all anew' test "$(json '.results[0].resumed_bytes')" -ge 3000000

# At every step that sends something, a new tree or an old one.
kind=send
old_tree()
{
    start_over
    mkdir -p "$home/data/small"
    cp data/small/1 "$home/data/small/2"
    echo old >"$home/data/small/3"
    echo old >"$home/data/large"
}
push_it=$(command -v fleet)
whole_or_old()
{
    for file in small/2 small/3 large; do
        [ ! -e "$home/data/$file" ] ||
            cmp -s "data/$file" "$home/data/$file" ||
            [ "$(stat -c %s "$home/data/$file")" -le 4 ] ||
            fail "$file is neither the old nor the new one"
    done
}
old_tree
steps=$(count_steps "$push_it" push -- data)
[ "$steps" -gt 20 ] || fail "only $steps steps"
stride=$((steps / (${FLEET_TEST_LONG:+10}0 + 3) + 1))
for step in $(seq "$stride" "$stride" "$steps"); do
    old_tree
    die_at "$step" "$push_it" push -- data
    whole_or_old
    succeeds fleet push -- data
    same "killed at $step of $steps"
done

# The pod goes away and comes back.
start_over
fleet push --limit 8M --json -- data >"$out" 2>"$err" &
push=$!
wait_for 20 come 2000000
fleet stop apple --yes --quiet 2>/dev/null
fleet start apple --yes --quiet 2>/dev/null
wait $push || fail "status $? when the pod was away"
same 'after it was away'

# A file that changes once is copied as it is then; one that does not come to
# rest is not.
start_over
fleet push --limit 8M -- data >"$out" 2>"$err" &
push=$!
wait_for 20 come 2000000
echo more >>data/large
wait $push || fail "status $? when a file changed once"
same 'as it was in the end'
start_over
while sleep 0.05; do
    echo more >>data/large
done &
writer=$!
status=0
fleet push --limit 30M -- data >"$out" 2>"$err" || status=$?
kill $writer
wait $writer 2>/dev/null || :
equal 'restless' 1 "$status"
says 'changes while it is copied'
check_not 'not there' test -e "$home/data/large"

begun()
{
    ls "$home/full/.fleet-push-"*.part
}

# A disk that is too small, and one that others fill in the meantime.
mkdir -p "$home/full"
if mount -t tmpfs -o size=14m none "$home/full" 2>/dev/null; then
    on_exit umount "$home/full"
    head -c 6000000 /dev/zero >"$home/full/theirs"
    fails_with 1 fleet push --to full -- data
    says 'its disk is full'
    equal 'nothing is left' theirs "$(ls -A "$home/full")"
    rm "$home/full/theirs"
    fleet push --limit 8M --to full -- data >"$out" 2>"$err" &
    push=$!
    wait_for 20 begun
    head -c 10000000 /dev/zero >"$home/full/theirs" || :
    status=0
    wait $push || status=$?
    equal 'in the middle' 1 "$status"
    says 'its disk is full'
    equal 'nothing is left' theirs "$(ls -A "$home/full")"
fi
