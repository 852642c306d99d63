#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# fleet doctor: finds each fault and says what to do.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq ssh-keygen sshd
cohort 3

# verdict CHECK: the worst that doctor says about it.
verdict()
{
    jq -r --arg c "$1" '[.checks[] | select(.check == $c).verdict] |
        if index("fail") then "fail" elif index("warn") then "warn"
        elif length > 0 then "ok" else "none" end' "$out"
}

succeeds fleet doctor --json
for what in config key state 'provider local' plugins; do
    equal "$what" ok "$(verdict "$what")"
done
succeeds fleet doctor
check 'a table' grep -q '^provider local  *ok ' "$out"
check 'nothing was made' test ! -e "$work/state/arena.db"

chmod 644 "$work/key"
fails_with 2 fleet doctor --json
equal 'a key that others may read' fail "$(verdict key)"
prints 'chmod 600'
chmod 600 "$work/key"

mv "$work/key.pub" "$work/away.pub"
fails_with 2 fleet doctor --json
equal 'no public key' fail "$(verdict key)"
prints 'ssh-keygen -y'

ssh-keygen -q -t ed25519 -N '' -f "$work/other"
cp "$work/other.pub" "$work/key.pub"
fails_with 1 fleet doctor --json
equal 'the .pub of another key' fail "$(verdict key)"
prints 'another key'

ssh-keygen -q -t ed25519 -N secret -f "$work/closed"
cp "$work/closed" "$work/key"
cp "$work/closed.pub" "$work/key.pub"
succeeds fleet doctor --json </dev/null
equal 'a passphrase is not asked for' warn "$(verdict key)"
rm "$work/key" "$work/key.pub"
cohort 3

echo 'MAX_PRIZE=1' >>"$FLEET_CONFIG"
succeeds fleet doctor --json
equal 'an unknown key' warn "$(verdict config)"
prints 'MAX_PRICE'

echo 'MAX_PRICE="1' >>"$FLEET_CONFIG"
fails_with 2 fleet doctor --json
equal 'a broken line' fail "$(verdict config)"
prints 'MAX_PRICE: unclosed quote'

cohort 3
mkdir "$work/plugins"
chmod 755 "$work/plugins"
echo 'not a plugin' >"$work/plugins/junk.so"
FLEET_PLUGIN_PATH="$work/plugins" succeeds fleet doctor --json
equal 'a file that is no plugin' warn "$(verdict plugins)"
prints junk.so

# A provider that does not answer: its kind decides the status.
cat >"$work/cloud" <<'END'
#!/bin/sh
while read -r line; do
    id=$((${id:-0} + 1))
    case $line in
    *'"call":"open"'*) echo "{\"id\":$id,\"ok\":true,\"abilities\":[]}" ;;
    *) echo "{\"id\":$id,\"ok\":false,\"error\":{\"code\":\"auth\"," \
        "\"message\":\"key refused\"}}" ;;
    esac
done
END
chmod 755 "$work/cloud"
echo "EXEC_PROVIDERS=cloud=$work/cloud" >>"$FLEET_CONFIG"
PROVIDERS='local cloud' fails_with 6 fleet doctor --json
equal 'credentials refused' fail "$(verdict 'provider cloud')"
equal 'the other one answers' ok "$(verdict 'provider local')"

if [ "$(id -u)" -ne 0 ]; then
    mkdir "$work/closed-dir"
    chmod 500 "$work/closed-dir"
    FLEET_STATE_DIR="$work/closed-dir/state" fails_with 2 fleet doctor --json
    equal 'a state directory that cannot be made' fail "$(verdict state)"
fi

rm "$FLEET_CONFIG"
export FLEET_CONFIG=
fails_with 2 fleet doctor --json
equal 'no configuration' fail "$(verdict config)"
prints 'fleet init'
