# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
in_repo
was=$(git for-each-ref refs/remotes/origin | cksum)
try git fetch -q origin "+refs/heads/*:refs/remotes/origin/*" ||
    failed "git fetch: $said"
[ "$(git for-each-ref refs/remotes/origin | cksum)" != "$was" ] ||
    already "nothing new"
changed "new commits"
