#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# Machines that no packet reaches, in a network of the test's own; and several
# pods behind one address.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq ssh-keygen unshare ip

[ "$(id -u)" -eq 0 ] || skip "only root may make a network namespace"
unshare --net true 2>"$err" || skip "no network namespaces: $(cat "$err")"

key_pair
cat >"$FLEET_CONFIG" <<END
PROVIDERS=manual
MANUAL_PODS=$work/pods.csv
MACHINE_NAME_PREFIX=arena
SHARED_SSH_KEY_PATH=$work/key
FLEET_STATE_DIR=$work/state
END
chmod 600 "$FLEET_CONFIG"
cat >"$work/pods.csv" <<'END'
name,host,port,user
arena-apple,203.0.113.7,40001,root
arena-arrow,203.0.113.7,40002,root
arena-autumn,203.0.113.8,22,root
arena-badger,198.51.100.1,22,root
arena-bamboo,2001:db8::7,22,root
END
cat >"$work/network" <<'END'
ip link set lo up
ip route add unreachable 203.0.113.0/24
exec "$@"
END
lost()
{
    unshare --net sh "$work/network" fleet test --only ssh "$@"
}
detail()
{
    json ".results[] | select(.name == \"arena-$1\").checks[0].detail"
}

# told DESC POD PATTERN
told()
{
    got=$(detail "$2")
    # shellcheck disable=SC2254
    case $got in
    $3) say "ok: $1" ;;
    *) fail "$1: $got" ;;
    esac
}

fails_with 1 lost --json
equal "all at the same stage" 'connect' \
    "$(json '[.results[].stage] | unique | join(" ")')"
told "a host that is gone" apple 'connect: No route to host: no route: *off*'
told "no network" badger 'connect: Network is unreachable: *online*'
told "no IPv6" bamboo 'connect: *IPv6*'

fails_with 1 lost
says 'bad host 203.0.113.7: 2 of its 2 pods fail: apple arrow'
check_not "one pod is no bad host" grep -q 'bad host 203.0.113.8' "$err"
equal "the same failure is one line" 1 "$(grep -c '^fail .*No route to host' "$err")"
