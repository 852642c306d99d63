#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Files that are no plugins for us: each is told with its reason, and none keeps
# the others from their work.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq
with_plugin badkind badname badops badoption badsize badstride hang lacking \
    memo newer notplugin rubbish unresolved wrongabi
cohort
{
    echo 'PROVIDERS=memo'
    echo "MEMO_DIR=$work/cloud"
} >>"$FLEET_CONFIG"

# reason FILE: why that file of the plugin path is not in use.
reason()
{
    json ".plugins[] | select(.file == \"$FLEET_PLUGIN_PATH/$1\") |
        \"\(.status): \(.reason)\""
}

# refused NAME TEXT: the last fleet plugins says so.
refused()
{
    case $(reason "$1.so") in
    "refused: "*"$2"*) say "ok: $1 is refused" ;;
    *) fail "$1: $(reason "$1.so")" ;;
    esac
}

cp "$FLEET_PLUGIN_PATH/memo.so" "$FLEET_PLUGIN_PATH/again.so"
cp "$FLEET_PLUGIN_PATH/newer.so" "$FLEET_PLUGIN_PATH/open.so"
chmod 0666 "$FLEET_PLUGIN_PATH/open.so"
echo 'int x;' >"$FLEET_PLUGIN_PATH/text.so"
succeeds fleet plugins --json
refused badkind 'kind 4 is not known'
refused badname 'its name is not of [a-z0-9-]'
refused badops 'functions cannot be 100000 bytes'
refused badoption 'MISFIT_NUMBER'
refused badsize 'descriptor cannot be 12 bytes'
refused badstride 'options cannot be 8 bytes'
refused lacking 'lacks list()'
refused notplugin 'no symbol fleet_plugin'
refused open "others may write $FLEET_PLUGIN_PATH/open.so: chmod go-w"
refused text 'text.so'
refused unresolved 'fleet_function_of_the_future'
refused wrongabi 'made for ABI 7, this fleet takes 1'
equal 'the second memo is shadowed' \
    "shadowed: shadowed by $FLEET_PLUGIN_PATH/again.so" "$(reason memo.so)"
rm "$FLEET_PLUGIN_PATH/again.so"

chmod 0777 "$FLEET_PLUGIN_PATH"
succeeds fleet plugins --json
equal 'a directory that others may write is refused whole' \
    "$FLEET_PLUGIN_PATH" \
    "$(json "[.plugins[] | select(.file | startswith(\"$work/\")) | .file] |
        join(\" \")")"
fails_with 2 fleet list
says "there is no provider 'memo'"
chmod 0755 "$FLEET_PLUGIN_PATH"

# One that does not close is left alone.
export PROVIDERS=hang
HANG_IN=close succeeds fleet list
says 'hang: does not close'
