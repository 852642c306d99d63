# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
#
# The host of the repository is known by its keys before git first asks it.
file=$HOME/.ssh/known_hosts
command -v ssh-keygen >/dev/null 2>&1 ||
    failed "there is no ssh on the pod: install OpenSSH's client in its image"
ssh_dir
[ -e "$file" ] || put "$file" 644 "# $GIT_HOST"
found=$(ssh-keygen -F "$GIT_HOST" -f "$file" 2>/dev/null | sed '/^#/d')
added=0
while read -r kind blob; do
    case "$found " in *" $kind $blob "* | *" $kind $blob
"*) continue ;; esac
    case $found in
    *" $kind "*)
        failed "$file has another $kind key of $GIT_HOST: if it has changed," \
            "ssh-keygen -R '$GIT_HOST' on the pod forgets the old one"
        ;;
    esac
    printf '%s %s %s\n' "$GIT_HOST" "$kind" "$blob" >>"$file" ||
        failed "cannot write $file"
    added=$((added + 1))
done <<END
$GIT_HOST_KEYS
END
[ "$added" -gt 0 ] || already "$GIT_HOST"
changed "$GIT_HOST"
