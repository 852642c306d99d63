#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# fleet config: where values come from, mistakes, and the change of one line.
. "${srcdir:-.}/tests/e2e/lib.sh"
cohort 3

# line_of KEY [WORDS...]: its line in the table.
line_of()
{
    fleet config show "$@" | sed -n 2p | tr -s ' '
}

# The layers, highest first.
equal 'default' 'NUM_GPUS 1 default default' "$(line_of NUM_GPUS)"
mkdir -p "$HOME/.config/fleet"
echo 'NUM_GPUS=2' >"$HOME/.config/fleet/config.env"
case $(line_of NUM_GPUS) in
'NUM_GPUS 2 user file '*config.env:1 | 'NUM_GPUS 2 user_file '*config.env:1) ;;
*) fail "user's file: $(line_of NUM_GPUS)" ;;
esac
echo 'RUNPOD_NUM_GPUS=3' >>"$FLEET_CONFIG"
lines=$(wc -l <"$FLEET_CONFIG")
equal 'file, by an older name' "NUM_GPUS 3 file $FLEET_CONFIG:$lines" \
    "$(line_of NUM_GPUS)"
equal 'environment' 'NUM_GPUS 4 environment environment' \
    "$(NUM_GPUS=4 line_of NUM_GPUS)"
equal 'a flag' 'MAX_PARALLEL 7 flag flag' "$(line_of MAX_PARALLEL -j 7)"
rm "$HOME/.config/fleet/config.env"
succeeds fleet config
check_not 'what is unset is left out' grep -q '^GPU_TYPE' "$out"
succeeds fleet config show --all
check 'or not' grep -q '^GPU_TYPE' "$out"

# set changes its line and no other byte.
cp "$FLEET_CONFIG" "$work/expected"
around='# CRLF and a comment\r\n  export IMAGE=%s  # which # one\r\nDISK_GB=5'
# shellcheck disable=SC2059
printf "$around" '"a b"' >>"$FLEET_CONFIG"
# shellcheck disable=SC2059
printf "$around" "'it'\\''s new'" >>"$work/expected"
succeeds fleet config set IMAGE "it's new"
check 'only that line' cmp "$work/expected" "$FLEET_CONFIG"
equal 'the mode stays' 600 "$(stat -c %a "$FLEET_CONFIG")"
succeeds fleet config set DISK_GB 6
equal 'no newline is added' 'DISK_GB=6' "$(tail -n 1 "$FLEET_CONFIG")"
equal 'none at all' 0 "$(tail -c 1 "$FLEET_CONFIG" | wc -l)"
echo 7 | succeeds fleet config set VOLUME_GB
equal 'from standard input' VOLUME_GB=7 "$(tail -n 1 "$FLEET_CONFIG" | tr -d '\r')"
succeeds fleet config set MACHINE_NAME_LIST 'kiwi, plum'
succeeds fleet config check
says 'cohort arena, 2 names'

# What is wrong is not written.
cp "$FLEET_CONFIG" "$work/before"
fails_with 2 fleet config set NUM_GPUS many
fails_with 2 fleet config set MAX_PRICE -1
fails_with 2 fleet config set NOT_A_KEY 1
fails_with 2 fleet config set 'NUM GPUS' 1
check 'not touched' cmp "$work/before" "$FLEET_CONFIG"

# A wrong value can be put right; a file that does not parse is left alone.
echo 'NUM_GPUS=many' >>"$FLEET_CONFIG"
fails_with 2 fleet config check
says 'NUM_GPUS'
succeeds fleet config set NUM_GPUS 2
succeeds fleet config check
echo 'MAX_PRICE="0.5' >>"$FLEET_CONFIG"
cp "$FLEET_CONFIG" "$work/before"
fails_with 2 fleet config set NUM_GPUS 3
says "$FLEET_CONFIG:$(wc -l <"$FLEET_CONFIG"): MAX_PRICE: unclosed quote"
check 'not touched' cmp "$work/before" "$FLEET_CONFIG"

# A link stays a link.
cohort 3
mv "$FLEET_CONFIG" "$work/real.env"
ln -s real.env "$FLEET_CONFIG"
succeeds fleet config set NUM_GPUS 5
check 'still a link' test -h "$FLEET_CONFIG"
grep -q '^NUM_GPUS=5$' "$work/real.env" || fail 'the file behind the link'

# An unknown key is a warning with the nearest one.
cohort 3
echo 'NUM_GPU=3' >>"$FLEET_CONFIG"
succeeds fleet config check
says 'NUM_GPUS'
succeeds fleet config check -q
equal 'nothing under -q' '' "$(cat "$err")"

# No file: told how to make one.
rm "$FLEET_CONFIG"
export FLEET_CONFIG=
fails_with 2 fleet config check
says 'fleet init'
fails_with 2 fleet config set NUM_GPUS 1
says 'fleet init'
