#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Help and version: for people, without configuration, and begun with an example.
. "${srcdir:-.}/tests/e2e/lib.sh"

# first_line TEXT: of the last command's standard output.
first_line()
{
    equal "begins with $1" "$1" "$(head -n 1 "$out")"
}

fails_with 2 fleet
equal 'nothing on standard output' '' "$(cat "$out")"
says 'Usage: fleet COMMAND'
for words in 'help' '--help' '-h' 'help create' 'create --help' 'create -h' \
    '--help create' '-q create --help'; do
    # shellcheck disable=SC2086
    succeeds fleet $words
    first_line 'Example:'
    equal 'nothing on standard error' '' "$(cat "$err")"
done

succeeds fleet help
commands=$(sed -n 's/^  \([a-z][a-z]*\)  *[a-z].*/\1/p' "$out" |
    grep -vxE 'targets|exit|json')
check 'there are commands' test -n "$commands"
for command in $commands; do
    succeeds fleet "$command" --help
    first_line 'Example:'
    prints "Usage: fleet $command"
    prints '--json'
    check_not 'no line is too long' grep -q '.\{81\}' "$out"
done
for topic in config targets exit json providers; do
    succeeds fleet help "$topic"
    first_line 'Example:'
    check_not 'no line is too long' grep -q '.\{81\}' "$out"
done
succeeds fleet ls --help
prints 'Usage: fleet list'

# Nothing is read: a directory in place of each file would be an error.
mkdir -p "$work/config.env" "$work/home/.config/fleet/config.env"
export FLEET_CONFIG="$work/config.env" FLEET_PLUGIN_PATH=/nonexistent
succeeds fleet version
grep -q '^fleet [0-9]' "$out" || fail 'no version'
cp "$out" "$work/version"
succeeds fleet --version
check 'the same' cmp "$out" "$work/version"
succeeds fleet help
succeeds fleet completion bash
fails_with 2 fleet list

fails_with 2 fleet help nonsense
fails_with 2 fleet help creat
says 'did you mean create?'
fails_with 2 fleet help create list
fails_with 2 fleet help __manual
