#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# fleet proxy install --create: a machine at a fake cloud becomes the proxy,
# with a firewall before it, and is ended again. What is installed comes from
# stand-ins, which the machine finds because its nginx is called so.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/sim.sh"
. "$srcdir/tests/e2e/format-lib.sh"
. "$srcdir/tests/e2e/proxy-lib.sh"
requires jq ssh-keyscan sshd dpkg
nginx_is_here
grep -qsE '^ID(_LIKE)?=.*(debian|ubuntu)' /etc/os-release || skip 'no Debian here'
sim_start hetzner --ready 100 --ssh 50
proxy_cohort apple birch
sed -i '/^SSH_PROXY_HOST=/d; /^SSH_PROXY_NGINX_CMD=/d' "$FLEET_CONFIG"
for tool in apt-get logrotate; do
    printf '#!/bin/sh\necho "%s $*" >>"%s/apt"\n' "$tool" "$work" \
        >"$work/bin/$tool"
done
printf '#!/bin/sh\necho "Status: install ok installed"\n' >"$work/bin/dpkg"
chmod 755 "$work/bin/apt-get" "$work/bin/logrotate" "$work/bin/dpkg"
mkdir "$work/rotate"
echo "SSH_PROXY_NGINX_CMD=\"ROTATE=$work/rotate PATH=$work/bin:/usr/sbin:/usr/bin:/sbin:/bin;\
 nginx -p $work/nginx -c $work/nginx.conf\"" >>"$FLEET_CONFIG"
on_exit stop_nginx
sed -i '/^stream/d' "$work/nginx.conf"
cp "$FLEET_CONFIG" "$work/before.env"

# machines FILTER: of those that exist, by jq.
machines()
{
    sim_machines "[.machines[] | select(.state != \"gone\")] | $1"
}

# walls: the firewalls that fleet has made, one a line.
walls()
{
    sim_key=$HCLOUD_TOKEN api GET /v1/firewalls >/dev/null
    answer '.firewalls[] | select(.labels["managed-by"] == "fleet") |
        "\(.name) \([.rules[] | .port // .protocol] | join(","))"'
}

### Nothing without a yes, nor where nobody can do it

fails_with 2 fleet proxy install --create --yes
says 'have the ability expose'
says 'no provider in use'
fails_with 2 fleet proxy install --create --on nowhere --yes
fails_with 2 fleet proxy install --on hetzner
fails_with 2 fleet proxy plan --create
fails_with 4 fleet proxy install --create --on hetzner
says 'an hour until'
succeeds fleet proxy install --create --on hetzner --dry-run
MAX_PRICE=0.001 fails_with 4 fleet proxy install --create --on hetzner --yes
SSH_PROXY_HOST=203.0.113.9 fails_with 4 fleet proxy install --create \
    --on hetzner --yes
says 'names 203.0.113.9 already'
sim_fault '{"match": "GET /v1/servers*", "kind": "status", "status": 500,
    "times": -1}'
fails_with 7 fleet proxy install --create --on hetzner --yes
sim_no_faults
equal 'nothing was made' 0 "$(machines length)"
check 'nor written' cmp "$work/before.env" "$FLEET_CONFIG"

### Killed while it is made: the next run finds it

sim_fault '{"kind": "hang", "match": "POST /v1/servers", "when": "after"}'
fleet proxy install --create --on hetzner --yes >"$out" 2>"$err" &
pid=$!
wait_for 20 sh -c "[ \"\$(curl -sS $sim_url/sim/log | jq .in_flight)\" -gt 0 ]"
kill -KILL "$pid"
wait "$pid" || :
sim_no_faults
equal 'it exists' proxy.arena "$(machines '.[].name')"
succeeds fleet proxy install --create --on hetzner --yes --json
says 'adopted'
says 'started nginx'
equal 'once' proxy.arena "$(machines '.[].name')"
equal 'one create' 1 "$(sim_count POST /v1/servers)"
equal 'a plain one, the cheapest' cx33 "$(machines '.[].data.type')"
host=$(json .machine.ssh.host) door=$(json .machine.ssh.port)
id=$(machines '.[].id')
equal 'its firewall' "fleet-$id $door,$first-$((first + 999)),icmp" "$(walls)"
equal 'stands before it' 1 "$(machines '.[].data.firewalls | length')"
check 'the address' grep -q "^SSH_PROXY_HOST=\"*$host" "$FLEET_CONFIG"
check 'the port' grep -q "^SSH_PROXY_PORT=\"*$door" "$FLEET_CONFIG"
check 'a key of its own' grep -q "^SSH_PROXY_KEY_PATH=\"*$work/arena_proxy" \
    "$FLEET_CONFIG"
