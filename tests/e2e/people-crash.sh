#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# fleet grant is killed at steps that reach the disk, start a process or send
# something: authorized_keys is the old one or the new one, and so is the
# roster; the next run does the rest.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/crash-lib.sh"
. "$srcdir/tests/e2e/people-lib.sh"
people_cohort apple <<END
person,pods
Ada,apple
Bob,
END
succeeds fleet create apple --yes
succeeds fleet roster apply --yes
listed
keys=$(keys_of apple)
ssh_dir=$(dirname "$keys")
{
    echo '# by hand'
    cat "$keys"
} >"$work/without"
cp "$work/without" "$keys"
cp "$roster" "$work/roster.without"
succeeds fleet grant bob apple --yes
cp "$keys" "$work/with"
cp "$roster" "$work/roster.with"

# back: as if bob had never been let in.
back()
{
    cp "$work/roster.without" "$roster"
    cp "$work/without" "$keys"
    rm -rf "$work/state/arena.people/bob"
}

whole()
{
    cmp -s "$keys" "$work/without" || cmp -s "$keys" "$work/with" ||
        fail "$1: authorized_keys is neither the old nor the new one"
    cmp -s "$roster" "$work/roster.without" || cmp -s "$roster" "$work/roster.with" ||
        fail "$1: the roster is neither the old nor the new one"
    gets_in ada apple
}

back
steps=$(count_steps fleet grant bob apple --yes)
check 'it takes some steps' test "$steps" -gt 6
for step in $(sample "$steps"); do
    back
    die_at "$step" fleet grant bob apple --yes
    whole "killed at $step"
    wait_for 20 fleet grant bob apple --yes
    check "after $step he is in" cmp "$work/with" "$keys"
    equal "after $step nothing is left" authorized_keys "$(ls -A "$ssh_dir")"
    gets_in bob apple
done
