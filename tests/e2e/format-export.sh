#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# fleet export: what other programs read.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "${srcdir:-.}/tests/e2e/format-lib.sh"
requires jq ssh-keygen

cohort 1
{
    echo 'MACHINE_NAME_LIST="apple birch"'
    echo 'SSH_PROXY_HOST=192.0.2.1'
    echo 'SSH_PROXY_STARTING_PORT=16000'
} >>"$FLEET_CONFIG"
cloud
echo 'PROVIDERS=cloud' >>"$FLEET_CONFIG"
cat >"$work/pods.json" <<'END'
[{"id": "b-2", "name": "arena-birch", "state": "running",
  "gpu": "RTX A4000", "gpus": 2, "region": "eu, north", "currency": "EUR",
  "price_per_hour": 0.27, "created_at": "2026-01-02T03:04:05Z",
  "ssh": {"host": "2001:db8::2", "port": 22, "user": "ubuntu"}},
 {"id": "a-1", "name": "arena-apple", "state": "running",
  "ssh": {"host": "203.0.113.7", "port": 40022, "user": "root"},
  "host_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDIc3f6BtIOkpHr"},
 {"id": "n-3", "name": "arena-named", "state": "stopped",
  "ssh": {"host": "pod.example.org", "port": 22, "user": "root"}}]
END

succeeds fleet export known-hosts
cat >"$work/expected" <<'END'
arena-apple,[203.0.113.7]:40022 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDIc3f6BtIOkpHr
# arena-birch: its host key is not known yet
# arena-named: its host key is not known yet
END
check 'known-hosts' diff -u "$work/expected" "$out"
succeeds fleet export known-hosts --proxy apple
prints 'arena-apple,[192.0.2.1]:16000 ssh-ed25519 '

succeeds fleet export hosts
sed 1d "$out" >"$work/found"
printf '%s\n' '203.0.113.7	arena-apple # port 40022' \
    '2001:db8::2	arena-birch' \
    '# arena-named: pod.example.org is no address' >"$work/expected"
check 'hosts' diff -u "$work/expected" "$work/found"

succeeds fleet export csv
cat >"$work/expected" <<'END'
name,host,port,user,gpu,price_per_hour,currency,provider,id,state,gpus,region,tier,proxy_port,image,created_at,host_key
arena-apple,203.0.113.7,40022,root,,,,cloud,a-1,running,,,,16000,,,ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDIc3f6BtIOkpHr
arena-birch,2001:db8::2,22,ubuntu,RTX A4000,0.270000,EUR,cloud,b-2,running,2,"eu, north",,16001,,2026-01-02T03:04:05Z,
arena-named,pod.example.org,22,root,,,,cloud,n-3,stopped,,,,16002,,,
END
check 'csv' diff -u "$work/expected" "$out"

# The pods are those of list, in its words.
succeeds fleet list --json
jq -S '[.pods[] | del(.verdict, .tested_at, .billed,
    .price_quoted, .backup_at)]' "$out" >"$work/expected"
succeeds fleet export json
jq -S .pods "$out" >"$work/found"
check 'json' diff -u "$work/expected" "$work/found"
equal 'the cohort' arena "$(json .cohort)"

succeeds fleet export prometheus
equal 'targets' '["203.0.113.7:40022","[2001:db8::2]:22","pod.example.org:22"]' \
    "$(jq -c '[.[].targets[]]' "$out")"
equal 'labels' 'arena cloud RTX A4000' "$(jq -r '.[1].labels |
    "\(.fleet_cohort) \(.fleet_provider) \(.fleet_gpu)"' "$out")"
PROMETHEUS_PORT=9400 succeeds fleet export prometheus --proxy
equal 'an exporter' '["203.0.113.7:9400","[2001:db8::2]:9400","pod.example.org:9400"]' \
    "$(jq -c '[.[].targets[]]' "$out")"

succeeds fleet export ansible
cat >"$work/expected" <<END
all:
  children:
    cohort_arena:
      vars:
        ansible_ssh_private_key_file: "$work/key"
      hosts:
        "arena-apple":
          ansible_host: "203.0.113.7"
          ansible_port: 40022
          ansible_user: "root"
          ansible_ssh_common_args: "-o HostKeyAlias=arena-apple"
          fleet_provider: "cloud"
          fleet_gpus: 0
END
sed 1d "$out" | sed '/"arena-birch"/,$d' >"$work/found"
check 'ansible' diff -u "$work/expected" "$work/found"
if command -v ansible-inventory >/dev/null; then
    cp "$out" "$work/inventory.yml"
    ansible-inventory -i "$work/inventory.yml" --list >"$out"
    equal 'what Ansible reads' '2001:db8::2' \
        "$(json '._meta.hostvars["arena-birch"].ansible_host')"
fi
echo '[]' >"$work/pods.json"
for format in ansible csv hosts json known-hosts nginx prometheus ssh-config; do
    succeeds fleet export "$format"
done
succeeds fleet export ansible
prints 'hosts: {}'

# What cannot be.
fails_with 2 fleet export
fails_with 2 fleet export ansibel
says "did you mean 'ansible'"
fails_with 2 fleet export ansible --out "$work/no/such/dir"
check 'help without a configuration' env -u FLEET_CONFIG fleet export --help \
    >/dev/null

# Completion: formats, then pods.
fleet __complete -- export '' >"$out"
for format in ansible csv hosts json known-hosts nginx prometheus ssh-config; do
    check "offers $format" grep -q "^$format" "$out"
done

# A file that is written has the new text or the old.
echo '[{"id": "x", "name": "arena-x", "state": "pending"}]' >"$work/pods.json"
succeeds fleet export json --out "$work/out.json"
says 'arena-x: no address yet'
equal 'a whole file' 0 "$(jq '.pods | length' "$work/out.json")"
check 'for others to read' sh -c 'test "$(stat -c %a "$1")" = 644' sh \
    "$work/out.json"
