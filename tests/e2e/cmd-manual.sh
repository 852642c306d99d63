#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# The lists of options in the manual pages are those that the program has. With
# FLEET_TEST_UPDATE=1 they are brought up to date in the source tree instead.
. "${srcdir:-.}/tests/e2e/lib.sh"

# lists PAGE: what follows BEGIN on each marker line.
lists()
{
    sed -n 's/^\.\\" BEGIN options //p' "$1"
}

# list_of PAGE WORDS: what the page has between that BEGIN and its END.
list_of()
{
    awk -v begin=".\\\\\" BEGIN options $2" '
        $0 == ".\\\" END" { inside = 0 }
        inside { print }
        $0 == begin { inside = 1 }' "$1"
}

# renewed PAGE: the page with the lists that the program has now.
renewed()
{
    while IFS= read -r line; do
        case $line in
        '.\" BEGIN options '*)
            skipping=yes
            printf '%s\n' "$line"
            # shellcheck disable=SC2086
            fleet __manual ${line#*options }
            ;;
        '.\" END') skipping= ;;
        esac
        [ -n "${skipping-}" ] || printf '%s\n' "$line"
    done <"$1"
}

for name in fleet.1 fleet-config.5; do
    page=$srcdir/man/$name
    if [ -n "${FLEET_TEST_UPDATE:-}" ]; then
        renewed "$page" >"$work/page"
        cat "$work/page" >"$page"
    fi
    lists "$page" >"$work/lists"
    check "$name has lists" test -s "$work/lists"
    while read -r words; do
        # shellcheck disable=SC2086
        fleet __manual $words >"$work/expected" </dev/null
        list_of "$page" "$words" >"$work/found"
        diff -u "$work/found" "$work/expected" >&2 ||
            fail "$name: the list '$words' is not up to date:" \
                "FLEET_TEST_UPDATE=1 sh tests/e2e/cmd-manual.sh"
    done <"$work/lists"
done

# Nothing is left out: each command has its section and all of its flags there.
fleet help --json | sed -n 's/^ *"command": "\(.*\)",$/\1/p' >"$work/commands"
check 'there are commands' test -s "$work/commands"
while read -r command; do
    grep -q "^\.Ss fleet $command\( \|\$\)" "$srcdir/man/fleet.1" ||
        fail "fleet.1 has no section about $command"
    equal "flags of $command are told" "$(fleet __manual "$command")" \
        "$(list_of "$srcdir/man/fleet.1" "$command")"
done <"$work/commands"
fails_with 2 fleet __manual nonsense
