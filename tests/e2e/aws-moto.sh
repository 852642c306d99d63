#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# The same against somebody else's idea of AWS, where it is on this machine:
# moto_server. It has no machines to log in to.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/sim.sh"
requires moto_server
say "with $(command -v moto_server)"
PYTHONUNBUFFERED=1 moto_server -H 127.0.0.1 -p 0 >"$work/moto.log" 2>&1 &
moto=$!
on_exit kill "$moto"

# url: where it is, once it answers.
url()
{
    sed -n 's,.*\(http://127\.0\.0\.1:[0-9][0-9]*\).*,\1,p' "$work/moto.log" |
        head -n 1
}

answers()
{
    [ -n "$(url)" ] && curl -sf -o /dev/null "$(url)/moto-api/data.json"
}
waited=0
until answers; do
    kill -0 "$moto" 2>/dev/null || skip 'moto_server does not start here'
    waited=$((waited + 1))
    [ "$waited" -le 600 ] || skip 'moto_server takes more than a minute'
    sleep 0.1
done
# It has no price list; ours has.
sim_start aws --no-ssh
sim_cohort aws
export AWS_ENDPOINT_URL_PRICING="$AWS_ENDPOINT_URL"
AWS_ENDPOINT_URL=$(url)
export AWS_EC2_METADATA_DISABLED=true GPU_TYPE=A10G NUM_GPUS=1 DISK_GB=50
export AWS_INSTANCE_TYPES='g5.xlarge g5.2xlarge'
export AWS_IMAGE='ubuntu/images/*-{deb}-server-*' AWS_IMAGE_OWNER=099720109477

# life POOL: from nothing to nothing.
life()
{
    export AWS_POOL="$1"
    succeeds fleet create -n 2 --no-wait --yes --json
    equal "$1: two" 'arena-apple arena-arrow' \
        "$(json '[.created[].name] | sort | join(" ")')"
    succeeds fleet create -n 3 --no-wait --yes
    succeeds fleet terminate autumn --yes
    succeeds fleet list --json
    equal "$1: one less" 'apple arrow true' "$(json '([.pods[].short] | sort |
        join(" ")) + " \(.complete)"')"
    succeeds fleet terminate all --yes
}

succeeds fleet doctor --json
equal 'it knows us' ok "$(json '.checks[] | select(.check == "account aws") |
    .verdict')"
life instances
succeeds fleet create apple --no-wait --yes
succeeds fleet list --json
equal 'what it is' 'g5.xlarge A10G 1.006' \
    "$(json '.pods[0] | "\(.tier) \(.gpu) \(.price_per_hour)"')"
succeeds fleet lock apple --yes
fails_with 4 fleet terminate apple --yes
succeeds fleet unlock apple --yes
succeeds fleet rename apple cedar --yes
succeeds fleet stop cedar --wipe-ok --yes
succeeds fleet start cedar --no-wait --yes
succeeds fleet terminate cedar --yes
life groups
[ -z "${FLEET_TEST_LONG:-}" ] || life mixed
