#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Host certificates and time: one that has expired, one that is not good yet, a
# pod whose clock is wrong. Nobody is let through to a pod by a certificate that
# is not good, and signing anew puts it right.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/format-lib.sh"
. "$srcdir/tests/e2e/proxy-lib.sh"
requires jq ssh ssh-keygen ssh-keyscan sshd
nginx_is_here
shifted=$builddir/tests/preload/.libs/clock.so
[ -f "$shifted" ] || skip "no $shifted in this build"
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0"

# later DAYS CMD...: where the clock is that far ahead.
later()
{
    days=$1
    shift
    LD_PRELOAD=$shifted CLOCK_DAYS=$days "$@"
}
check 'the clock can be shifted' test \
    "$(($(later 400 date +%s) - $(date +%s)))" -gt 34000000

proxy_cohort apple birch
proxy_start
succeeds fleet ca init --yes
succeeds fleet create apple birch --yes
succeeds fleet ssh-config --proxy --host-keys ca
check 'nothing to warn of' test ! -s "$err"
cp "$out" "$work/participant.conf"
check 'apple' ssh_by "$work/participant.conf" arena-apple

### Expired

# In a year the participant's ssh does not take it any more, nor does fleet rely
# on it: a new file pins the key, and says so.
fails_with 255 later 400 ssh_by "$work/participant.conf" arena-apple
says 'expired'
succeeds later 400 fleet ca show --json
equal 'fleet knows' '[false,false]' "$(jq -c '[.pods[].certificate]' "$out")"
succeeds later 400 fleet ssh-config --proxy --host-keys ca
says 'arena-apple has no host certificate'
cp "$out" "$work/pinned.conf"
check 'the key is pinned' later 400 ssh_by "$work/pinned.conf" arena-apple
check 'fleet itself gets in' later 400 fleet test --only ssh
succeeds later 400 fleet ca sign apple --yes
check 'signed anew' later 400 ssh_by "$work/participant.conf" arena-apple
fails_with 255 later 400 ssh_by "$work/participant.conf" arena-birch

### Not good yet: who signed has a clock that is ahead

fails_with 255 ssh_by "$work/participant.conf" arena-apple
says 'not yet valid'
succeeds fleet ca sign apple --yes
check 'signed by a clock that is right' ssh_by "$work/participant.conf" \
    arena-apple
# Some hours are no matter.
succeeds later 1 fleet ca sign apple --yes
check 'a day ahead does no harm' ssh_by "$work/participant.conf" arena-apple

### The clock of a pod

cloud
mkdir "$work/wrong"
port=$(($(free_ports 12) + 11))
ssh-keygen -q -t ed25519 -N '' -f "$work/wrong/key"
cat >"$work/wrong/conf" <<END
Port $port
ListenAddress 127.0.0.1
HostKey $work/wrong/key
PidFile $work/wrong/pid
AuthorizedKeysFile $work/wrong/keys
StrictModes no
UsePAM no
END
cp "$work/key.pub" "$work/wrong/keys"
chmod 600 "$work/wrong/keys"
[ -d /run/sshd ] || mkdir /run/sshd 2>/dev/null || :
later -400 "$(command -v sshd)" -D -f "$work/wrong/conf" \
    -E "$work/wrong/log" &
wait_for 10 serves "$port"
on_exit kill "$(cat "$work/wrong/pid")"
jq -n --argjson port "$port" --arg user "$(id -un)" '[{id: "k",
    name: "arena-kiwi", state: "running",
    ssh: {host: "127.0.0.1", port: $port, user: $user}}]' >"$work/pods.json"
succeeds fleet ca sign kiwi --yes
succeeds fleet proxy apply --yes
succeeds fleet ssh-config --proxy --host-keys ca
cp "$out" "$work/kiwi.conf"
check_not 'it is not pinned' grep -q 'no host certificate' "$err"
check 'a year late, it is known all the same' ssh_by "$work/kiwi.conf" \
    arena-kiwi
