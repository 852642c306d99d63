#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# Local pods as an ordinary user. Root becomes one that exists for this test
# only.
# shellcheck disable=SC2016 # the pod expands it
. "${srcdir:-.}/tests/e2e/lib.sh"
requires ssh sshd ssh-keygen jq

as_user()
{
    "$@"
}
user=$(id -un)
# A directory name that sshd_config, shells and sshd's process title each find
# hard in a way of their own.
state="$work/it's a \"state\" 100%h #\\é"

cohort 2
# config.env has no way to write this name: the environment has.
sed -i '/^FLEET_STATE_DIR/d' "$FLEET_CONFIG"
export FLEET_STATE_DIR="$state"

if [ "$(id -u)" -eq 0 ]; then
    unshare -m true 2>/dev/null || skip "root may not unshare here"
    requires setpriv
    user=fleet-test
    # The build tree may lie where this user cannot look.
    mkdir "$work/own" "$work/plugins"
    cp -L "$builddir/.libs/fleet" "$builddir/.libs/libfleet.so.1" "$work/own/"
    cp -L "$builddir"/providers/.libs/*.so "$work/plugins/"
    export PATH="$work/own:$PATH" LD_LIBRARY_PATH="$work/own"
    export FLEET_PLUGIN_PATH="$work/plugins"
    grep -v '^[^:]*:[^:]*:54321:' /etc/passwd >"$work/passwd"
    echo "$user:x:54321:54321::$work/home:/bin/sh" >>"$work/passwd"
    as_user()
    {
        unshare -m sh -c 'mount --bind "$0" /etc/passwd &&
            exec setpriv --reuid=54321 --regid=54321 --clear-groups "$@"' \
            "$work/passwd" "$@"
    }
    chown -R 54321:54321 "$work"
fi

login()
{
    jq -r '"[\(.ssh.host)]:\(.ssh.port) \(.host_key)"' "$work/pod" \
        >"$work/known_hosts"
    as_user ssh -F none -i "$work/key" -p "$(jq -r .ssh.port "$work/pod")" \
        -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes \
        -o UserKnownHostsFile="$work/known_hosts" \
        "$(jq -r .ssh.user "$work/pod")@127.0.0.1" "$@"
}

succeeds as_user fleet create -n 2 --yes
as_user fleet list --json >"$work/list"
jq '.pods[0]' "$work/list" >"$work/pod"
equal "both run" 'running running' \
    "$(jq -r '[.pods[].state] | join(" ")' "$work/list")"
equal "the account is the user's" "$user" "$(jq -r .ssh.user "$work/pod")"
equal "a login is the user's" "$user" "$(login id -un)"
home=$state/local/pods/$(jq -r .id "$work/pod")/home
equal "in the pod's home" "$home" "$(login pwd)"
equal "with the pod's name" arena-apple "$(login 'echo $MACHINE_NAME')"
equal "the sshd is the user's" "$(as_user id -u)" \
    "$(stat -c %u "/proc/$(cat "$home/../sshd.pid")")"

login 'echo $$ >here; exec sleep 300' 2>/dev/null &
wait_for 5 test -s "$home/here"
succeeds as_user fleet stop apple --yes
check_not "a stopped pod has no session" \
    grep -q sleep "/proc/$(cat "$home/here")/cmdline"
check_not "and lets nobody in" login true
succeeds as_user fleet start apple --yes
check "start lets in again" login true
succeeds as_user fleet terminate all --yes
equal "nothing is left" 0 \
    "$(as_user fleet list --json | jq '.pods | length')"
wait_for 5 nothing_runs
