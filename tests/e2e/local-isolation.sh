#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# A local pod has a home and an environment of its own, carries sftp, scp and
# any bytes, and leaves the home of the account alone.
# shellcheck disable=SC2016 # the pod expands it
. "${srcdir:-.}/tests/e2e/lib.sh"
requires ssh sshd ssh-keygen sftp scp jq

# Where it can be done, the account gets a home whose files tell on their
# reader; only the sshds see that.
operator=$(getent passwd "$(id -u)" | cut -d: -f6)
housed()
{
    "$@"
}
if [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
    operator=$work/operator
    mkdir -p "$operator/.ssh"
    for name in .bashrc .profile .bash_profile .zshenv .ssh/rc; do
        echo "echo read; echo $name >>'$work/told'" >"$operator/$name"
    done
    awk -F: -v OFS=: -v home="$operator" '$3 == 0 { $6 = home } 1' \
        /etc/passwd >"$work/passwd"
    housed()
    {
        unshare -m sh -c 'mount --bind "$0" /etc/passwd && exec "$@"' \
            "$work/passwd" "$@"
    }
fi
ssh_files()
{
    find "$operator/.ssh" -printf '%p %s %m %T@ %C@\n' 2>/dev/null |
        sort | cksum
}
before=$(ssh_files)

cohort 2
succeeds housed fleet create -n 2 --yes
home=$(pod_ssh apple pwd)
case $home in
"$work/state/local/pods/"*/home) ;;
*) fail "a session starts in $home" ;;
esac
equal "HOME is where it starts" "$home" "$(pod_ssh apple 'echo $HOME')"
check_not "each has its own" [ "$home" = "$(pod_ssh arrow pwd)" ]
equal "MACHINE_NAME is the pod's" arena-arrow \
    "$(pod_ssh arrow 'echo $MACHINE_NAME')"
equal "PUBLIC_KEY is the cohort's" "$(cat "$work/key.pub")" \
    "$(pod_ssh apple 'echo "$PUBLIC_KEY"')"
equal "nothing of fleet's own surroundings" '' "$(
    FLEET_TEST_CANARY=canary housed fleet restart apple --yes >"$out" 2>"$err"
    pod_ssh apple env | grep -i canary
)"

for code in 0 7 255; do
    status=0
    pod_ssh apple "exit $code" || status=$?
    equal "exit status $code comes through" "$code" "$status"
done
equal "quotes come through" "[a  b][\"]['][\\]" \
    "$(pod_ssh apple 'printf "[%s]" "a  b" "\"" "'"'"'" "\\"')"
head -c 300000 /dev/urandom >"$work/blob"
pod_ssh apple cat <"$work/blob" >"$work/echo"
check "any bytes come through" cmp "$work/blob" "$work/echo"
equal "a shell without a command starts at home too" "$home" \
    "$(echo pwd | pod_ssh apple 2>/dev/null | tail -n 1)"

pod_ssh apple true # leaves pod.json and known_hosts of apple
port=$(jq -r .ssh.port "$work/pod.json")
at=$(jq -r '"\(.ssh.user)@\(.ssh.host)"' "$work/pod.json")
options="-F none -i $work/key -P $port -q -o IdentitiesOnly=yes
    -o StrictHostKeyChecking=yes -o UserKnownHostsFile=$work/known_hosts"
# shellcheck disable=SC2086 # each word an option
{
    check "scp" scp $options "$work/blob" "$at:copied"
    check "it went to the pod's home" cmp "$work/blob" "$home/copied"
    check "scp as of old" scp $options -O "$work/blob" "$at:copied-too"
    check "it went there too" cmp "$work/blob" "$home/copied-too"
    echo 'get copied fetched' >"$work/batch"
    check "sftp" sftp $options -b "$work/batch" "$at"
}
check "it came back" cmp "$work/blob" "$work/fetched"

# A pod's own .bashrc holds, once for each session, as on any machine.
if [ "$(pod_ssh apple 'basename $SHELL')" = bash ]; then
    echo 'echo x >>~/read; greet() { echo hello; }' >"$home/.bashrc"
    equal "the pod's .bashrc is read" hello "$(pod_ssh apple greet)"
    equal "once" 1 "$(wc -l <"$home/read")"
fi

# A key of somebody else does not open it, nor does another account.
ssh-keygen -q -t ed25519 -N '' -f "$work/other"
login() # KEY USER
{
    ssh -F none -i "$1" -p "$port" -o BatchMode=yes -o IdentitiesOnly=yes \
        -o StrictHostKeyChecking=yes \
        -o UserKnownHostsFile="$work/known_hosts" "$2@127.0.0.1" true
}
user=$(jq -r .ssh.user "$work/pod.json")
check "the cohort's key is let in" login "$work/key" "$user"
check_not "another key is refused" login "$work/other" "$user"
check_not "another account is refused" login "$work/key" daemon

# Somebody on this machine cannot read a pod's key.
equal "the pods' directory is closed to others" 700 \
    "$(stat -c %a "$work/state/local/pods")"
succeeds fleet terminate all --yes
equal "the account's .ssh is as it was" "$before" "$(ssh_files)"
check_not "nothing in its home was run" test -e "$work/told"
