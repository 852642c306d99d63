#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# The fake Vast.ai asks for what the real one asks for, and answers in the same
# words and shapes.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/sim.sh"
key_pair
sim_start vast --ready 300 --ssh 0
sim_set '{"values": {"gaps": 0}}'
sim_key=$VAST_API_KEY
public=$(cat "$work/key.pub")

# create_body LABEL FILTER: a create that is in order, and what jq makes of it.
create_body()
{
    jq -nc --arg name "$1" --arg key "$public" '{label: $name, image: "a/b:1",
        disk: 20, runtype: "ssh_direc ssh_proxy", cancel_unavail: true,
        onstart: "key='"'"'\($key)'"'"'\n", env: {MACHINE_NAME: $name,
        FLEET_TOKEN: "0f9c"}}' | jq -c "${2:-.}"
}

# ask GPU: the id of an offer that is there.
ask()
{
    api POST /api/v0/bundles/ "$(jq -nc --arg gpu "$1" \
        '{gpu_name: {eq: $gpu}, num_gpus: {eq: 1}}')" >/dev/null
    answer '.offers[0].id'
}

# found BODY: how many offers a search finds.
found()
{
    [ "$(api POST /api/v0/bundles/ "$1")" = 200 ] || fail "search: $1"
    answer '.offers | length'
}

# complains STATUS ERROR METHOD PATH [JSON]
complains()
{
    complaint=$2
    answers "$1" "$3" "$4" ${5+"$5"}
    equal "error of $3 $4" "$complaint" "$(answer '.error // "none"')"
    equal 'success' false "$(answer .success)"
}

### Who may ask, and how often

sim_key=wrong complains 404 auth_error GET /api/v1/instances/
equal 'a search needs no key' 200 \
    "$(sim_key=wrong api POST /api/v0/bundles/ '{}')"
equal 'without a key' 403 "$(curl -s -o /dev/null -w '%{http_code}' \
    "$sim_url/api/v1/instances/")"
answers 301 GET '/api/v1/instances?limit=5'
grep -qi '^location: /api/v1/instances/.$' "$work/headers" ||
    fail 'the query survived'
complains 410 deprecated_endpoint GET /api/v0/instances/
answers 404 POST /api/v0/search/asks/ '{}'
sim_set '{"values": {"gaps": 100}}'
answers 200 GET /api/v1/instances/
answers 429 GET /api/v1/instances/
grep -q '^API requests too frequent endpoint threshold=1.0$' "$work/answer" ||
    fail 'no threshold'
grep -qi '^retry-after' "$work/headers" && fail 'there is no Retry-After'
sim_set '{"values": {"gaps": 0}}'

### Searching

equal 'at most 64' 64 "$(found '{"limit": 512}')"
equal 'truncated' true "$(answer .truncated)"
equal 'names have blanks' 0 "$(found '{"gpu_name": {"eq": "RTX_4090"}}')"
equal 'and are exact' 3 "$(found '{"gpu_name": {"eq": "RTX 3090 Ti"}}')"
equal 'in' 5 "$(found '{"gpu_name": {"in": ["RTX 3090 Ti", "RTX 4090D"]}}')"
equal 'gte takes the large ones' true \
    "$(found '{"gpu_name": {"eq": "RTX 3090"}, "num_gpus": {"gte": 1}}' \
        >/dev/null && answer '[.offers[].num_gpus] | contains([8])')"
equal 'unverified are there without a filter' true \
    "$(answer '[.offers[].verification] | contains(["unverified"])')"
equal 'countries' 2 "$(found '{"geolocation": {"in": ["CN"]}}')"
equal 'data centres' true "$(found '{"datacenter": {"eq": true}}' >/dev/null &&
    answer '[.offers[].hosting_type] | unique == [1]')"
equal 'by price' true "$(found '{"order": [["dph_total", "asc"]]}' >/dev/null &&
    answer '[.offers[].dph_total] | . == sort')"
equal 'storage is in the price' true \
    "$(found '{"allocated_storage": 72, "limit": 1}' >/dev/null && answer \
        '.offers[0] | (.dph_total - .dph_base - .storage_cost / 10) < 1e-9')"
equal 'a bid' true "$(found '{"type": "bid", "limit": 1}' >/dev/null &&
    answer '.offers[0] | .dph_base == .min_bid')"
complains 400 invalid_args POST /api/v0/bundles/ '{"q": {"num_gpus": 1}}'
complains 400 invalid_args POST /api/v0/bundles/ '{"num_gpus": 1}'
complains 400 invalid_args POST /api/v0/bundles/ '{"num_gpus": {"is": 1}}'
complains 400 invalid_args POST /api/v0/bundles/ '{"polka": {"eq": 1}}'
complains 400 invalid_args POST /api/v0/bundles/ '[]'

### Create

