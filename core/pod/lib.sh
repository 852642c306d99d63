# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2088,SC2154
#
# In front of every step of set-up, on the pod. Variables are set above it. What
# a step prints goes to standard error, so that standard output carries nothing
# but how it ended.
exec 3>&1 1>&2
umask 022
export LC_ALL=C GIT_TERMINAL_PROMPT=0

# How a step ends: in a word, and what is to be said of it.
ends()
{
    printf 'fleet:%s %s\n' "$1" "$(printf '%s' "$2" | tr '\n' ' ')" >&3
    case $1 in failed) exit 1 ;; esac
    exit 0
}
already() { ends already "$*"; }
changed() { ends changed "$*"; }
kept() { ends kept "$*"; }
failed() { ends failed "$*"; }

# A path as people write it.
place()
{
    case $1 in
    "~") printf '%s\n' "$HOME" ;;
    "~/"*) printf '%s/%s\n' "$HOME" "${1#??}" ;;
    /*) printf '%s\n' "$1" ;;
    *) printf '%s/%s\n' "$HOME" "$1" ;;
    esac
}

# put FILE MODE TEXT: whole or not at all.
put()
{
    (umask 077 && printf '%s\n' "$3" >"$1.fleet-$$") &&
        chmod "$2" "$1.fleet-$$" && mv -f "$1.fleet-$$" "$1" && return 0
    rm -f "$1.fleet-$$"
    failed "cannot write $1"
}

ssh_dir()
{
    [ -d "$HOME/.ssh" ] || mkdir -m 700 "$HOME/.ssh" ||
        failed "cannot make $HOME/.ssh"
}

# Git, with the key that was put here for it. ssh looks for what it knows in the
# home of the password file, whatever HOME says.
use_git()
{
    command -v git >/dev/null 2>&1 ||
        failed "there is no git on the pod: install it in its image"
    dir=$(place "$REPO_DIR")
    git_ssh=ssh
    [ -z "$GIT_KEY_PATH" ] ||
        git_ssh="$git_ssh -i '$(place "$GIT_KEY_PATH")' -o IdentitiesOnly=yes"
    [ "$(eval "echo ~$(id -un)")" = "$HOME" ] ||
        git_ssh="$git_ssh -o UserKnownHostsFile='$HOME/.ssh/known_hosts'"
    export GIT_SSH_COMMAND="$git_ssh -o BatchMode=yes -o ConnectTimeout=20"
}

in_repo()
{
    use_git
    cd "$dir" 2>/dev/null || failed "there is no $dir"
    top=$(git rev-parse --show-toplevel 2>/dev/null) ||
        failed "$dir is no git checkout"
    [ "$top" = "$(pwd -P)" ] || failed "$dir is no git checkout of its own"
}

# What a command has said, in a line, for a step that fails.
try()
{
    said=$("$@" 2>&1 >/dev/null) && return 0
    printf '%s\n' "$said"
    said=$(printf '%s\n' "$said" | sed '/^$/d; /^Cloning/d; /^hint:/d' |
        head -n 5 | tr -s '\n\t ' ' ' | sed 's/ $//')
    return 1
}
