#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# All probes in the shells that pods have: dash, bash, and busybox with nothing
# but its own programs.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq sshd ssh-keygen

cohort 1
succeeds fleet create apple --yes
directory=$(dirname "$(grep -l '^name arena-apple$' \
    "$work"/state/local/pods/*/pod)")
printf '%s\n' CONDA_ENV_NAME=none ARENA_REPO_NAME=none \
    CHECK_NET_HOST=localhost CHECK_NET_SSH_PORT=9 \
    CHECK_NET_URL=http://127.0.0.1:9/ >>"$FLEET_CONFIG"

# in_shell PROGRAM...: sh is that program on the pod
in_shell()
{
    mkdir -p "$work/shell"
    rm -f "$work"/shell/*
    printf '#!%s\nexec %s "$@"\n' "$(command -v "$1")" "$*" >"$work/shell/sh"
    chmod 755 "$work/shell/sh"
    printf 'PATH=%s:$PATH; export PATH; cd "$HOME"; eval "%s"\n' \
        "$work/shell" '$SSH_ORIGINAL_COMMAND' >"$directory/session"
    for deep in '' --deep; do
        status=0
        # shellcheck disable=SC2086
        fleet test $deep --json --timeout 60s >"$out" 2>"$err" || status=$?
        equal "$*: only the net is missed" 'net' "$(json '[.results[0].checks[] |
            select(.verdict == "fail").check] | join(" ")')"
        equal "$*: everything else is found out" '' "$(json \
            '[.results[0].checks[] | select(.check != "net") |
                select(.detail | test("find out")).detail] | join(" ")' || :)"
    done
}
for shell in dash bash 'bash --posix' 'busybox sh'; do
    if command -v "${shell%% *}" >/dev/null; then
        # shellcheck disable=SC2086
        in_shell $shell
    fi
done

# Alpine has no other programs than these.
if command -v busybox >/dev/null; then
    mkdir "$work/alpine"
    for applet in $(busybox --list); do
        ln -s "$(command -v busybox)" "$work/alpine/$applet"
    done
    printf 'PATH=%s; export PATH; cd "$HOME"; eval "%s"\n' \
        "$work/alpine" '$SSH_ORIGINAL_COMMAND' >"$directory/session"
    succeeds fleet test --only disk,host,memory --json
    equal "busybox alone is enough" '' "$(json '[.results[0].checks[] |
        select(.detail | test("find out")).detail] | join(" ")' || :)"
fi
