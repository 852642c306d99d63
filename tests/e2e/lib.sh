# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Sourced first by every end-to-end test:
#     . "${srcdir:-.}/tests/e2e/lib.sh"
# Run one by hand from a build directory: srcdir=.. sh ../tests/e2e/NAME.sh
#
# $work      a private directory, removed at exit (FLEET_TEST_KEEP=1 keeps it)
# $builddir  top of the build tree; fleet of that tree is on PATH
# $out $err  what the last succeeds or fails_with printed
#
# The first check that fails ends the test. At exit the pods of the cohort are
# terminated; anything that still runs then is killed and fails the test.
set -eu
umask 022

srcdir=$(cd "${srcdir:-.}" && pwd)
builddir=$(cd "${builddir:-.}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/fleet-test.XXXXXX")
work=$(cd "$work" && pwd -P)
out=$work/out err=$work/err
: >"$out"
: >"$err"

# Nothing of the caller's set-up may leak into a test. OpenSSH takes the home
# directory from the password file, so tests call it with -F and absolute names.
for variable in $(env | sed -n 's/^\([A-Za-z_][A-Za-z_0-9]*\)=.*/\1/p'); do
    case $variable in
    FLEET_TEST_*) ;;
    FLEET_* | MACHINE_* | RUNPOD_* | VAST_* | HCLOUD_* | HETZNER_* | AWS_* | \
        SSH_* | SHARED_* | GPU_* | NUM_* | MAX_* | PROVIDERS | IMAGE | \
        DISK_GB | VOLUME_GB | CLOUD_TYPE | REGIONS | PLACEMENT | LOCAL_* | MANUAL_* | EXEC_* | \
        CONDA_* | ARENA_* | DEFAULT_BRANCH | GIT_* | XDG_* | LC_* | LANG | \
        NO_COLOR | CLICOLOR*) unset "$variable" ;;
    esac
done
mkdir -p "$work/home" "$work/bin"
export HOME="$work/home" LC_ALL=C.UTF-8 TZ=UTC TERM=dumb
export PATH="$work/bin:$builddir/.libs:/usr/local/sbin:/usr/sbin:/sbin:$PATH"
export LD_LIBRARY_PATH="$builddir/.libs"
export FLEET_CONFIG="$work/config.env"

# FLEET_TEST_WRAP is a command to run fleet under, such as valgrind.
if [ -n "${FLEET_TEST_WRAP:-}" ]; then
    printf '#!/bin/sh\nexec %s %s "$@"\n' "$FLEET_TEST_WRAP" \
        "$builddir/.libs/fleet" >"$work/bin/fleet"
    chmod 755 "$work/bin/fleet"
fi

say()
{
    printf '%s\n' "$*" >&2
}

# fail TEXT: ends the test. Also counts from within a subshell.
fail()
{
    say "FAILED: $*"
    : >"$work/.failed"
    exit 1
}

skip()
{
    say "skipped: $*"
    exit 77
}

# requires CMD...: skips the test where one is missing.
requires()
{
    for needed in "$@"; do
        command -v "$needed" >/dev/null 2>&1 || skip "no $needed here"
    done
}

# on_exit CMD...: one simple command for the end of the test; last in, first
# out. Words are split at blanks.
exit_commands=
on_exit()
{
    exit_commands="$*
$exit_commands"
}

# wait_for SECONDS CMD...: until CMD succeeds; fails the test when it never does.
wait_for()
{
    waited=0 patience=$(($1 * 20))
    shift
    until "$@" >/dev/null 2>&1; do
        waited=$((waited + 1))
        [ "$waited" -le "$patience" ] || fail "waited in vain for: $*"
        sleep 0.05
    done
}

show_output()
{
    say "standard output (the end of it):"
    tail -n 40 "$out" >&2
    say "standard error (the end of it):"
    tail -n 40 "$err" >&2
}

# check DESC CMD...: CMD must succeed. Its output is the test's own.
check()
{
    description=$1
    shift
    if "$@"; then
        say "ok: $description"
        return 0
    fi
    show_output
    fail "$description: $*"
}

# check_not DESC CMD...: CMD must fail.
check_not()
{
    description=$1
    shift
    if "$@"; then
        show_output
        fail "$description: $*"
    fi
    say "ok: $description"
}

# equal DESC EXPECTED ACTUAL
equal()
{
    [ "$2" = "$3" ] || {
        show_output
        fail "$1: expected '$2', got '$3'"
    }
    say "ok: $1"
}

# fails_with STATUS CMD...: CMD must end with exactly that status. Its output is
# in $out and $err afterwards.
fails_with()
{
    expected=$1
    shift
    status=0
    "$@" >"$out" 2>"$err" || status=$?
    if [ "$status" -ne "$expected" ]; then
        show_output
        fail "status $status instead of $expected: $*"
    fi
    say "ok: status $expected: $*"
}

# succeeds CMD...: status 0; output in $out and $err.
succeeds()
{
    fails_with 0 "$@"
}

