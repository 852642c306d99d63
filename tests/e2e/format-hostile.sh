#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# What a provider answers never becomes a line or a directive of a file: the pod
# is left out and told of, and the others are there.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "${srcdir:-.}/tests/e2e/format-lib.sh"
requires jq ssh ssh-keygen

cohort 1
echo 'SSH_PROXY_HOST=proxy.example.org' >>"$FLEET_CONFIG"
cloud
echo 'PROVIDERS=cloud' >>"$FLEET_CONFIG"

good='{"id": "g", "name": "arena-good", "state": "running",
    "ssh": {"host": "203.0.113.7", "port": 40022, "user": "root"},
    "host_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDIc3f6BtIOkpHr"}'

# hostile WHAT FILTER: with the good pod changed by a jq filter beside it, every
# format has the good one alone, and not a word of the other.
hostile()
{
    echo "$good" | jq -c "[., (.id = \"h\" | .name = \"arena-hostile\" | $2)]" \
        >"$work/pods.json"
    for format in ssh-config nginx known-hosts ansible hosts csv json \
        prometheus; do
        fleet export "$format" >"$out" 2>"$err" ||
            fail "$1: $format: status $?: $(cat "$err")"
        grep -q arena-good "$out" || fail "$1: $format lacks the good pod"
        # A valid name owns a port even while nothing else of it is usable.
        sed '/^# fleet: kept name=arena-hostile port=[0-9]*$/d' "$out" \
            >"$work/found"
        if grep -qiE 'hostile|evil|passwd|;.*listen' "$work/found"; then
            show_output
            fail "$1: $format has something of it"
        fi
        grep -qiE 'left out|answered badly' "$err" ||
            fail "$1: $format says nothing: $(cat "$err")"
    done
    fleet ssh-config --proxy >"$out" 2>"$err" || fail "$1: --proxy"
    ! grep -qiE 'hostile|evil' "$out" || fail "$1: --proxy has some of it"
    equal "$1: hosts" 'arena-* arena-good' \
        "$(sed -n 's/^Host //p' "$out" | tr '\n' ' ' | sed 's/ $//')"
}

hostile 'a name with a directive' '.name = "arena-x; } server { listen 1;"'
hostile 'a name with a newline' '.name = "arena-x\n    ProxyCommand evil"'
hostile 'a name in capitals' '.name = "arena-EVIL"'
hostile 'a name with a blank' '.name = "arena-x arena-evil"'
hostile 'a pattern for a name' '.name = "arena-*evil"'
hostile 'a host with a command' '.ssh.host = "1.2.3.4\nProxyCommand evil"'
hostile 'a host with a directive' '.ssh.host = "1.2.3.4:22; } server { listen 1"'
hostile 'a host that is a flag' '.ssh.host = "-oProxyCommand=evil"'
hostile 'a host with a port' '.ssh.host = "1.2.3.4:evil"'
hostile 'no address' '.ssh.host = "1.2.3.400"'
hostile 'half an address' '.ssh.host = "1.2.3"'
hostile 'colons that are no address' '.ssh.host = "a:b:c"'
hostile 'an empty label' '.ssh.host = "a..evil.org"'
hostile 'a path' '.ssh.host = "unix:/etc/passwd"'
hostile 'a host with an escape' '.ssh.host = "1.2.3.4\u001b[2Jevil"'
hostile 'port 0' '.ssh.port = 0'
hostile 'port 70000' '.ssh.port = 70000'
hostile 'a negative port' '.ssh.port = -22'
hostile 'no port' 'del(.ssh.port)'
hostile 'no endpoint' 'del(.ssh)'
hostile 'a user with a command' '.ssh.user = "root\nProxyCommand evil"'
hostile 'a user that is a flag' '.ssh.user = "-oevil"'
hostile 'a key with a command' \
    '.host_key = "ssh-ed25519 AAAA\n    ProxyCommand evil"'
hostile 'a key with a word more' '.host_key = "ssh-ed25519 AAAA evil"'
hostile 'a key with a token' '.host_key = "ssh-ed25519 AAAA%h"'
hostile 'a pod on its way out' '.state = "terminating"'

# Two of one name: nobody can say which is meant.
echo "$good" | jq -c '[., (.id = "t1" | .name = "arena-twin"),
    (.id = "t2" | .name = "arena-twin")]' >"$work/pods.json"
succeeds fleet ssh-config
says 'arena-twin: there are two of that name'
check 'neither is there' sh -c '! grep -q twin "$1"' sh "$out"

# A port as text is rubbish, and then the whole listing is.
echo "$good" | jq -c '[., (.id = "h" | .ssh.port = "22; reload")]' \
    >"$work/pods.json"
fails_with 7 fleet nginx
check 'nothing is printed' test ! -s "$out"

# Free text stays text.
echo "$good" | jq -c '[(.gpu = "=cmd|/C evil" | .region = "a\",\"b" |
    .id = "{{ evil }}" | .image = "<b>&amp;")]' >"$work/pods.json"
succeeds fleet export csv
prints "'=cmd|/C evil"
prints '"a"",""b"'
succeeds fleet export ansible
check 'no template' sh -c '! grep -q evil "$1"' sh "$out"
succeeds fleet export prometheus
equal 'JSON' '=cmd|/C evil' "$(json '.[0].labels.fleet_gpu')"
