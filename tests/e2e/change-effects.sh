# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# What a provider does to pods beside what it is asked for is told before, and
# where data would be lost it is refused, whatever else is said.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/crash-lib.sh"
requires jq
with_plugin memo memo2
cohort 25
{
    echo 'PROVIDERS="memo memo2"'
    echo "MEMO_DIR=$work/cloud"
    echo "MEMO2_DIR=$work/cloud2"
    echo 'MEMO_CAPACITY=1'
} >>"$FLEET_CONFIG"
succeeds fleet create -n 3 --no-wait --yes -j 1
: >"$work/cloud2/calls"

# unchanged: memo2 was asked for nothing that changes anything.
unchanged()
{
    check_not "$1" grep -E '^(start|stop|restart) ' "$work/cloud2/calls"
}

fails_with 4 fleet restart --all --yes --no-wait
says 'restart of 2 pods at memo2: the container disk is emptied (data is lost)'
says 'give --wipe-ok to go ahead; nothing was done'
unchanged "refused before anything is done"
check_not "also at the provider without effects" \
    grep '^restart ' "$work/cloud/calls"
fails_with 4 fleet restart --all --dry-run --json
equal "a dry run tells it" 'memo2 restart true false 2' "$(json \
    '.effects[0] | "\(.provider) \(.call) \(.wipes) \(.bills) \(.pods | length)"')"
unchanged "and does nothing"
succeeds fleet restart --all --dry-run --wipe-ok
says 'the container disk is emptied'
unchanged "with --wipe-ok neither"
fails_with 4 fleet restart --all --wipe-ok --no-wait
says 'give --yes'
unchanged "it is no --yes"
succeeds fleet restart apple --yes --no-wait
succeeds fleet restart --all --yes --wipe-ok --no-wait
equal "done" 2 "$(grep -c '^restart ' "$work/cloud2/calls")"

succeeds fleet stop arrow --yes
says 'stop of 1 pod at memo2: the volume still costs 0.01 an hour'
says '1 stopped at memo2: the volume still costs 0.01 an hour'
succeeds fleet stop arrow --yes
check_not "what is stopped already has no effect" grep -q volume "$err"
succeeds fleet start arrow --yes --no-wait
says 'may take another GPU'
succeeds fleet stop apple --yes
check_not "another provider has none" grep -q volume "$err"

succeeds fleet providers memo2
prints 'restart: the container disk is emptied (data is lost)'
prints 'stop: the volume still costs 0.01 an hour (costs money)'
succeeds fleet providers memo2 --json
equal "as data" 'stop false true' \
    "$(json '.effects[] | select(.bills) | "\(.call) \(.wipes) \(.bills)"')"
succeeds fleet providers memo --json
equal "none" 0 "$(json '.effects | length' || :)"
fails_with 2 fleet terminate --all --yes --wipe-ok
succeeds fleet terminate --all --yes

# A program tells its effects when it is opened.
opening()
{
    cat >"$work/program" <<END
#!/bin/sh
IFS= read -r line
echo '{"id":1,"ok":true,"abilities":["restart"],"effects":$1}'
IFS= read -r line
echo '{"id":2,"ok":true,"pods":[{"id":"1","name":"arena-apple","state":"running"}]}'
cat >"$work/asked"
END
    chmod 755 "$work/program"
    export PROVIDERS=lab EXEC_PROVIDERS="lab=$work/program"
}
opening '[{"call":"restart","wipes":true,"text":"all \u001b[31mis lost"}]'
fails_with 4 fleet restart apple --yes --no-wait
says 'all \x1b[31mis lost'
equal "the program was asked for nothing" '' "$(cat "$work/asked")"
succeeds fleet providers lab --json
equal "told" true "$(json '.effects[0].wipes')"
opening '[{"call":"dance","text":"none of ours"}]'
succeeds fleet list --json
opening '[{"call":"restart","text":7}]'
fails_with 7 fleet list
says 'effects[0] must have a call and a text'
opening '{}'
fails_with 7 fleet list
unset PROVIDERS EXEC_PROVIDERS
