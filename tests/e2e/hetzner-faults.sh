#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# What can go wrong with each call to Hetzner Cloud, and what comes of it: the
# right error, no second server, none lost, and nothing of others touched. The
# quick form takes some of the rows, FLEET_TEST_LONG all of them.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/sim.sh"
sim_start hetzner --ready 100 --ssh 0 --no-ssh
sim_cohort hetzner
export HETZNER_SERVER_TYPE=cx33 HETZNER_LOCATION=nbg1
token=$HCLOUD_TOKEN

# Always there: a server of somebody else, one of another cohort, and ours. One
# page is not enough for them.
sim_set '{"values": {"page_max": 2}}'
sim_seed '{"name": "web"}' >/dev/null
sim_seed '{"name": "other-apple", "labels": {"managed-by": "fleet"}}' >/dev/null
sim_seed '{"name": "arena-arrow", "labels": {"managed-by": "fleet",
    "fleet-token": "t-arrow"}}' >/dev/null
sim_seed '{"name": "arena-autumn"}' >/dev/null

# servers FILTER: of those that exist, by jq.
servers()
{
    sim_machines "[.machines[] | select(.state != \"gone\")] | $1"
}

id_of()
{
    servers "[.[] | select(.name == \"$1\") | .id] | first"
}
arrow=$(id_of arena-arrow)
everything='map("\(.name) \(.id) \(.state) \(.locked)") | sort | join(",")'
wait_for 10 sh -c "curl -s $sim_url/sim/machines |
    jq -e '[.machines[] | select(.state != \"running\")] == []'"
before=$(servers "$everything")

unharmed()
{
    [ "$before" = "$(servers "$everything")" ] || {
        show_output
        fail "$row: changed: '$before' to '$(servers "$everything")'"
    }
}

# What went wrong, first of all errors of the document.
code_of()
{
    jq -r '[.errors[]?.code, .failed[]?.error.code, .providers[]?.error.code] |
        map(select(. != null)) | first // "none"' "$out"
}

# no_secret: a part of the token is in some of the API's answers.
no_secret()
{
    ! grep -qF -e "$(printf %.6s "$token")" "$out" "$err" ||
        fail "$row: the token is told"
}

# call NAME: what makes the call, so that a failure of it shows.
call()
{
    case $1 in
    list) fleet list --json ;;
    offers) fleet offers --json ;;
    create)
        rm -f "$work/key" "$work/key.pub" # another one, to be uploaded
        key_pair
        fleet create apple --no-wait --yes --json
        ;;
    rename) fleet rename arrow zebra --yes --json ;;
    restart) fleet restart arrow --no-wait --yes --json ;;
    *) fleet "$1" arrow --yes --json ;;
    esac
}

# fault NAME: as JSON, without what it matches.
fault()
{
    case $1 in
    [1-5][0-9][0-9]) echo "{\"kind\": \"status\", \"status\": $1}" ;;
    429-after) echo '{"kind": "status", "status": 429,
        "headers": {"Retry-After": "1"}}' ;;
    taken) echo '{"kind": "status", "status": 409, "body": {"error": {"code":
        "uniqueness_error", "message": "name is already used"}}}' ;;
    protected) echo '{"kind": "status", "status": 423, "body": {"error":
        {"code": "protected", "message": "server is delete protected"}}}' ;;
    busy) echo '{"kind": "busy", "ms": 300}' ;;
    redirect) echo '{"kind": "status", "status": 302,
        "headers": {"Location": "http://127.0.0.1:1/"}}' ;;
    done-*) fault "${1#done-}" | jq -c '.when = "after"' ;;
    text) echo '{"kind": "status", "status": 200, "body": "hello"}' ;;
    array) echo '{"kind": "status", "status": 200, "body": []}' ;;
    empty) echo '{"kind": "status", "status": 200, "body": {}}' ;;
    null) echo '{"kind": "edit", "set": {"/server": null, "/servers": null,
        "/server_types": null, "/pricing": null, "/images": null,
        "/ssh_keys": null}}' ;;
    types) echo '{"kind": "edit", "set": {"/server/id": [], "/servers/0/id": {},
        "/server_types": "x", "/pricing": 7, "/images": true,
        "/meta/pagination/next_page": {}}}' ;;
    circle) echo '{"kind": "edit", "set": {"/meta/pagination/next_page": 1}}' ;;
    *) echo "{\"kind\": \"$1\"}" ;;
    esac
}

