# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
#
# The branch that is meant, as the remote has it. Nothing that somebody has done
# is lost: what is not at the remote stays as it is, unless HARD is set; then it
# is kept on a branch of its own first, with files that git does not know.
in_repo
want=refs/remotes/origin/$BRANCH
git rev-parse -q --verify "$want" >/dev/null ||
    failed "the remote has no branch $BRANCH"
at=$(git symbolic-ref -q --short HEAD || echo "no branch")
head=$(git rev-parse -q --verify HEAD || :)

# What would be lost; nothing when nothing would.
work_here()
{
    for state in MERGE_HEAD CHERRY_PICK_HEAD REVERT_HEAD rebase-merge \
        rebase-apply; do
        [ ! -e "$(git rev-parse --git-path $state)" ] || {
            echo "a merge or rebase is under way"
            return
        }
    done
    [ "$n" -eq 0 ] || {
        echo "$n changed file$([ "$n" -eq 1 ] || echo s)"
        return
    }
    [ -z "$head" ] || on_remote "$head" || {
        n=$(git rev-list --count "$head" --not --remotes=origin)
        echo "$n commit$([ "$n" -eq 1 ] || echo s) on $at that the remote has not"
    }
}

changes()
{
    git status --porcelain --untracked-files=no | grep -c . || :
}

on_remote()
{
    [ -n "$(git branch -r --contains "$1" 2>/dev/null | head -n 1)" ]
}

# What is on the branch that is meant and nowhere else.
save_branch()
{
    old=$(git rev-parse -q --verify "refs/heads/$BRANCH") || return 0
    if [ "$old" = "$head" ] || on_remote "$old"; then
        return 0
    fi
    git update-ref "refs/heads/$saved-$BRANCH" "$old" "" || return 1
    also=", and on $saved-$BRANCH"
}

# Everything that is there, conflicts and files unknown to git included, and
# what would be written over although git ignores it.
write_tree()
{
    [ -z "$head" ] || git read-tree "$head" || return 1
    git add -A || return 1
    # shellcheck disable=SC2016
    git ls-tree -r -z --name-only "$want" |
        xargs -0 sh -c 'for f; do
            if [ -e "$f" ] || [ -L "$f" ]; then printf "%s\0" "$f"; fi
        done' sh | git --literal-pathspecs add -f \
        --pathspec-from-file=- --pathspec-file-nul || return 1
    tree=$(git write-tree)
}

save()
{
    saved=fleet-saved-$(date -u +%Y%m%d-%H%M%S)
    GIT_INDEX_FILE=$(git rev-parse --git-path fleet-index)
    export GIT_INDEX_FILE
    rm -f "$GIT_INDEX_FILE"
    wrote=0
    write_tree || wrote=1
    rm -f "$GIT_INDEX_FILE"
    unset GIT_INDEX_FILE
    [ "$wrote" -eq 0 ] || return 1
    save_branch || return 1
    if [ -n "$head" ] && on_remote "$head" &&
        [ "$tree" = "$(git rev-parse "$head^{tree}")" ]; then
        saved=
        return 0
    fi
    commit=$(git -c user.name=fleet -c user.email=fleet@localhost \
        commit-tree ${head:+-p "$head"} -m "Work before set-up began anew" \
        "$tree") || return 1
    git update-ref "refs/heads/$saved" "$commit" ""
}

start_anew()
{
    save || failed "cannot save the work that is here: nothing was touched"
    for undo in merge rebase cherry-pick revert; do
        git $undo --quit >/dev/null 2>&1 || :
    done
    try git symbolic-ref HEAD "refs/heads/$BRANCH" || failed "git: $said"
    try git reset -q --hard "$want" || failed "git reset: $said"
    try git branch -q --set-upstream-to "origin/$BRANCH" || :
    changed "$BRANCH${saved:+; the work that was here is on $saved}$also"
}

switch()
{
    if git rev-parse -q --verify "refs/heads/$BRANCH" >/dev/null; then
        try git checkout -q --no-overwrite-ignore "$BRANCH"
    else
        try git checkout -q --no-overwrite-ignore --track -b "$BRANCH" \
            "origin/$BRANCH"
    fi
}

also=
n=$(changes)
if [ "$head" = "$(git rev-parse "$want")" ] && [ "$at" = "$BRANCH" ]; then
    [ "$n" -gt 0 ] || already "$BRANCH"
    [ -n "$HARD" ] || already "$BRANCH, with $n changed"
fi
[ -z "$HARD" ] || start_anew
work=$(work_here)
[ -z "$work" ] ||
    kept "$work: left as it is; --hard saves that to a branch first"
[ "$at" = "$BRANCH" ] || switch || kept "git checkout: $said"
if ! git merge-base --is-ancestor HEAD "$want"; then
    kept "$BRANCH has commits that the remote has not: left as it is; --hard" \
        "saves them to a branch first"
fi
try git merge -q --ff-only --no-overwrite-ignore "$want" ||
    kept "git merge: $said"
[ "$at" = "$BRANCH" ] || changed "$BRANCH; was on $at"
changed "$BRANCH"
