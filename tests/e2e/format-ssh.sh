#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# fleet ssh-config: the real ssh reaches each pod with the file alone, and no
# machine with another host key.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "${srcdir:-.}/tests/e2e/format-lib.sh"
requires jq ssh ssh-keygen sshd

cohort 3
succeeds fleet create -n 3 --yes
succeeds fleet list --json
cp "$out" "$work/list"
succeeds fleet ssh-config
cp "$out" "$work/ssh.conf"
check 'nothing to warn of' test ! -s "$err"

# The form that is promised.
check 'its head' grep -qE \
    '^# fleet: cohort arena, 3 pods, written [0-9T:-]*Z$' "$work/ssh.conf"
sed 1d "$work/ssh.conf" >"$work/found"
{
    cat <<END
Host arena-*
    User $(jq -r '.pods[0].ssh.user' "$work/list")
    IdentityFile $work/key
    IdentitiesOnly yes
    StrictHostKeyChecking yes
    UserKnownHostsFile /dev/null
    GlobalKnownHostsFile /dev/null
END
    jq -r '.pods[] | "",
        "Host \(.name)",
        "    HostName \(.ssh.host)",
        "    Port \(.ssh.port)",
        "    HostKeyAlias \(.name)",
        "    KnownHostsCommand /bin/echo \(.name) \(.host_key)"' "$work/list"
} >"$work/expected"
check 'its text' diff -u "$work/expected" "$work/found"

for pod in arena-apple arena-arrow arena-autumn; do
    check "ssh -G $pod" sh -c 'ssh -G -F "$1" "$2" >"$3"' sh \
        "$work/ssh.conf" "$pod" "$work/options"
    check "$pod: its own alias" grep -qx "hostkeyalias $pod" "$work/options"
    check "$pod: keys are checked" \
        grep -qx 'stricthostkeychecking true' "$work/options"
    check "ssh $pod" ssh_by "$work/ssh.conf" "$pod"
done

# Another machine at that address: the client refuses.
sed 's/\(Port\) .*/\1 PORT/' "$work/ssh.conf" |
    sed "s/PORT/$(jq -r '.pods[0].ssh.port' "$work/list")/" >"$work/wrong.conf"
check 'the right machine' ssh_by "$work/wrong.conf" arena-apple
fails_with 255 ssh_by "$work/wrong.conf" arena-arrow
says 'Host key verification failed'

# One block for a target, and only that.
succeeds fleet ssh-config arrow
equal 'one pod' arena-arrow "$(sed -n 's/^Host \(.*[^*]\)$/\1/p' "$out")"
fails_with 1 fleet ssh-config nobody
check 'nothing is printed' test ! -s "$out"

# The other ways to know a pod.
succeeds fleet ssh-config --host-keys file
cp "$out" "$work/file.conf"
prints 'UserKnownHostsFile ~/.ssh/known_hosts.arena'
SSH_CONFIG_KNOWN_HOSTS="$work/known" succeeds fleet ssh-config --host-keys file
cp "$out" "$work/file.conf"
succeeds fleet export known-hosts --out "$work/known"
check 'by a known_hosts file' ssh_by "$work/file.conf" arena-autumn
ssh-keygen -q -t ed25519 -N '' -f "$work/other"
sed "s,ssh-ed25519 .*,$(cut -d ' ' -f 1,2 "$work/other.pub")," "$work/known" \
    >"$work/new"
mv "$work/new" "$work/known"
fails_with 255 ssh_by "$work/file.conf" arena-autumn
succeeds fleet ssh-config --host-keys off
cp "$out" "$work/off.conf"
check 'not at all' ssh_by "$work/off.conf" arena-autumn
fails_with 2 fleet ssh-config --host-keys ca
says 'certificate authority'
check 'nothing is printed' test ! -s "$out"
fails_with 2 fleet ssh-config --host-keys maybe

# A pod whose key nobody has told, another user, an address of the other kind.
cloud
jq '[.pods[0] | {id: "c-1", name: "arena-cloudy", state: "running", ssh},
    {id: "c-2", name: "arena-six", state: "running", host_key:
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDIc3f6BtIOkpHr",
        ssh: {host: "2001:db8::6", port: 22, user: "ubuntu"}}]' \
    "$work/list" >"$work/pods.json"
succeeds fleet ssh-config
cp "$out" "$work/mixed.conf"
check 'no user for all' sh -c '! sed -n "/^Host arena-\*/,/^$/p" "$1" |
    grep -q User' sh "$work/mixed.conf"
check 'a comment about the key' grep -q 'not known yet' "$work/mixed.conf"
for pod in arena-apple arena-arrow arena-autumn arena-six; do
    ssh -G -F "$work/mixed.conf" "$pod" >"$work/options"
    check "$pod: keys are checked" \
        grep -qx 'stricthostkeychecking true' "$work/options"
done
check 'an IPv6 address' grep -qx 'hostname 2001:db8::6' "$work/options"
check 'its user' grep -qx 'user ubuntu' "$work/options"
check 'still pinned' ssh_by "$work/mixed.conf" arena-apple
check 'accepted at the first login' ssh_by "$work/mixed.conf" arena-cloudy \
    -o UserKnownHostsFile="$work/learnt"
check 'and kept' grep -q '^arena-cloudy ' "$work/learnt"
sed "s,ssh-ed25519 .*,$(cut -d ' ' -f 1,2 "$work/other.pub")," "$work/learnt" \
    >"$work/changed"
fails_with 255 ssh_by "$work/mixed.conf" arena-cloudy \
    -o UserKnownHostsFile="$work/changed"

# An incomplete listing prints nothing, and changes no file.
: >"$work/down"
echo before >"$work/kept"
fails_with 7 fleet ssh-config --out "$work/kept"
says '--partial'
equal 'the old file' before "$(cat "$work/kept")"
fails_with 7 fleet ssh-config
check 'nothing is printed' test ! -s "$out"
fails_with 3 fleet ssh-config --partial
equal 'the others are there' 3 "$(grep -c HostName "$out")"
rm "$work/down"

# JSON carries the text; a file is written whole.
succeeds fleet ssh-config --json
equal 'how many' 5 "$(json .count)"
jq -j .text "$out" >"$work/text"
sed 1d "$work/mixed.conf" >"$work/expected"
sed 1d "$work/text" >"$work/found"
check 'the same text' cmp "$work/expected" "$work/found"
succeeds fleet ssh-config --out "$work/out.conf"
check 'nothing on standard output' test ! -s "$out"
sed 1d "$work/out.conf" >"$work/found"
check 'the same text' cmp "$work/expected" "$work/found"
fails_with 1 sh -c 'fleet ssh-config >/dev/full'
