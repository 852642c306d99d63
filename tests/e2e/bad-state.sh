#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# A state that is damaged, newer, or cannot be written: nothing is made that
# could not be remembered, and what is lost is rebuilt from the provider.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/crash-lib.sh"
requires jq sqlite3
memo_cohort
state=$work/state/arena.db

succeeds fleet create -n 3 --no-wait --yes

# Damaged: kept aside, rebuilt from the listing, and said so.
head -c 5000 /dev/urandom >"$state"
rm -f "$state-wal" "$state-shm"
succeeds fleet list --json
equal "a reader still sees the pods" 3 "$(json '.pods | length')"
check "a reader moves nothing" test ! -e "$(echo "$state".corrupt-*)"
succeeds fleet create -n 4 --no-wait --yes
says corrupt
check "the damaged file is kept" test -s "$(echo "$state".corrupt-*)"
exactly 4

# Lost: the same, without a word.
rm -f "$state"*
succeeds fleet create -n 4 --no-wait --yes
exactly 4
equal "they are remembered again" 4 \
    "$(sqlite3 "$state" 'select count(*) from known')"

# Newer: nothing is touched.
sqlite3 "$state" 'PRAGMA user_version = 999' >/dev/null
fails_with 2 fleet create -n 5 --no-wait --yes
says 'upgrade fleet'
equal "nothing was made" 4 "$(cloud_pods)"
rm -f "$state"*

# A file in place of the directory stops even root.
calls=$(grep -c '^create' "$work/cloud/calls")
echo "FLEET_STATE_DIR=$work/file" >>"$FLEET_CONFIG"
: >"$work/file"
fails_with 2 fleet create -n 5 --no-wait --yes
says "$work/file"
equal "no provider was asked to create" "$calls" \
    "$(grep -c '^create' "$work/cloud/calls")"

# No room: told before any call that costs money.
cohort 25
printf 'PROVIDERS=memo\nMEMO_DIR=%s\n' "$work/cloud" >>"$FLEET_CONFIG"
(
    ulimit -f 8
    trap '' XFSZ
    fails_with 2 fleet create -n 5 --no-wait --yes
)
equal "nothing was made" 4 "$(cloud_pods)"
succeeds fleet create -n 5 --no-wait --yes
exactly 5
