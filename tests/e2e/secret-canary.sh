#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# A canary in every place where a secret may be, then everything at its most
# talkative, failures included. Nothing that fleet prints, writes or starts may
# sing.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq sshd ssh-keygen

cohort
canary=canary-$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
# The second line of a private key file: 70 characters that nothing else has.
key_text=$(sed -n 2p "$work/key")

# A provider that repeats what it was told in confidence wherever it can, and
# notes what else its process can see.
cat >"$work/cloud" <<'END'
#!/bin/sh
id=0
tr '\0' '\n' </proc/self/environ >>"$SEEN"
tr '\0' '\n' <"/proc/$PPID/cmdline" >>"$SEEN"
while read -r line; do
    id=$((id + 1))
    secret=$(printf '%s\n' "$line" |
        sed -n 's/.*"CLOUD_API_KEY":"\([^"]*\)".*/\1/p')
    [ -z "$secret" ] || kept=$secret
    echo "cloud: I was told $kept" >&2
    case $line in
    *'"call":"open"'*)
        [ -n "$kept" ] && echo told >>"$TOLD"
        echo "{\"id\":$id,\"ok\":true,\"abilities\":[\"create\"]}"
        ;;
    *'"call":"list"'*) echo "{\"id\":$id,\"ok\":true,\"pods\":[]}" ;;
    *)
        echo "{\"id\":$id,\"ok\":false,\"error\":{\"code\":\"auth\"," \
            "\"message\":\"the key $kept is not good\"}}"
        ;;
    esac
done
END
chmod 755 "$work/cloud"
export SEEN="$work/seen" TOLD="$work/told"
: >"$SEEN"

cat >>"$FLEET_CONFIG" <<END
EXEC_PROVIDERS="cloud=$work/cloud"
CLOUD_API_KEY=$canary
RUNPOD_API_KEY=$canary
VAST_API_KEY=$canary
HCLOUD_TOKEN=$canary
AWS_SECRET_ACCESS_KEY=$canary
RUBBISH_KEY=$canary
END
with_plugin rubbish

all=$work/everything
: >"$all"
# loud ARGS...: whatever its status, all that it says is kept.
loud()
{
    status=0
    fleet "$@" -vv >"$out" 2>"$err" || status=$?
    {
        echo "== fleet $* -> $status"
        cat "$out" "$err"
    } >>"$all"
}

use()
{
    sed "s/^PROVIDERS=.*/PROVIDERS=$1/" "$FLEET_CONFIG" >"$work/new.env"
    chmod 600 "$work/new.env"
    mv "$work/new.env" "$FLEET_CONFIG"
}

loud doctor
loud create -n 2 --yes
equal 'two pods' 2 "$(fleet list --json | jq '.pods | length')"
for process in $(running); do
    tr '\0' '\n' <"/proc/$process/cmdline" >>"$all"
    tr '\0' '\n' <"/proc/$process/environ" >>"$all"
done
loud list --json
loud stop all --yes
loud start all --yes
use 'local cloud'
loud create -n 3 --yes
use cloud
loud create -a 2 --yes
loud create -a 2 --yes --json
loud create -a 2 --yes --dry-run
loud list
loud offers
loud doctor --json
check 'the provider was told its key' test -s "$TOLD"
use 'local rubbish cloud'
for words in 'config show' 'config show --json' 'config check' providers \
    'providers cloud' 'providers rubbish' 'providers rubbish --json' plugins \
    'plugins --json' history 'history --json' 'help create' version; do
    # shellcheck disable=SC2086
    loud $words
done
# Mistakes on the line that has it.
cp "$FLEET_CONFIG" "$work/good.env"
for line in "HCLOUD_TOKEN=\"$canary" "HCLOUD_TOKEN=\$($canary)" \
    "HCLOUD_TOKEN=$canary two" "HCLOUD_TOKENS=$canary"; do
    cp "$work/good.env" "$FLEET_CONFIG"
    printf '%s\n' "$line" >>"$FLEET_CONFIG"
    loud list
    loud config show
    loud config check
done
cp "$work/good.env" "$FLEET_CONFIG"
use local
loud terminate all --yes
check 'there was enough to look at' test "$(wc -l <"$all")" -gt 200
check 'what the provider repeated was hidden' grep -qF 'I was told ***' "$all"

quiet_about()
{
    for place in "$all" "$SEEN"; do
        found=$(grep -anF -e "$1" "$place") || continue
        printf '%s\n' "$found" | head -n 20 >&2
        fail "$2 in ${place##*/}"
    done
    found=$(grep -rlaF -e "$1" "$work/state" "$work/home") || return 0
    fail "$2 in $found"
}
quiet_about "$canary" 'a secret'
quiet_about "$key_text" 'the private key'
