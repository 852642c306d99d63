#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# fleet ca: one key vouches for the host keys of all pods, so that a config that
# was handed out once is right for whatever machine has a name; with the real
# ssh, which is strict.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/format-lib.sh"
. "$srcdir/tests/e2e/proxy-lib.sh"
requires jq ssh ssh-agent ssh-add ssh-keygen ssh-keyscan sshd
nginx_is_here
proxy_cohort apple birch cedar
proxy_start

# Before there is one.
fails_with 2 fleet ssh-config --host-keys ca
says 'fleet ca init'
fails_with 2 fleet ca sign --yes
fails_with 4 fleet ca init
succeeds fleet create apple --yes

# It is made once, for its owner alone.
succeeds fleet ca init --yes
equal 'its mode' 600 "$(stat -c %a "$work/arena_ca")"
check 'it is set' grep -q "^SSH_CA_KEY_PATH=.*$work/arena_ca" "$FLEET_CONFIG"
cp "$work/arena_ca" "$work/ca_before"
succeeds fleet ca init --yes
check 'not made twice' cmp "$work/ca_before" "$work/arena_ca"
fails_with 2 fleet ca init --key "$work/another" --yes
says 'is set to'

# A pod that has none is pinned, and that is said.
succeeds fleet ssh-config --host-keys ca
says 'arena-apple has no host certificate'
prints '# it has no host certificate'
cp "$out" "$work/fallback.conf"
check 'it works all the same' ssh_by "$work/fallback.conf" arena-apple
fails_with 4 fleet ca sign
succeeds fleet ca sign --yes
prints 'certified'
succeeds fleet create birch --yes --json
equal 'new ones get theirs' '["arena-birch certified"]' \
    "$(jq -c '[.certificates[] | "\(.name) \(.result)"]' "$out")"
succeeds fleet ca show --json
equal 'both have one' '[true,true]' "$(jq -c '[.pods[].certificate]' "$out")"

# certificate NAME: what its sshd shows, as ssh-keygen reads it.
certificate()
{
    fleet list "$1" --json >"$work/list" 2>/dev/null
    ssh-keyscan -c -t ed25519 -p "$(jq -r '.pods[0].ssh.port' "$work/list")" \
        127.0.0.1 2>/dev/null | sed 's/^@cert-authority [^ ]* //' >"$work/shown"
    ssh-keygen -L -f "$work/shown"
}
certificate birch >"$work/cert"
check 'a host certificate' grep -q 'host certificate' "$work/cert"
check 'for its name alone' sh -c \
    'sed -n "/Principals/,/Critical/p" "$1" | grep -c arena- | grep -qx 1' sh \
    "$work/cert"
check 'for birch' grep -q '^ *arena-birch$' "$work/cert"

# One line for the cohort, and no key of any pod.
succeeds fleet ssh-config --proxy --host-keys ca
check 'nothing to warn of' test ! -s "$err"
cp "$out" "$work/participant.conf"
equal 'one line' 1 "$(grep -c KnownHostsCommand "$work/participant.conf")"
check 'of the authority' grep -q \
    "^    KnownHostsCommand /bin/echo @cert-authority arena-\* $(cut -d' ' -f1,2 "$work/arena_ca.pub")\$" \
    "$work/participant.conf"
check 'apple' ssh_by "$work/participant.conf" arena-apple
check 'birch' ssh_by "$work/participant.conf" arena-birch

# Another pod of the same cohort in its place is refused.
port_of()
{
    sed -n "s/^# fleet: pod name=$1 port=\([0-9]*\) .*/\1/p" "$deployed"
}
sed "s/Port $(port_of arena-birch)\$/Port $(port_of arena-apple)/" \
    "$work/participant.conf" >"$work/wrong.conf"
fails_with 255 ssh_by "$work/wrong.conf" arena-birch
says 'Host key verification failed'

