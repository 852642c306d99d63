#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# Host keys: learnt at first contact where the provider tells none, compared ever
# after, and learnt anew once fleet has started the machine again.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/servers/farm.sh"
. "$srcdir/tests/e2e/format-lib.sh"
requires jq sshd ssh-keygen xargs

# Two machines with a host key each.
on_exit end_farm
farm 1 || fail "there is no farm"
first=$(farm_addresses 1)
second=127.77.200.1
farm_host_key=other_key
ssh-keygen -q -t ed25519 -N '' -f "$work/other_key"
farm_server second "$second" || fail "there is no second machine"
cut -d ' ' -f 1,2 "$work/host_key.pub" >"$work/first.pub"
cut -d ' ' -f 1,2 "$work/other_key.pub" >"$work/second.pub"

# One of them is lent out.
cohort
cat >>"$FLEET_CONFIG" <<END
PROVIDERS=lab
EXEC_PROVIDERS="lab=$srcdir/man/examples/provider.sh"
LAB_DIR=$work/lab
LAB_HOSTS="$first:$farm_port"
SSH_USER=$(id -un)
END
succeeds fleet create apple --yes
key_of()
{
    fleet list --json >"$out" && json '.pods[0].host_key'
}
equal "nobody has told its key" null "$(key_of || :)"
succeeds fleet test --only ssh
equal "learnt" "$(cat "$work/first.pub")" "$(key_of)"

# At the same place stands another machine.
sed "s/$first/$second/" "$work"/lab/* >"$work/moved"
cp "$work/moved" "$(echo "$work"/lab/*)"
fails_with 1 fleet test --only ssh --json
equal "a failure" 'fail host key' \
    "$(json '.results[0] | "\(.verdict) \(.stage)"')"
case $(json '.results[0].checks[0].detail') in
*changed*SHA256:*SHA256:*'Nothing was sent'*) say 'ok: plainly explained' ;;
*) fail "not explained: $(json '.results[0].checks[0].detail')" ;;
esac
equal "what is known stays" "$(cat "$work/first.pub")" "$(key_of)"

# Whoever starts a machine with fleet expects that.
succeeds fleet stop apple --yes
equal "stopping it is no reason" "$(cat "$work/first.pub")" "$(key_of)"
succeeds fleet start apple --yes
succeeds fleet test --only ssh
equal "learnt anew" "$(cat "$work/second.pub")" "$(key_of)"

# A provider that tells the key is believed, and nobody else.
cloud
told()
{
    jq -n --arg host "$first" --arg port "$farm_port" --arg user "$(id -un)" \
        --rawfile key "$1" '[{id: "c", name: "arena-cloudy", state: "running",
            ssh: {host: $host, port: ($port | tonumber), user: $user},
            host_key: ($key | rtrimstr("\n"))}]' >"$work/pods.json"
}
cat >>"$FLEET_CONFIG" <<END
PROVIDERS="lab cloud"
EXEC_PROVIDERS="lab=$srcdir/man/examples/provider.sh cloud=$work/cloud"
END
told "$work/first.pub"
succeeds fleet test cloudy --only ssh
told "$work/second.pub"
fails_with 1 fleet test cloudy --only ssh --json
equal "not the one that was told" 'host key' "$(json '.results[0].stage')"
fails_with 1 fleet test cloudy --only ssh --new-host-keys
says 'host key'