offer=$(ask 'RTX A4000')
for broken in 'del(.image)' '.image = "a/b"' 'del(.disk)' '.disk = 5' \
    '.polka = 1' '.env = "-e A=b"' '.target_state = "asleep"' \
    '.onstart = ("x" * 4049)' '.label = ("x" * 257)'; do
    complains 400 invalid_args PUT "/api/v0/asks/$offer/" \
        "$(create_body a "$broken")"
done
complains 400 invalid_price PUT "/api/v0/asks/$offer/" \
    "$(create_body a '.price = 0.001')"
answers 200 PUT "/api/v0/asks/$offer/" "$(create_body apple)"
id=$(answer .new_contract)
equal 'made' true "$(answer '.success and (.instance_api_key | length > 0)')"
complains 404 no_such_ask PUT "/api/v0/asks/$offer/" "$(create_body b)"
complains 404 no_such_ask PUT /api/v0/asks/1/ "$(create_body b)"
sim_fault '{"kind": "gone"}'
complains 410 no_such_ask PUT "/api/v0/asks/$(ask 'H100 SXM')/" \
    "$(create_body b)"
offer=$(ask 'RTX A5000')
sim_set '{"values": {"credit": 0}}'
complains 400 insufficient_credit PUT "/api/v0/asks/$offer/" "$(create_body b)"
sim_set '{"values": {"credit": 5}}'
sim_fault '{"kind": "stopped"}'
answers 200 PUT "/api/v0/asks/$offer/" "$(create_body b)"
equal 'made and stopped' false "$(answer .success)"
stopped=$(answer .new_contract)

### Read

up()
{
    api GET "/api/v0/instances/$id/" >/dev/null &&
        [ "$(answer '.instances.ports["22/tcp"][0].HostPort | type')" = string ]
}
wait_for 20 up
equal 'running' 'running running running' "$(answer '.instances |
    "\(.actual_status) \(.intended_status) \(.cur_state)"')"
equal 'one, under the plural' object "$(answer '.instances | type')"
equal 'pairs' '[["FLEET_TOKEN","0f9c"],["MACHINE_NAME","apple"]]' \
    "$(jq -c '.instances.extra_env | sort' "$work/answer")"
equal 'an address with its newline' true \
    "$(answer '.instances.public_ipaddr | endswith("\n")')"
equal 'label' apple "$(answer .instances.label)"
answers 200 GET "/api/v0/instances/$stopped/"
equal 'stopped' 'exited stopped stopped' "$(answer '.instances |
    "\(.actual_status) \(.intended_status) \(.cur_state)"')"
answers 200 GET '/api/v1/instances/?limit=1'
equal 'a page' "$id 2 1" "$(answer '[.instances[0].id, .total_instances,
    .instances_found] | join(" ")')"
token=$(answer .next_token)
answers 200 GET "/api/v1/instances/?limit=1&after_token=$token"
equal 'the next, and last' "$stopped null" \
    "$(answer '"\(.instances[0].id) \(.next_token)"')"
complains 400 invalid_token GET '/api/v1/instances/?after_token=x'
complains 400 invalid_args GET /api/v0/instances/abc/
complains 404 no_such_instance PUT /api/v0/instances/7/ '{"label": "x"}'

### Change

sim_fault '{"kind": "taken"}'
complains 200 resources_unavailable PUT "/api/v0/instances/$stopped/" \
    '{"state": "running"}'
answers 200 GET "/api/v0/instances/$stopped/"
equal 'queued' 'running stopped' \
    "$(answer '.instances | "\(.intended_status) \(.cur_state)"')"
answers 200 PUT "/api/v0/instances/$stopped/" '{"state": "stopped"}'
complains 200 invalid_id PUT "/api/v0/instances/reboot/$stopped/" '{}'
answers 200 PUT "/api/v0/instances/reboot/$id/" '{}'
answers 200 PUT "/api/v0/instances/$id/" '{"label": "arrow"}'
complains 400 none PUT "/api/v0/instances/$id/" '{"state": "asleep"}'
complains 400 invalid_args PUT "/api/v0/instances/$id/" '{"name": "x"}'
answers 200 POST "/api/v0/instances/$id/ssh/" '{"ssh_key": "ssh-ed25519 A b"}'
answers 200 POST "/api/v0/instances/$id/ssh/" '{"ssh_key": "ssh-ed25519 A b"}'
equal 'there already' 'false SSH key already associated with instance.' \
    "$(answer '"\(.success) \(.msg)"')"
complains 400 invalid_args POST "/api/v0/instances/$id/ssh/" \
    '{"ssh_key": "x", "instance_id": 7}'
answers 200 DELETE "/api/v0/instances/$id/" '{}'
complains 404 no_such_instance DELETE "/api/v0/instances/$id/" '{}'
answers 200 GET "/api/v0/instances/$id/"
equal 'gone' null "$(answer .instances)"
answers 200 GET /api/v0/users/current/
equal 'credit' 5 "$(answer .credit)"
sim_stop
