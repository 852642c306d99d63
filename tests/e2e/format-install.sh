#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# fleet ssh-config --install: a file of its own, one line in the user's, and not
# another byte of it.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "${srcdir:-.}/tests/e2e/format-lib.sh"
requires jq ssh ssh-keygen

cohort 1
cloud
echo 'PROVIDERS=cloud' >>"$FLEET_CONFIG"
cat >"$work/pods.json" <<'END'
[{"id": "a", "name": "arena-apple", "state": "running",
  "ssh": {"host": "203.0.113.7", "port": 40022, "user": "root"}}]
END
config=$HOME/.ssh/config
own=$HOME/.ssh/config.d/fleet-arena
line="Include $own"

mode_of()
{
    stat -c %a "$1"
}

# installed BEFORE: what was in the file is still there, behind our line.
installed()
{
    { echo "$line" && cat "$1"; } >"$work/expected"
    check 'our line, and every byte' cmp "$work/expected" "$config"
    check 'ssh finds the pod' sh -c 'ssh -G -F "$1" arena-apple </dev/null 2>&1 |
        grep -q "^hostname 203[.]0[.]113[.]"' sh "$config"
}

# In an empty home.
succeeds fleet ssh-config --uninstall
succeeds fleet ssh-config --install
check 'nothing on standard output' test ! -s "$out"
equal 'private' 700 "$(mode_of "$HOME/.ssh")"
equal 'private' 600 "$(mode_of "$own")"
equal 'private' 600 "$(mode_of "$config")"
: >"$work/nothing"
installed "$work/nothing"
succeeds fleet ssh-config --uninstall
check 'nothing is left' test ! -e "$own" -a ! -e "$config"

# Beside what is there, whatever it looks like.
printf 'Host *\r\n  User me\n\n# no newline at the end' >"$work/before"
cp "$work/before" "$config"
chmod 640 "$config"
succeeds fleet ssh-config --install
installed "$work/before"
equal 'its mode' 640 "$(mode_of "$config")"
cp "$config" "$work/once"
succeeds fleet ssh-config --install
check 'twice is once' cmp "$work/once" "$config"
jq '.[0].ssh.host = "203.0.113.8"' "$work/pods.json" >"$work/new"
cp "$work/new" "$work/pods.json"
succeeds fleet ssh-config --install
check 'brought up to date' grep -q 203.0.113.8 "$own"
check 'the line stays' cmp "$work/once" "$config"
succeeds fleet ssh-config --uninstall
check 'as it was' cmp "$work/before" "$config"
check 'our file is gone' test ! -e "$own"
succeeds fleet ssh-config --uninstall
says 'was not installed'

# A line that holds for some hosts only does not count.
printf 'Host other\n%s\n' "$line" >"$config"
succeeds fleet ssh-config --install
equal 'now at the top' "$line" "$(head -n 1 "$config")"
succeeds fleet ssh-config --uninstall
equal 'the rest' 'Host other' "$(cat "$config")"

# Through a link that is ours, as dotfile managers have it.
mkdir "$work/dotfiles"
cp "$work/before" "$work/dotfiles/config"
ln -sf "$work/dotfiles/config" "$config"
succeeds fleet ssh-config --install
check 'still a link' test -L "$config"
installed "$work/before"
succeeds fleet ssh-config --uninstall
check 'as it was' cmp "$work/before" "$work/dotfiles/config"
rm "$config"

# What it keeps its hands off.
refused()
{
    fails_with 4 fleet ssh-config --install
    says "$2"
    check "$1: nothing is made" test ! -e "$own"
}
mkdir "$config"
refused 'a directory' 'not a regular file'
rmdir "$config"
ln -s "$work/nowhere" "$config"
refused 'a link to nothing' 'cannot be read'
ln -sf /dev/null "$config"
refused 'a link to a device' 'not a regular file'
rm "$config"
if [ "$(id -u)" -eq 0 ]; then
    cp "$work/before" "$config"
    chown 65534 "$config"
    refused 'the file of another user' 'another user'
    rm "$config"
    printf 'x' >"$work/theirs"
    chown 65534 "$work/theirs"
    ln -s "$work/theirs" "$config"
    refused 'a link to that' 'another user'
    rm "$config"
else
    cp "$work/before" "$config"
    chmod 0 "$config"
    refused 'a file that cannot be read' 'denied'
    chmod 600 "$config"
fi
cp "$work/before" "$config"
chmod 666 "$config"
refused 'a file that others may write' 'chmod go-w'
chmod 600 "$config"
printf 'Host *\n\0\n' >"$config"
refused 'no text' 'NUL'
cp "$work/before" "$config"
mkdir -p "$HOME/.ssh/config.d"
echo 'Host mine' >"$own"
fails_with 4 fleet ssh-config --install
says 'fleet did not write it'
fails_with 4 fleet ssh-config --uninstall
equal 'it stays' 'Host mine' "$(cat "$own")"
check 'the other one, too' cmp "$work/before" "$config"
rm "$own"

# An incomplete listing installs nothing.
: >"$work/down"
fails_with 7 fleet ssh-config --install
check 'nothing is made' test ! -e "$own"
check 'and nothing changed' cmp "$work/before" "$config"
rm "$work/down"
fails_with 2 fleet ssh-config --install --uninstall
fails_with 2 fleet ssh-config --install --out "$work/file"
