#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Pods are set up step by step, with a real git over a real ssh: what is so
# already is told as such, what fails says at which step, and no work that
# somebody has done in a checkout is ever lost.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq ssh git
cohort 4
succeeds fleet create -n 4 --yes

# One of the pods is the host of the repository, too.
git_quiet()
{
    git -c user.name=me -c user.email=me@localhost -c init.defaultBranch=main \
        -c advice.detachedHead=false "$@" >/dev/null
}
commit() # FILE TEXT
{
    printf '%s\n' "$2" >"$work/course/$1"
    git_quiet -C "$work/course" add -A
    git_quiet -C "$work/course" commit -m "$2"
    git_quiet -C "$work/course" push -q ../course.git HEAD
}
mkdir "$work/course"
git_quiet init --bare "$work/course.git"
git_quiet init "$work/course"
printf '*.log\n' >"$work/course/.gitignore"
commit lesson one
ssh-keygen -q -t ed25519 -N '' -C deploy -f "$work/deploy"
fleet list --json >"$work/list.json"
port=$(jq -r '.pods[] | select(.short == "badger") | .ssh.port' "$work/list.json")
key=$(jq -r '.pods[] | select(.short == "badger") | .host_key' "$work/list.json")
user=$(jq -r '.pods[0].ssh.user' "$work/list.json")
mkdir -m 700 "$HOME/.ssh"
url=ssh://$user@127.0.0.1:$port$work/course.git
cat >>"$FLEET_CONFIG" <<END
GIT_URL=$url
GIT_SSH_KEY_LOCAL=$work/deploy
AUTHORIZED_KEYS=$work/deploy.pub
END

# What is missing here is said before anything is done there.
fails_with 2 fleet setup --yes
says "[127.0.0.1]:$port: the host of the repository is not in"
printf '[127.0.0.1]:%s %s\n' "$port" "$key" >"$HOME/.ssh/known_hosts"
fails_with 4 fleet setup
says '--yes'
succeeds fleet setup --list
prints submodules
succeeds fleet setup --dry-run --json
equal 'a plan' 4 "$(json '.would_set_up | length')"

# The pod that hosts the repository has to know the deploy key first.
succeeds fleet setup badger --only name,keys --yes
succeeds fleet setup --yes --json
equal 'all changed' 'changed changed changed changed' \
    "$(json '[.results[].result] | join(" ")')"
step() # NAME STEP FIELD: of the last JSON
{
    jq -er --arg n "arena-$1" --arg s "$2" --arg f "$3" '.results[] |
        select(.name == $n) | .steps[] | select(.step == $s) | .[$f]' "$out"
}
equal 'the key was there' already "$(step badger keys result)"
equal 'cloned' changed "$(step apple repo result)"
succeeds fleet run apple -- 'cat ~/.name; cat ~/course/lesson; ls -l ~/.ssh/deploy'
prints apple
prints one
prints -rw-------
succeeds fleet run apple -- 'cd course && git fetch && git config core.sshCommand'
prints deploy

# Again: nothing to do.
succeeds fleet setup --yes --json
equal 'all there already' 'already already already already' \
    "$(json '[.results[].result] | join(" ")')"

# What is new is fetched; a file that somebody has changed stays, and what git
# does not know is not written over.
succeeds fleet run arrow -- 'echo mine >course/lesson'
succeeds fleet run autumn -- 'echo precious >course/answers; echo x >course/a.log'
commit lesson two
commit answers official
git_quiet -C "$work/course" rm -q --cached .gitignore
printf 'official\n' >"$work/course/a.log"
git_quiet -C "$work/course" add -f a.log
commit more three
succeeds fleet setup --yes --json
equal 'brought up to date' 'changed' "$(step apple branch result)"
equal 'left alone' 'kept' "$(step arrow branch result)"
equal 'left alone, too' 'kept' "$(step autumn branch result)"
equal 'all in all' 'changed kept kept changed' \
    "$(json '[.results[].result] | join(" ")')"
says '--hard'
succeeds fleet run arrow autumn -- \
    'cat course/lesson; cat course/answers course/a.log 2>/dev/null || :'
prints mine
prints precious

# With --hard it is on a branch of its own, and the checkout is the remote's.
fails_with 4 fleet setup arrow autumn --hard
succeeds fleet setup arrow autumn --hard --yes --json
prints fleet-saved-
succeeds fleet run arrow -- 'cd course && cat lesson && git status --porcelain &&
    git show $(git for-each-ref --format="%(refname)" "refs/heads/fleet-saved-*"):lesson'
equal 'the remote, and what was saved' 'two mine' "$(tr '\n' ' ' <"$out" | sed 's/ $//')"
# shellcheck disable=SC2016
succeeds fleet run autumn -- 'cd course && cat answers a.log
    s=$(git for-each-ref --format="%(refname)" "refs/heads/fleet-saved-*")
    git show $s:answers $s:a.log'
equal 'unknown and ignored files, too' 'official official precious x' \
    "$(tr '\n' ' ' <"$out" | sed 's/ $//')"
succeeds fleet setup apple --hard --yes --json
check_not 'nothing to save, no branch' grep -q fleet-saved- "$out"

# Commits that the remote has not, on another branch and on this one; a merge
# that is under way, with a conflict.
succeeds fleet run apple -- 'cd course && git config user.name a &&
    git config user.email a@b && git checkout -q -b own && echo own >own &&
    git add own && git commit -qm own'
succeeds fleet run autumn -- 'cd course && git config user.name a &&
    git config user.email a@b && echo ahead >>lesson && git commit -qam ahead'
