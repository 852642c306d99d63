# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
in_repo
[ -e .gitmodules ] || already "none"
was=$(git submodule status --recursive 2>/dev/null | cksum)
try git submodule sync -q --recursive || failed "git submodule: $said"
try git submodule update -q --init --recursive ||
    kept "left as they are: $said"
[ "$(git submodule status --recursive | cksum)" != "$was" ] || already "all there"
changed "brought up to date"