# says TEXT / prints TEXT: the last command's standard error / output has it.
says()
{
    grep -qiF -e "$1" "$err" || {
        show_output
        fail "standard error does not say: $1"
    }
}

prints()
{
    grep -qF -e "$1" "$out" || {
        show_output
        fail "standard output does not have: $1"
    }
}

# json FILTER: of the last command's standard output, by jq.
json()
{
    jq -er "$1" "$out"
}

# key_pair: the cohort's, at $work/key and $work/key.pub.
key_pair()
{
    [ -f "$work/key" ] ||
        ssh-keygen -q -t ed25519 -N '' -C fleet-test -f "$work/key"
}

# cohort [N]: config.env for prefix "arena" with key pair and a state directory
# of its own on the local provider. N: how many names it has; without it, the
# whole built-in list, of which these are the first. More lines may be appended to $FLEET_CONFIG.
cohort()
{
    key_pair
    {
        echo 'PROVIDERS=local'
        echo 'MACHINE_NAME_PREFIX=arena'
        [ $# -eq 0 ] || names "$1"
        echo "SHARED_SSH_KEY_PATH=$work/key"
        echo "FLEET_STATE_DIR=$work/state"
    } >"$FLEET_CONFIG"
    chmod 600 "$FLEET_CONFIG"
}

names()
{
    count=0
    printf 'MACHINE_NAME_LIST=('
    for name in apple arrow autumn badger bamboo banjo basil beacon birch \
        bloom breeze button cactus canyon castle cedar cello cherry cinder \
        clover cobalt comet copper coral; do
        [ "$count" -lt "$1" ] || break
        count=$((count + 1))
        printf ' "%s"' "$name"
    done
    while [ "$count" -lt "$1" ]; do
        count=$((count + 1))
        printf ' "pod-%s"' "$count"
    done
    echo ' )'
}

# with_plugin NAME...: test plugins of the build tree, copied to a directory of
# their own that FLEET_PLUGIN_PATH names.
with_plugin()
{
    mkdir -p "$work/plugins"
    for plugin in "$@"; do
        cp "$builddir/tests/plugins/.libs/$plugin.so" "$work/plugins/"
    done
    export FLEET_PLUGIN_PATH="$work/plugins"
}

# pod_ssh NAME CMD...: the real ssh into a pod of the cohort, with the host key
# that fleet knows and nothing of the user's.
pod_ssh()
{
    pod=$1
    shift
    fleet list --json |
        jq -er --arg n "$pod" '.pods[] | select(.name == $n or .short == $n)' \
            >"$work/pod.json"
    jq -r '"[\(.ssh.host)]:\(.ssh.port) \(.host_key)"' "$work/pod.json" \
        >"$work/known_hosts"
    ssh -F none -i "$work/key" -p "$(jq -r .ssh.port "$work/pod.json")" \
        -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes \
        -o UserKnownHostsFile="$work/known_hosts" \
        -o GlobalKnownHostsFile=/dev/null \
        "$(jq -r '"\(.ssh.user)@\(.ssh.host)"' "$work/pod.json")" "$@"
}

# running: process ids of whatever has $work in its command line or environment,
# but for this shell.
running()
{
    found=$(grep -lasF -e "$work" /proc/[0-9]*/cmdline /proc/[0-9]*/environ |
        sed 's,/proc/\([0-9]*\)/.*,\1,' | sort -un) || :
    for process in $found; do
        [ "$process" -ne $$ ] || continue
        # The grep above is gone by now; a zombie has no command line.
        [ -n "$(tr -d '\0' 2>/dev/null <"/proc/$process/cmdline")" ] || continue
        echo "$process"
    done 2>/dev/null
}

nothing_runs()
{
    [ -z "$(running)" ]
}

end_pods()
{
    [ -f "$FLEET_CONFIG" ] && ! nothing_runs || return 0
    # A test may have made something unwritable on purpose.
    chmod -R u+rwX "$work"
    (unset FLEET_TEST_WRAP && fleet terminate all --yes --quiet --skip-proxy --lose-work) >"$out" \
        2>"$err" || say "at exit: fleet terminate: $(tail -n 1 "$err")"
}

end_rest()
{
    patience=100
    until nothing_runs || [ "$patience" -eq 0 ]; do
        patience=$((patience - 1))
        sleep 0.05
    done
    for process in $(running); do
        say "left running: $process $(tr '\0' ' ' <"/proc/$process/cmdline")"
        kill -KILL "$process" || :
        : >"$work/.failed"
    done
}

end_test()
{
    status=$?
    trap - EXIT
    trap '' INT TERM HUP
    set +e
    printf '%s' "$exit_commands" | while read -r command; do
        $command >/dev/null 2>&1
    done
    end_pods
    end_rest
    if [ "$status" -eq 0 ] && [ -e "$work/.failed" ]; then
        status=1
    fi
    if [ -n "${FLEET_TEST_KEEP:-}" ]; then
        say "kept: $work"
    else
        chmod -R u+rwX "$work"
        rm -rf "$work"
    fi
    exit "$status"
}
trap end_test EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

cd "$work"
