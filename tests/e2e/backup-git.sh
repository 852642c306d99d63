#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Work in a checkout is saved to a branch of the remote, whatever state it is
# in, and nothing that its owner sees changes. Then it may be lost, and not
# before.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq ssh git xargs
cohort 4
succeeds fleet create -n 4 --yes
fails_with 2 fleet backup
says 'nothing to back up'

start=$(date -d '9 days ago' +%Y-%m-%d 2>/dev/null) || skip 'no GNU date here'
branch=autocommit-arena-w1d3
git_me()
{
    git -c user.name=me -c user.email=me@localhost -c init.defaultBranch=main "$@"
}
git_me init -q --bare "$work/course.git"
git_me init -q "$work/course"
printf '*.log\n' >"$work/course/.gitignore"
printf 'one\n' >"$work/course/lesson"
printf 'gone\n' >"$work/course/gone"
git_me -C "$work/course" add -A
git_me -C "$work/course" commit -qm first
git_me -C "$work/course" push -q "$work/course.git" HEAD:main
cat >>"$FLEET_CONFIG" <<END
GIT_URL=$work/course.git
COURSE_START=$start
BACKUP_MAX_MB=1
END
there() # REF:PATH: what the remote has
{
    git -C "$work/course.git" show "$1"
}

# No checkout is no failure, and there is nothing to lose.
succeeds fleet backup apple --json
equal 'no repository' nothing "$(json '.results[0].result')"
succeeds fleet run -- "git config --global user.name me
    git config --global user.email me@localhost
    git clone -q $work/course.git course"
succeeds fleet backup --json
equal 'clean is no failure' 'clean clean clean clean' \
    "$(json '[.results[].result] | join(" ")')"
succeeds fleet list
prints BACKUP
succeeds fleet list --json
check 'a backup' test "$(json '[.pods[] | select(.backup_at)] | length')" -eq 4
equal 'no branch of it' 1 "$(git -C "$work/course.git" for-each-ref | wc -l)"

# All that may be in the way of work, and all that its owner sees of it.
cat >"$work/mess" <<'END'
cd course
git checkout -q -b other && echo other >other && git add . && git commit -qm other
git checkout -q -b own main && echo mine >own && git add . && git commit -qm own
echo aside >lesson && git stash -q
echo two >lesson
echo new >"$(printf 'a "name"\nof two lines')"
echo dash >-f
echo ignored >x.log
rm gone
echo first >staged && git add staged && echo second >staged
head -c 2000000 /dev/zero >large
git init -q inner && echo x >inner/x
END
cat >"$work/look" <<'END'
cd course
git status --porcelain=v2 --branch
git for-each-ref
git stash list
git reflog
git config -l
ls -lR . | grep -v '^total'
cksum .git/index
find .git -maxdepth 1 | sort
ls -a ~/.local/state/fleet
END
succeeds fleet run apple -i "$work/mess" -- sh
succeeds fleet backup apple --json
cp "$out" "$work/first"
succeeds fleet run arrow -i "$work/mess" -- sh
fleet run arrow -q -i "$work/look" -- sh >"$work/before" 2>&1
succeeds fleet backup arrow
fleet run arrow -q -i "$work/look" -- sh >"$work/after" 2>&1
check 'nothing has changed' diff -u "$work/before" "$work/after"
check 'there was something' grep -q own "$work/after"
says 'too large'
says 'inner'
equal 'the branch' "$branch-apple saved own true" \
    "$(jq -r '.results[0] | "\(.branch) \(.result) \(.on_branch) \(.dirty)"' \
        "$work/first")"
equal 'at the remote' "$(jq -r '.results[0].commit' "$work/first")" \
    "$(git -C "$work/course.git" rev-parse "$branch-apple")"
equal 'files' 'two mine dash second' \
    "$(for f in lesson own -f staged; do there "$branch-apple:$f"; done |
        tr '\n' ' ' | sed 's/ $//')"
