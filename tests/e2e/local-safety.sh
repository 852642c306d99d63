#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# The local provider ends what is a pod's, all of it, and nothing else.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires ssh sshd ssh-keygen jq tail

directory() # NAME: of the pod
{
    echo "$work/state/local/pods/$(fleet list --json |
        jq -r --arg n "arena-$1" '.pods[] | select(.name == $n) | .id')"
}
state() # NAME
{
    fleet list --json |
        jq -r --arg n "arena-$1" '.pods[] | select(.name == $n) | .state'
}
lives()
{
    kill -0 "$1" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$1/status"
}
gone()
{
    ! lives "$1"
}

cohort 3
succeeds fleet create -n 2 --yes
apple=$(directory apple)
succeeds fleet stop apple --yes

# A pid file that has become somebody else's: a stranger, one who reads the
# pod's files, and an sshd that is not the pod's.
sleep 300 &
stranger=$!
tail -f "$apple/sshd_config" >/dev/null &
reader=$!
server=$(cat "$(directory arrow)/sshd.pid")
on_exit kill "$stranger" "$reader"
for process in "$stranger" "$reader" "$server"; do
    echo "$process" >"$apple/sshd.pid"
    equal "a pid file proves nothing" stopped "$(state apple)"
    succeeds fleet start apple --yes
    succeeds fleet stop apple --yes
    check "process $process lives after start and stop" lives "$process"
done
succeeds fleet start apple --yes
cp "$apple/sshd.pid" "$work/own"
echo "$stranger" >"$apple/sshd.pid"
succeeds fleet terminate apple --yes
check "the stranger lives after terminate" lives "$stranger"
check "and so does the reader" lives "$reader"
check "the pod's own sshd is found without its pid file" gone "$(cat "$work/own")"
check "the other pod does not notice" pod_ssh arrow true
kill "$stranger" "$reader"

# Whatever sessions have begun ends with the pod.
arrow=$(directory arrow)
pod_ssh arrow 'echo $$ >first; exec sleep 301' 2>/dev/null &
pod_ssh arrow 'nohup setsid sh -c "echo \$\$ >second; exec sleep 302" \
    >/dev/null 2>&1 </dev/null &' 2>/dev/null
wait_for 5 test -s "$arrow/home/first" -a -s "$arrow/home/second"
first=$(cat "$arrow/home/first") second=$(cat "$arrow/home/second")
check "a session is there" lives "$first"
check "and one that has left its session" lives "$second"
succeeds fleet stop arrow --yes
check "the session has ended" gone "$first"
check "and what it had left behind" gone "$second"
succeeds fleet start arrow --yes

# A frozen sshd, as a run leaves that was killed while it ended sessions.
kill -STOP "$(cat "$arrow/sshd.pid")"
equal "a frozen sshd does not count as running" stopped "$(state arrow)"
succeeds fleet start arrow --yes
check "start replaces it" pod_ssh arrow true

# Rubbish among the pods is passed over with a word.
pods=$work/state/local/pods
: >"$pods/README"
mkdir "$pods/0123456789ab" "$pods/no-pod"
echo 'port 99999' >"$pods/0123456789ab/pod"
succeeds fleet list --json
equal "the listing is whole" arena-arrow "$(json '[.pods[].name] | join(" ")')"
says README
says no-pod
says 0123456789ab
rm -rf "$pods/README" "$pods/no-pod" "$pods/0123456789ab"

# What a run that died has left: a directory in the making, one on its way
# out, and a pod whose sshd has never been up.
mkdir -p "$work/state/local/new/died" "$work/state/local/trash/died/home"
cp -R "$arrow" "$pods/ba9876543210"
sed -i 's/^wanted .*/wanted 0/; s/^name .*/name arena-apple/' \
    "$pods/ba9876543210/pod"
rm "$pods/ba9876543210/sshd.pid"
equal "a pod that never was is not listed" arena-arrow \
    "$(fleet list --json | jq -r '[.pods[].name] | join(" ")')"
succeeds fleet create apple --yes
check_not "the next create removes it" test -e "$pods/ba9876543210"
equal "and all the rest" '' \
    "$(cd "$work/state/local" && find new trash -mindepth 1)"

# A home that is hard to remove, with a link out of it.
mkdir -p "$(directory apple)/home/closed/deep" "$work/outside"
: >"$work/outside/precious"
ln -s "$work/outside" "$(directory apple)/home/link"
chmod 500 "$(directory apple)/home/closed"
succeeds fleet terminate all --yes
check "links are not followed" test -e "$work/outside/precious"
equal "nothing is left" '' \
    "$(cd "$work/state/local" && find pods trash -mindepth 1)"
wait_for 5 nothing_runs