# A row: the call; which request fails; how, and how often (-1: always); then
# status and code that come of it. "0 none": fleet gets by.
rows()
{
    list='GET /v1/servers[?]*page=1'
    second='GET /v1/servers[?]*page=2'
    sed -e "s,@list,$list,g" -e "s,@second,$second,g" -e "s,@arrow,$arrow,g" \
        -e '/^ *$/d' <<'ROWS'
list|@list|401|-1|6|auth
list|@list|403|-1|6|auth
list|@list|404|-1|7|not_found
list|@list|410|-1|7|unsupported
list|@list|422|-1|7|invalid
list|@list|429|1|0|none
list|@list|429-after|2|0|none
list|@list|500|2|0|none
list|@list|500|-1|7|transient
list|@list|html|-1|7|transient
list|@list|drop|1|0|none
list|@list|reset|1|0|none
list|@list|truncate|1|0|none
list|@list|reset|-1|7|transient
list|@list|text|-1|7|internal
list|@list|array|-1|7|internal
list|@list|empty|-1|7|internal
list|@list|null|-1|7|internal
list|@list|types|-1|7|internal
list|@list|redirect|-1|7|internal
list|@second|500|-1|7|transient
list|@second|empty|-1|7|internal
list|@second|circle|-1|7|internal
list|@second|401|-1|6|auth
list|GET /v1/pricing|500|-1|0|none
list|GET /v1/pricing|null|-1|0|none
offers|GET /v1/server_types|401|-1|6|auth
offers|GET /v1/server_types|429|1|0|none
offers|GET /v1/server_types|html|-1|7|transient
offers|GET /v1/server_types|types|-1|7|internal
offers|GET /v1/server_types|null|-1|7|internal
offers|GET /v1/pricing|null|-1|7|internal
offers|GET /v1/images|types|-1|7|internal
offers|GET /v1/images|500|2|0|none
create|POST /v1/servers$|401|-1|6|auth
create|POST /v1/servers$|403|-1|6|auth
create|POST /v1/servers$|409|1|0|none
create|POST /v1/servers$|taken|-1|7|transient
create|POST /v1/servers$|412|-1|5|capacity
create|POST /v1/servers$|422|-1|1|invalid
create|POST /v1/servers$|429|2|0|none
create|POST /v1/servers$|done-429|1|0|none
create|POST /v1/servers$|429-after|1|0|none
create|POST /v1/servers$|500|1|0|none
create|POST /v1/servers$|done-500|1|0|none
create|POST /v1/servers$|html|1|0|none
create|POST /v1/servers$|done-html|1|0|none
create|POST /v1/servers$|drop|1|0|none
create|POST /v1/servers$|done-drop|1|0|none
create|POST /v1/servers$|done-reset|1|0|none
create|POST /v1/servers$|truncate|1|0|none
create|POST /v1/servers$|text|1|0|none
create|POST /v1/servers$|done-empty|1|0|none
create|POST /v1/servers$|null|1|0|none
create|POST /v1/servers$|types|1|0|none
create|POST /v1/servers$|redirect|1|0|none
create|POST /v1/ssh_keys|500|2|0|none
create|POST /v1/ssh_keys|done-drop|1|0|none
create|POST /v1/ssh_keys|taken|1|1|conflict
create|POST /v1/ssh_keys|401|-1|6|auth
create|GET /v1/ssh_keys|null|-1|7|transient
create|GET /v1/actions|500|-1|0|none
create|GET /v1/servers/|500|-1|0|none
stop|POST /v1/servers/@arrow/actions/shutdown|401|-1|6|auth
stop|POST /v1/servers/@arrow/actions/shutdown|404|-1|1|not_found
stop|POST /v1/servers/@arrow/actions/shutdown|422|-1|1|invalid
stop|POST /v1/servers/@arrow/actions/shutdown|protected|-1|4|locked
stop|GET /v1/servers/@arrow|500|-1|7|transient
stop|GET /v1/servers/@arrow|404|-1|1|not_found
stop|GET /v1/servers/@arrow|null|-1|7|internal
restart|POST /v1/servers/@arrow/actions/reset|401|-1|6|auth
restart|POST /v1/servers/@arrow/actions/reset|429|1|0|none
restart|POST /v1/servers/@arrow/actions/reset|409|1|0|none
restart|POST /v1/servers/@arrow/actions/reset|done-drop|1|7|ambiguous
restart|POST /v1/servers/@arrow/actions/reset|busy|1|0|none
restart|POST /v1/servers/@arrow/actions/reset|410|-1|1|unsupported
rename|PUT /v1/servers/@arrow|401|-1|6|auth
rename|PUT /v1/servers/@arrow|taken|-1|1|conflict
rename|PUT /v1/servers/@arrow|422|-1|1|invalid
rename|PUT /v1/servers/@arrow|500|-1|7|transient
rename|PUT /v1/servers/@arrow|404|-1|1|not_found
lock|POST /v1/servers/@arrow/actions/change_protection|401|-1|6|auth
lock|POST /v1/servers/@arrow/actions/change_protection|422|-1|1|invalid
lock|POST /v1/servers/@arrow/actions/change_protection|html|-1|7|transient
terminate|DELETE /v1/servers/@arrow|401|-1|6|auth
terminate|DELETE /v1/servers/@arrow|protected|-1|4|locked
terminate|DELETE /v1/servers/@arrow|422|-1|1|invalid
terminate|DELETE /v1/servers/@arrow|500|-1|7|transient
terminate|DELETE /v1/servers/@arrow|429|-1|7|rate_limited
terminate|GET /v1/servers/@arrow|empty|-1|7|internal
terminate|GET /v1/servers/@arrow|html|-1|7|transient
ROWS
}

