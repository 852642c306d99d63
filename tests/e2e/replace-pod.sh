#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# fleet replace: a new pod takes name, port and work of an old one over; one
# that does not pass changes nothing; a run that is killed is gone on with.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/format-lib.sh"
. "$srcdir/tests/e2e/proxy-lib.sh"
. "$srcdir/tests/e2e/crash-lib.sh"
requires jq ssh ssh-keygen ssh-keyscan sshd tar
nginx_is_here
proxy_cohort apple birch
proxy_start
mkdir "$work/checks.d"
cat >"$work/checks.d/fit.sh" <<END
#!/bin/sh
[ ! -e $work/bad ] || { echo broken; exit 1; }
END
chmod 755 "$work/checks.d/fit.sh"
replace="fleet replace apple --checks ssh,fit --copy work"
id_of() # NAME
{
    fleet list --json | jq -r --arg n "$1" '.pods[] | select(.short == $n) | .id'
}
names()
{
    fleet list --json | jq -r '[.pods[].short] | sort | join(" ")'
}
its_work() # prints what lies on apple, by way of the proxy
{
    ssh -F "$work/config" arena-apple \
        'cat ~/.name; cat "work/a file"; cat work/sub/more; stat -c %a work/run'
}

# An nginx that has just been told lets an old worker answer for a moment.
same_work()
{
    its_work >"$work/after" && cmp -s "$work/before" "$work/after"
}

succeeds fleet create apple birch --yes
succeeds fleet run apple -- 'mkdir -p work/sub && echo mine >"work/a file" &&
    echo more >work/sub/more && echo x >work/run && chmod 711 work/run'
succeeds fleet setup apple --only name --yes
succeeds fleet test --only ssh
was=$(id_of apple)

# What cannot be done is said before anything is made.
fails_with 2 fleet replace apple --yes
says '--copy'
fails_with 2 fleet replace apple --copy ../secret --yes
fails_with 2 fleet replace apple --copy /etc --yes
fails_with 1 fleet replace cedar --no-copy --yes
says 'no such pod'
fails_with 4 $replace
fails_with 2 fleet replace apple birch --yes
equal 'nothing was made' 'apple birch' "$(names)"

# One that does not pass, and one that cannot be given the work.
touch "$work/bad"
fails_with 1 $replace --yes --check-attempts 2
says 'test: fit: broken'
says 'as it was'
rm "$work/bad"
succeeds fleet run apple -- 'head -c 3000000 /dev/urandom >big'
fails_with 4 $replace,big --max-size 1 --yes
says 'more than 1 MiB'
says 'as it was'
equal 'the same pod' "$was" "$(id_of apple)"
equal 'and no other' 'apple birch' "$(names)"
check 'nothing is left here' test -z "$(find "$work/state/handover" -type f)"

# All of it: the participant's config is the one that was handed out before.
succeeds fleet ssh-config --proxy --host-keys off
sed "s|^    IdentityFile .*|    IdentityFile $work/key|" "$out" >"$work/config"
succeeds fleet run apple -- rm big
its_work >"$work/before"
succeeds $replace --yes --json
now=$(id_of apple)
check_not 'another pod' test "$was" = "$now"
equal 'the document' "$now stopped" "$(json '"\(.pod.id) \(.old_pod.state)"')"
equal 'the old one is kept' 'apple apple-old birch' "$(names)"
equal 'and stopped' "$was" "$(id_of apple-old)"
wait_for 10 same_work
say 'ok: the same work behind the same port'
equal 'no port for what is stopped' 2 "$(grep -c '^ *listen' "$deployed")"
check 'nothing is left here' test -z "$(ls "$work/state/handover")"
fails_with 1 $replace --yes
says 'apple-old is still there'
succeeds fleet terminate apple-old --yes

# When nobody can tell what came of the last name, what is done is not called
# undone: the next run brings it to its end.
cat >"$work/shy" <<END
#!/bin/sh
have()
{
    grep -qsx "name arena-apple\$1" $work/state/local/pods/*/pod
}
while read -r line; do
    id=\$((\${id:-0} + 1))
    case \$line in
    *'"call":"open"'*) echo "{\"id\":\$id,\"ok\":true,\"abilities\":[]}" ;;
    *) if [ ! -e $work/shied ] && have -old && ! have -next; then
        touch $work/shied
        echo "{\"id\":\$id,\"ok\":false,\"error\":{\"code\":\"unsupported\",\"message\":\"down\"}}"
    else
        echo "{\"id\":\$id,\"ok\":true,\"pods\":[]}"
    fi ;;
    esac
done
END
chmod 755 "$work/shy"
(
    export PROVIDERS='local shy' EXEC_PROVIDERS="shy=$work/shy"
    fails_with 1 $replace --yes
    check 'it could not be listed' test -e "$work/shied"
    says 'exchanged already'
    succeeds $replace --yes
    says 'brought to its end'
)
equal 'both are there' 'apple apple-old birch' "$(names)"
wait_for 10 same_work
say 'ok: the work is there'
succeeds fleet terminate apple-old --yes

# The old one is terminated, or nothing is taken over.
succeeds fleet replace apple --no-copy --old terminate --skip-test --yes
equal 'no old one' 'apple birch' "$(names)"
check_not 'nothing there' its_work
succeeds fleet run apple -- 'mkdir -p work/sub && echo mine >"work/a file" &&
    echo more >work/sub/more && echo x >work/run && chmod 711 work/run'

# Killed at some of its steps, it is gone on with.
fleet=$(command -v fleet)
replace="$fleet replace apple --checks ssh --copy work --old terminate --yes"
steps=$(count_steps $replace)
say "$steps steps"
stride=$((steps / 6))
[ -z "${FLEET_TEST_LONG:-}" ] || stride=$((steps / 60 + 1))
for step in $(seq $((stride / 2)) "$stride" "$steps"); do
    die_at "$step" $replace
    equal 'one birch' 1 "$(fleet list --json | jq '[.pods[] | select(.short == "birch")] | length')"
    if [ "$status" -eq 137 ]; then
        succeeds $replace
    fi
    equal 'two pods' 'apple birch' "$(names)"
    wait_for 10 same_work
    say "ok: its work, killed at $step of $steps"
    check 'nothing is left here' test -z "$(ls "$work/state/handover")"
done