check 'a name of two lines' there "$branch-apple:$(printf 'a "name"\nof two lines')"
for absent in gone x.log large inner; do
    check_not "no $absent" git -C "$work/course.git" cat-file -e \
        "$branch-apple:$absent"
done
for text in other aside first; do
    check "the history has $text" sh -c "git -C '$work/course.git' log -m -p \
        '$branch-apple' --format= | grep -q '^+$text$'"
done
equal 'main is left alone' first \
    "$(git -C "$work/course.git" log --format=%s main | tr '\n' ' ' | sed 's/ $//')"

# Again: nothing new. Then something: what was there stays in the history.
succeeds fleet backup apple --json
equal 'nothing new' already "$(json '.results[0].result')"
first=$(json '.results[0].commit')
succeeds fleet run apple -- 'echo three >course/lesson'
succeeds fleet backup apple --json
check 'it goes on from there' git -C "$work/course.git" merge-base \
    --is-ancestor "$first" "$(json '.results[0].commit')"
equal 'and has it' three "$(there "$branch-apple:lesson")"
succeeds fleet backup apple --day w1d4 --json
equal 'the next day, nothing new' already "$(json '.results[0].result')"
fails_with 2 fleet backup --day tuesday

# In the middle of a merge, with nothing checked out, with no commit at all.
succeeds fleet run autumn -- 'cd course && git checkout -q -b a &&
    echo a >lesson && git commit -qam a && git checkout -q -b b main &&
    echo b >lesson && git commit -qam b && ! git merge -q a >/dev/null'
succeeds fleet run badger -- 'cd course && git checkout -q --detach &&
    echo loose >loose'
succeeds fleet backup autumn badger --json
equal 'told' 'merge null' "$(json '[.results[].doing | tostring] | join(" ")')"
check 'both sides of it' sh -c "git -C '$work/course.git' \
    show $branch-autumn:lesson | grep -q '^=======$'"
equal 'detached' '(detached)' "$(json '.results[1].on_branch')"
succeeds fleet run autumn -- 'cd course && git ls-files -u | wc -l'
equal 'still in the middle of it' 3 "$(cat "$out")"
succeeds fleet run badger -- "rm -rf course && git init -q course && cd course &&
    git remote add origin $work/course.git && echo x >unborn"
succeeds fleet backup badger --day w5d5
equal 'without a commit' x "$(there autocommit-arena-w5d5-badger:unborn)"
succeeds fleet run badger -- 'git -C course remote remove origin'
fails_with 1 fleet backup badger
says 'no remote origin'

# Over ssh: a host that the pod does not know is told, and so is a key that it
# does not take, with what to do about it.
fleet list --json >"$work/list.json"
url=$(jq -r '.pods[1].ssh | "ssh://\(.user)@127.0.0.1:\(.port)"' "$work/list.json")
ssh-keygen -q -t ed25519 -N '' -f "$work/deploy"
echo "GIT_SSH_KEY_REMOTE=\"~/it's a key\"" >>"$FLEET_CONFIG"
succeeds fleet run badger -i "$work/deploy" -- "umask 077; cat >\"it's a key\"
    cd course && git remote add origin $url$work/course.git"
fails_with 1 fleet backup badger
says 'fleet setup'
jq -r '.pods[1] | "[127.0.0.1]:\(.ssh.port) \(.host_key)"' "$work/list.json" \
    >"$work/known"
succeeds fleet run badger -- "git -C course config core.sshCommand \
    'ssh -F none -o UserKnownHostsFile=$work/known -o BatchMode=yes \
    -o IdentitiesOnly=yes -i \"\$HOME/it'\\''s a key\"'"
fails_with 1 fleet backup badger
says 'GIT_SSH_KEY_LOCAL'
succeeds fleet run arrow -i "$work/deploy.pub" -- \
    'umask 077; mkdir -p .ssh; cat >>.ssh/authorized_keys'
succeeds fleet backup badger

