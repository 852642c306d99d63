# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
#
# The private key that git uses. A different one that lies there is moved aside.
file=$(place "$GIT_KEY_PATH")
case ${file%/*} in
"$HOME/.ssh") ssh_dir ;;
*) mkdir -p "${file%/*}" || failed "cannot make ${file%/*}" ;;
esac
was=
if [ -e "$file" ]; then
    if [ "$(cat "$file")" = "$GIT_KEY" ]; then
        case $(ls -ld "$file") in -rw-------*) already "$file" ;; esac
        chmod 600 "$file" || failed "cannot make $file private"
        changed "$file: now private"
    fi
    was=$file.before-fleet-$(date +%Y%m%d%H%M%S)
    mv "$file" "$was" || failed "cannot move $file aside"
fi
put "$file" 600 "$GIT_KEY"
changed "$file${was:+; what was there is $was}"