equal 'which is private' 600 "$(stat -c %a "$work/arena_proxy")"
check_not 'not that of the pods' cmp -s "$work/arena_proxy.pub" "$work/key.pub"

check 'rotation' test -s "$work/rotate/fleet-fleet"

### It serves, costs money, and is no pod

succeeds fleet create apple --yes
says '1 added'
check 'apple' serves "$first"
succeeds fleet list --json
equal 'no pod of the cohort' arena-apple "$(json '.pods[].name')"
equal 'but told of' 'proxy.arena hetzner running' \
    "$(json '.proxy | "\(.name) \(.provider) \(.state)"')"
equal 'and what it costs' "$(json .proxy.price_per_hour)" \
    "$(json .price_per_hour.EUR)"
succeeds fleet list
says 'and the proxy: proxy.arena at hetzner, running, '
succeeds fleet proxy status
says 'proxy.arena at hetzner, running, '

# Again: nothing is made twice, and what somebody has closed is opened.
cp "$FLEET_CONFIG" "$work/made.env"
sim_key=$HCLOUD_TOKEN
wall=$(api GET /v1/firewalls >/dev/null && answer '.firewalls[] |
    select(.labels["managed-by"] == "fleet") | .id')
answers 201 POST "/v1/firewalls/$wall/actions/set_rules" '{"rules": []}'
succeeds fleet proxy install --create --yes
equal 'still one' 1 "$(sim_count POST /v1/servers)"
equal 'open' "fleet-$id $door,$first-$((first + 999)),icmp" "$(walls)"
check 'the same settings' cmp "$work/made.env" "$FLEET_CONFIG"
check 'apple still' serves "$first"

# One that is off is started. Its pods are not touched by `terminate all`.
sim_change "$id" '{"state": "stopped"}'
succeeds fleet proxy install --create --yes
equal 'runs' running "$(machines '.[].state')"
succeeds fleet terminate all --yes --skip-proxy
equal 'stays' proxy.arena "$(machines '.[].name')"

# A state that was lost: it is found by its name, where its provider is asked.
rm -rf "$work/state"
succeeds fleet list --json
equal 'nobody looks there' null "$(jq .proxy "$out")"
PROVIDERS='local hetzner' succeeds fleet list --json
equal 'found by its name' proxy.arena "$(json .proxy.name)"
succeeds fleet proxy install --create --on hetzner --new-host-key --yes
equal 'not a second one' 1 "$(sim_count POST /v1/servers)"

### The end

fails_with 4 fleet proxy remove
succeeds fleet proxy remove --dry-run
equal 'still there' 1 "$(machines length)"
sim_fault '{"match": "DELETE /v1/servers/*", "kind": "drop", "when": "after"}'
succeeds fleet proxy remove --yes --json
equal 'said' true "$(json .removed)"
equal 'gone' 0 "$(machines length)"
equal 'its firewall, too' '' "$(walls)"
check_not 'nor in the settings' grep -q "^SSH_PROXY_HOST=.*[0-9]" "$FLEET_CONFIG"
succeeds fleet list --json
equal 'forgotten' null "$(jq .proxy "$out")"
succeeds fleet proxy remove --yes
says 'no machine'
check_not 'no package was looked for' grep -qs apt-get "$work/apt"
sim_stop