# What the remote refuses, or does not show, is no backup.
printf '#!/bin/sh\necho "not today" >&2\nexit 1\n' >"$work/course.git/hooks/pre-receive"
chmod 755 "$work/course.git/hooks/pre-receive"
succeeds fleet run apple -- 'echo four >course/lesson'
fleet list --json | jq -r '.pods[0].backup_at' >"$work/at"
fails_with 3 fleet backup apple arrow --json
says 'not today'
equal 'refused' 'failed already' "$(json '[.results[].result] | join(" ")')"
equal 'the last one counts' "$(cat "$work/at")" \
    "$(fleet list --json | jq -r '.pods[0].backup_at')"
rm "$work/course.git/hooks/pre-receive"

# Work that is nowhere else is not lost by mistake.
fails_with 4 fleet terminate apple arrow --yes
says 'fleet backup apple'
says 'nothing was done'
check_not 'what is safe is not told' grep -q '^arrow:' "$err"
succeeds fleet stop arrow --yes
fails_with 4 fleet terminate arrow --yes --json
says 'cannot be asked'
equal 'in JSON' 'arena-arrow false' \
    "$(json '.unsaved[0] | "\(.name) \(.asked)"')"
succeeds fleet start arrow --yes
succeeds fleet terminate arrow --yes
fails_with 4 fleet terminate apple --yes --dry-run
succeeds fleet backup apple
succeeds fleet terminate badger --yes --lose-work

# Put back on another pod of that name, with the files that are there kept.
succeeds fleet create arrow --yes
fails_with 1 fleet restore arrow --yes
says 'fleet setup arrow'
succeeds fleet run arrow -- "git clone -q $work/course.git course && cd course &&
    echo own >own && echo log >x.log && echo here >extra"
fails_with 4 fleet restore arrow
says '--yes'
fleet run arrow -q -- 'cd course && cksum .git/index; git for-each-ref' >"$work/before"
succeeds fleet restore arrow --yes --json
equal 'from its name' "$branch-arrow" "$(json .branch)"
equal 'one is kept' 1 "$(json .kept)"
says 'newer or changed: own'
fleet run arrow -q -- 'cd course && cksum .git/index; git for-each-ref' >"$work/after"
check 'index and branches are as they were' diff "$work/before" "$work/after"
succeeds fleet run arrow -- 'cd course && cat lesson own extra x.log -- -f gone'
equal 'files' 'two own here log dash gone' \
    "$(tr '\n' ' ' <"$out" | sed 's/ $//')"
succeeds fleet restore arrow --yes --json
equal 'again' 0 "$(json .placed)"
succeeds fleet restore arrow --overwrite --yes
succeeds fleet run arrow -- 'cat course/own course/extra'
equal 'overwritten' 'mine here' "$(tr '\n' ' ' <"$out" | sed 's/ $//')"

# Killed at any moment, and put right by the next one.
i=0
for after in 0.1 0.25 0.5 ${FLEET_TEST_LONG:+0.05 0.15 0.2 0.3 0.35 0.4 0.6 0.8}; do
    i=$((i + 1))
    succeeds fleet run autumn -- "rm -rf course && git clone -q $work/course.git course &&
        echo keep$i >course/own"
    timeout -s KILL "$after" fleet restore autumn --from apple --yes \
        >/dev/null 2>&1 || :
    succeeds fleet restore autumn --from apple --yes
    succeeds fleet run autumn -- 'cd course && cat own lesson staged &&
        ! ls -a | grep fleet-new'
    equal "whole, killed after $after s" "keep$i four second" \
        "$(tr '\n' ' ' <"$out" | sed 's/ $//')"
done
succeeds fleet restore autumn --from main --yes
fails_with 1 fleet restore autumn --from no-such-branch --yes
says 'no branch'
fails_with 2 fleet restore autumn --from '../x y' --yes

# What is new in a submodule is not of this repository.
succeeds fleet run autumn -- "cd course && git -c protocol.file.allow=always \
    submodule --quiet add $work/course.git sub && git commit -qm sub &&
    echo more >>sub/lesson"
succeeds fleet backup autumn
says 'sub: a submodule with work in it'
