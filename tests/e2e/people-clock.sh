#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Participants and time: a last day that passes, a certificate that wears out,
# clocks that are wrong.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/people-lib.sh"
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

people_cohort apple <<END
person,pods,until
Ada,apple,$(date -d '+2 days' +%Y-%m-%d)
Bob,apple,
END
succeeds fleet create apple --yes
succeeds fleet roster apply --yes
listed
gets_in ada apple
gets_in bob apple

# Told beforehand.
succeeds fleet doctor
prints '1 will be shut out within a week'

# Her last day passes: the next apply takes her line away, and his stays. To
# somebody whose own clock is ahead, the pod is late.
stolen ada gone
succeeds later 4 fleet roster apply --yes --json
says 'the last day was'
says 'arena-apple: its clock is 4 d behind: certificates are not good there yet'
equal 'her line goes' '[["ada"]]' "$(jq -c '[.pods[].removed]' "$out")"
equal 'his stays' 'bob ' "$(lines apple)"
is_refused gone apple
gets_in bob apple

# To somebody whose own clock is late, that pod is ahead.
later -1 fleet roster apply --yes >"$out" 2>"$err" || :
says 'arena-apple: its clock is 1 d'
says 'ahead: certificates end early there'
succeeds fleet roster apply --yes
check_not 'a clock that is right' grep -q clock "$err"
gets_in ada apple

# Without a last day it is good for a year, and made anew a month before.
succeeds later 300 fleet roster show --json
equal 'still good' null "$(jq '.people[1].certificate_trouble' "$out")"
succeeds later 350 fleet roster show --json
equal 'not for long' '"about to expire"' "$(jq '.people[1].certificate_trouble' "$out")"
succeeds later 400 fleet roster show --json
equal 'no more' '"expired"' "$(jq '.people[1].certificate_trouble' "$out")"
succeeds later 350 fleet roster apply --yes --json
equal 'made anew' '["bob"]' "$(jq -c .certificates "$out")"
succeeds later 400 fleet roster show --json
equal 'good again' null "$(jq '.people[1].certificate_trouble' "$out")"

# It begins a day before it was made: what is signed here now is good for a
# server that is some hours late, and not for one that thinks that it is over.
rm -r "$work/state/arena.people"
succeeds fleet roster apply --yes
badge=$work/state/arena.people/ada
first=$((20000 + $$ % 9000))
ssh-keygen -q -t ed25519 -N '' -f "$work/host"
[ -d /run/sshd ] || mkdir /run/sshd 2>/dev/null || :
cat >"$work/sshd_config" <<END
ListenAddress 127.0.0.1
HostKey $work/host
PidFile none
AuthorizedKeysFile $work/authorized_keys
StrictModes no
UsePAM no
END
cp "$(keys_of apple)" "$work/authorized_keys"
# served PORT: the banner of a server.
served()
{
    ssh-keyscan -T 5 -p "$1" 127.0.0.1 2>/dev/null | grep -q .
}
# knock DAYS: a server whose clock is that far off, and how she fares there.
knock()
{
    port=$first
    while served "$port" || grep -qi "$(printf ':%04X 0' "$port")" /proc/net/tcp; do
        port=$((port + 1))
    done
    LD_PRELOAD=$shifted CLOCK_DAYS=$1 "$(command -v sshd)" -D -p "$port" -f "$work/sshd_config" \
        -E "$work/sshd.log" &
    server=$!
    wait_for 10 served "$port"
    rc=0
    ssh -F none -n -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityAgent=none \
        -o IdentityFile="$badge/key" -o CertificateFile="$badge/key-cert.pub" \
        -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -p "$port" "$(id -un)@127.0.0.1" true >"$out" 2>"$err" || rc=$?
    kill "$server"
    wait "$server" || :
}
knock 0
equal 'a clock that is right' 0 "$rc"
knock 4
equal 'one that is ahead of her last day' 255 "$rc"
check 'which says why' grep -q 'Certificate invalid: expired' "$work/sshd.log"
