#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Secrets go into config.env by standard input and are never shown.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq
with_plugin rubbish
cohort 3
chmod 644 "$FLEET_CONFIG"
secret=canary-4711-canary

fails_with 2 fleet config set RUBBISH_KEY "$secret"
says 'standard input'
check_not 'not written' grep -q "$secret" "$FLEET_CONFIG"
check_not 'not repeated' grep -q "$secret" "$err"

echo "$secret" >"$work/secret"
succeeds fleet config set RUBBISH_KEY <"$work/secret"
grep -q "^RUBBISH_KEY=$secret\$" "$FLEET_CONFIG" || fail 'not written'
equal 'the file is private now' 600 "$(stat -c %a "$FLEET_CONFIG")"
check_not 'not told' grep -q "$secret" "$out" "$err"

succeeds fleet config show RUBBISH_KEY
equal 'set, no more' 'RUBBISH_KEY set file' \
    "$(sed -n 2p "$out" | tr -s ' ' | cut -d' ' -f1-3)"
succeeds fleet config show --json
equal 'not in JSON' '[null,true]' "$(jq -c '.values[] |
    select(.key == "RUBBISH_KEY") | [.value, .set]' "$out")"
check_not 'nowhere in it' grep -q "$secret" "$out"
succeeds fleet providers rubbish --json
equal 'nor there' '[null,true,true]' "$(jq -c '.options[] |
    select(.key == "RUBBISH_KEY") | [.value, .set, .secret]' "$out")"
check_not 'nowhere in it' grep -q "$secret" "$out"

printf 'two\nlines\n' >"$work/secret"
fails_with 2 fleet config set RUBBISH_KEY <"$work/secret"
printf 'a\0b' >"$work/secret"
fails_with 2 fleet config set RUBBISH_KEY <"$work/secret"
grep -q "^RUBBISH_KEY=$secret\$" "$FLEET_CONFIG" || fail 'the old one is gone'

# What a program that is a provider is told may be a secret, too.
fails_with 2 fleet config set CLOUD_TOKEN <"$work/secret"
echo "EXEC_PROVIDERS=cloud=/nonexistent" >>"$FLEET_CONFIG"
fails_with 2 fleet config set CLOUD_TOKEN "$secret"
echo "$secret" | succeeds fleet config set CLOUD_TOKEN
grep -q "^CLOUD_TOKEN=$secret\$" "$FLEET_CONFIG" || fail 'not written'

# A file with secrets that others may read is worth a warning.
chmod 644 "$FLEET_CONFIG"
fleet doctor --json >"$out" 2>"$err" || :
equal 'doctor says so' 'chmod 600' "$(jq -r '.checks[] |
    select(.check == "config" and .verdict == "warn").remedy' "$out" |
    cut -c1-9)"