# A machine is exchanged under its name: what was handed out needs no change.
was=$(certificate birch | sed -n 's/.*Public key: //p')
succeeds fleet terminate birch --yes
succeeds fleet create birch --yes
check_not 'another key' test "$was" = "$(certificate birch | sed -n 's/.*Public key: //p')"
check 'the same config, and strict' ssh_by "$work/participant.conf" arena-birch
succeeds fleet ssh-config --proxy --host-keys ca
sed 1d "$out" >"$work/now"
sed 1d "$work/participant.conf" >"$work/then"
check 'nor would a new one differ' diff -u "$work/then" "$work/now"

# A pod that starts anew shows its certificate again; a new name needs another.
succeeds fleet restart birch --yes
check 'after a restart' ssh_by "$work/participant.conf" arena-birch
succeeds fleet rename birch cedar --yes
succeeds fleet ssh-config --proxy --host-keys ca
cp "$out" "$work/renamed.conf"
check 'after a new name' ssh_by "$work/renamed.conf" arena-cedar
certificate cedar >"$work/cert"
check_not 'and not for the old one' grep -q arena-birch "$work/cert"

# A machine whose sshd has its configuration where nobody finds it.
cloud
mkdir "$work/far away"
squatter=$(($(free_ports 12) + 11))
cat >"$work/far away/conf" <<END
Port $squatter
ListenAddress 127.0.0.1
HostKey $work/closed_key
PidFile none
AuthorizedKeysFile $work/closed_keys
StrictModes no
UsePAM no
END
ssh-keygen -q -t ed25519 -N '' -f "$work/closed_key"
cp "$work/key.pub" "$work/closed_keys"
[ -d /run/sshd ] || mkdir /run/sshd 2>/dev/null || :
"$(command -v sshd)" -D -f "$work/far away/conf" -E "$work/closed.log" &
on_exit kill $!
wait_for 10 serves "$squatter"
jq -n --argjson port "$squatter" --arg user "$(id -un)" '[{id: "k",
    name: "arena-kiwi", state: "running",
    ssh: {host: "127.0.0.1", port: $port, user: $user}}]' >"$work/pods.json"
fails_with 1 fleet ca sign kiwi --yes
prints pinned
says 'may not write'
fails_with 3 fleet ca sign --yes
succeeds fleet test --only ssh
succeeds fleet ssh-config --host-keys ca
says 'arena-kiwi has no host certificate: its key is pinned'
cp "$out" "$work/mixed.conf"
equal 'of the authority, and pinned' 3 \
    "$(grep -c 'KnownHostsCommand' "$work/mixed.conf")"
check 'apple' ssh_by "$work/mixed.conf" arena-apple
check 'kiwi, by its key' ssh_by "$work/mixed.conf" arena-kiwi
check 'which is pinned' grep -q \
    "KnownHostsCommand /bin/echo arena-kiwi $(cut -d' ' -f1,2 "$work/closed_key.pub")\$" \
    "$work/mixed.conf"

# The key is in an agent only; then nobody has it.
echo '[]' >"$work/pods.json"
eval "$(ssh-agent -s)" >/dev/null
on_exit kill "$SSH_AGENT_PID"
ssh-add -q "$work/arena_ca"
mv "$work/arena_ca" "$work/away"
succeeds fleet ca sign apple --yes
check 'signed by the agent' ssh_by "$work/renamed.conf" arena-apple
ssh-add -q -D
fails_with 1 fleet ca sign apple --yes
says 'signing with'
rm "$work/arena_ca.pub"
fails_with 2 fleet ca show
says 'there is no such key'
mv "$work/away" "$work/arena_ca"
succeeds fleet ca init --yes

# Another authority: what the first has signed counts no longer.
rm "$work/arena_ca" "$work/arena_ca.pub"
succeeds fleet ca init --yes
succeeds fleet ca show --json
equal 'none has one of it' '[false,false]' "$(jq -c '[.pods[].certificate]' "$out")"
