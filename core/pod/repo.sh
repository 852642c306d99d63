# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
#
# The checkout is there, and its remote is the one that is meant. A clone that
# was cut short never stands where the checkout belongs.
use_git
did=

if [ -e "$dir/.git" ]; then
    in_repo
else
    [ ! -d "$dir" ] || rmdir "$dir" 2>/dev/null ||
        failed "$dir is no git checkout, and not empty: move it away"
    half=$dir.fleet-clone
    rm -rf "$half"
    mkdir -p "${dir%/*}" || failed "cannot make ${dir%/*}"
    try git clone -q --origin origin --branch "$BRANCH" -- "$REPO_URL" "$half" ||
        failed "git clone: $said"
    mv "$half" "$dir" || failed "cannot put the checkout in place"
    did=cloned
    in_repo
fi

url=$(git config --get remote.origin.url || :)
if [ -z "$url" ]; then
    try git remote add origin "$REPO_URL" || failed "git remote: $said"
    did=${did:-"remote added"}
elif [ "$url" != "$REPO_URL" ]; then
    try git remote set-url origin "$REPO_URL" || failed "git remote: $said"
    did=${did:-"remote was $url"}
fi
# So that git finds the key when people call it, too.
if [ -n "$GIT_KEY_PATH" ]; then
    if [ "$(git config --local --get core.sshCommand || :)" != "$git_ssh" ]; then
        git config core.sshCommand "$git_ssh" || failed "cannot write .git/config"
        did=${did:-"key set"}
    fi
fi
[ -n "$did" ] || already "$dir"
changed "$dir: $did"