# apples N: so many servers have been made under that name; they go again.
apples()
{
    equal "$row: made" "$1" "$(servers '[.[] |
        select(.name == "arena-apple")] | length')"
    [ "$1" -eq 0 ] || succeeds fleet terminate apple --yes
    rm -rf "$work/state"
}

# Those that show most.
sample_rows()
{
    grep -e 'list.*@\?types' -e '=2|500' -e '^list.*|401' -e 'done-429' \
        -e 'servers[$]|done-drop' -e 'servers[$]|412' -e 'actions/reset|busy' \
        -e 'ssh_keys|taken' -e 'DELETE.*protected' -e 'PUT.*taken' \
        -e 'terminate|GET.*empty' "$work/rows" >"$work/some"
    mv "$work/some" "$work/rows"
}

try()
{
    row="$1 $2 $3 x$4"
    sim_no_faults
    sim_fault "$(fault "$3" | jq -c --arg m "$2" --argjson n "$4" \
        'if .kind == "busy" then . else .match = $m | .times = $n end')"
    got=0
    call "$1" >"$out" 2>"$err" || got=$?
    sim_no_faults
    [ "$got $(code_of)" = "$5 $6" ] || {
        show_output
        say "FAILED: $row: '$got $(code_of)', not '$5 $6'"
        bad=1
    }
    no_secret
    say "ok: $row: $5 $6"
}
bad=
rows >"$work/rows"
[ -n "${FLEET_TEST_LONG:-}" ] || sample_rows
while IFS='|' read -r which match how often status code; do
    try "$which" "$match" "$how" "$often" "$status" "$code" </dev/null
    [ "$which" != create ] || apples "$((status == 0))"
    unharmed
done <"$work/rows"
[ -z "$bad" ] || fail 'see above'
