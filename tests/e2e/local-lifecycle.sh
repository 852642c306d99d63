#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# Local pods from create to terminate: each a real sshd that outlives the run.
# shellcheck disable=SC2016 # the pod expands it
. "${srcdir:-.}/tests/e2e/lib.sh"
requires ssh sshd ssh-keygen jq

field() # NAME FILTER: of one pod, as the listing has it
{
    fleet list --json |
        jq -r --arg n "arena-$1" ".pods[] | select(.name == \$n) | $2"
}
server() # NAME: process id of its sshd
{
    cat "$work/state/local/pods/$(field "$1" .id)/sshd.pid"
}

cohort 4
succeeds fleet create -n 3 --yes
equal "all three run" 3 \
    "$(fleet list --json | jq '[.pods[] | select(.state == "running")] | length')"
equal "each has a port of its own" 3 \
    "$(fleet list --json | jq '[.pods[].ssh.port] | unique | length')"
equal "each has a host key of its own" 3 \
    "$(fleet list --json | jq '[.pods[].host_key] | unique | length')"
equal "they cost nothing" '0 USD' \
    "$(field apple '"\(.price_per_hour) \(.currency)"')"
check "a login works" pod_ssh apple true
succeeds fleet create -n 3 --yes
equal "and three stay three" 3 "$(fleet list --json | jq '.pods | length')"

# Stop keeps the home, the port and the key, and refuses logins.
before=$(field apple '"\(.ssh.port) \(.host_key) \(.id)"')
pod_ssh apple 'echo precious >kept'
succeeds fleet stop apple --yes
equal "it is stopped" stopped "$(field apple .state)"
check_not "no login into a stopped pod" pod_ssh apple true
equal "the others run on" running "$(field arrow .state)"
succeeds fleet start apple --yes
equal "start brings back port, key and id" "$before" \
    "$(field apple '"\(.ssh.port) \(.host_key) \(.id)"')"
equal "and the home" precious "$(pod_ssh apple cat kept)"
first=$(server apple)
succeeds fleet restart apple --yes
check_not "restart makes a new sshd" [ "$first" = "$(server apple)" ]
equal "and keeps the home" precious "$(pod_ssh apple cat kept)"

# One that died by itself, as all do when the machine restarts.
kill -KILL "$(server arrow)"
wait_for 5 test "$(field arrow .state)" = stopped
equal "it is told apart from one that was stopped" exited \
    "$(field arrow .provider_state)"
succeeds fleet start arrow --yes
check "it is back" pod_ssh arrow true

succeeds fleet rename apple apricot --yes
equal "new sessions know the new name" arena-apricot \
    "$(pod_ssh apricot 'echo $MACHINE_NAME')"
equal "under the same id" "$before" \
    "$(field apricot '"\(.ssh.port) \(.host_key) \(.id)"')"

succeeds fleet lock apricot --yes
equal "it is locked" true "$(field apricot .locked)"
fails_with 4 fleet terminate apricot --yes
fails_with 4 fleet stop apricot --yes
check "a locked pod runs on" pod_ssh apricot true
succeeds fleet unlock apricot --yes

succeeds fleet terminate apricot arrow autumn --yes
equal "none is left" 0 "$(fleet list --json | jq '.pods | length')"
wait_for 5 nothing_runs
equal "nor anything of theirs" '' \
    "$(cd "$work/state/local" && find pods new trash -mindepth 1)"

echo "LOCAL_SSHD=$work/no-such-sshd" >>"$FLEET_CONFIG"
fails_with 2 fleet create -n 1 --yes
says LOCAL_SSHD