succeeds fleet run arrow -- 'cd course && git config user.name a &&
    git config user.email a@b && git checkout -q -b side &&
    echo side >lesson && git commit -qam side && git checkout -q main &&
    echo here >lesson && git commit -qam here && ! git merge -q side'
commit lesson four
succeeds fleet setup --yes --json
equal 'all kept' 'kept kept kept changed' "$(json '[.results[].result] | join(" ")')"
equal 'own branch' '1 commit on own that the remote has not: left as it is; --hard saves that to a branch first' \
    "$(step apple branch detail)"
case $(step arrow branch detail) in
'a merge or rebase is under way'*) ;;
*) fail "the merge is told: $(step arrow branch detail)" ;;
esac
succeeds fleet run autumn -- 'cd course && git log -1 --format=%s'
prints ahead
succeeds fleet setup --hard --yes
# shellcheck disable=SC2016
succeeds fleet run -x badger -- 'cd course && cat lesson && git status --porcelain &&
    for s in $(git for-each-ref --sort=-creatordate --format="%(refname)" "refs/heads/fleet-saved-*" | head -1); do
    git log --format=%s -2 $s; git show $s:lesson; done; git branch --list own'
prints four
prints ahead
prints own
prints '<<<<<<<'

# The user's own steps: in order, with what they need, and whatever they print.
mkdir "$work/setup.d"
cat >"$work/setup.d/10-first.sh" <<'END'
#!/bin/sh
cat
echo "$MACHINE_NAME $SHORT_NAME $COHORT $BRANCH" >first
cd "$REPO_DIR" && git rev-parse --git-dir
[ -e ~/was ] && echo 'fleet:already there' && exit
touch ~/was
echo fleet:changed it
END
cat >"$work/setup.d/20-second.sh" <<'END'
#!/bin/sh
[ "$SHORT_NAME" != arrow ] || { echo broken pipe of dreams >&2; exit 3; }
test -e first
END
cat >"$work/setup.d/30-third.sh" <<'END'
#!/bin/sh
touch third
END
printf 'no program\n' >"$work/setup.d/40-none.sh"
chmod 755 "$work"/setup.d/[123]*.sh
fails_with 3 fleet setup --only 10-first,20-second,30-third --yes --json
equal 'the first' 'changed it' "$(step apple 10-first result) $(step apple 10-first detail)"
equal 'the second' 'done' "$(step apple 20-second result)"
equal 'where it failed' 'failed broken pipe of dreams' \
    "$(step arrow 20-second result) $(step arrow 20-second detail)"
equal 'it stopped there' 'not run' "$(step arrow 30-third result)"
equal 'the stage' 20-second "$(json '.results[1].stage')"
says 'at 20-second: broken pipe of dreams'
succeeds fleet run apple -- 'cat first; ls third'
prints 'arena-apple apple arena main'
succeeds fleet setup apple --only 10-first --yes --json
equal 'again' already "$(step apple 10-first result)"
fails_with 2 fleet setup --only 10-frist --yes
says 'did you mean 10-first'
chmod 777 "$work/setup.d/10-first.sh"
fails_with 4 fleet setup --yes
chmod 755 "$work/setup.d/10-first.sh"

# A wedged step is ended, and named.
cat >"$work/setup.d/50-wedged.sh" <<'END'
#!/bin/sh
[ "$SHORT_NAME" != apple ] || { touch begun; exec sleep 987; }
END
chmod 755 "$work/setup.d/50-wedged.sh"
fails_with 3 fleet setup apple autumn --only 50-wedged --timeout 3s --yes
says 'at 50-wedged: not done in'
check 'the other pod is done' grep -q 'autumn *done' "$out"

# Its own sshd is killed in the middle of a step: it is run again.
cat >"$work/setup.d/60-cut.sh" <<'END'
#!/bin/sh
[ ! -e cut ] || exit 0
touch cut
p=$$
while [ "$p" -gt 1 ]; do
    case $(cat /proc/$p/comm) in sshd*) kill -9 $p; exit 1 ;; esac
    p=$(sed -n 's/^PPid:[^0-9]*//p' /proc/$p/status)
done
END
chmod 755 "$work/setup.d/60-cut.sh"
succeeds fleet setup apple --only 60-cut --yes
check 'done in the end' grep -q 'apple *done' "$out"

# Two operators at once: one waits for the other, on each pod.
cat >"$work/setup.d/70-alone.sh" <<'END'
#!/bin/sh
mkdir alone || exit 1
n=0
while [ $n -lt 5 ]; do n=$((n + 1)); sleep 0.1; done
rmdir alone
END
chmod 755 "$work/setup.d/70-alone.sh"
fleet setup apple arrow --only 70-alone --yes >"$work/one" 2>&1 &
fleet setup apple arrow --only 70-alone --yes >"$work/two" 2>&1 || fail "two: $(cat "$work/two")"
wait $! || fail "one: $(cat "$work/one")"

# A repository that is not there, or not a repository, is told; a pod that is
# not up costs the others nothing.
succeeds fleet run apple -- 'mv course elsewhere && mkdir course && touch course/x'
succeeds fleet stop arrow --yes
fails_with 3 fleet setup apple arrow autumn --yes --only repo --json
says 'not empty'
equal 'and the stopped one' stopped "$(json '.results[1].stage')"
mv "$work/course.git" "$work/gone.git"
fails_with 1 fleet setup autumn --only fetch --yes
says 'at fetch: git fetch'

# The key of git is secret.
check_not 'nobody tells it' grep -rqF --exclude-dir=local \
    "$(sed -n 4p "$work/deploy")" "$work/state" "$out" "$err"
