#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# fleet up: each pod goes its own way from nothing to ready, a bad one is
# exchanged, a slow one delays nobody, and a run that dies is gone on with.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/format-lib.sh"
. "$srcdir/tests/e2e/proxy-lib.sh"
requires jq ssh ssh-keygen ssh-keyscan sshd
nginx_is_here
proxy_cohort apple arrow autumn badger
proxy_start

mkdir "$work/checks.d" "$work/setup.d"
# A machine that is bad the first time, and one that always is.
cat >"$work/checks.d/fit.sh" <<END
#!/bin/sh
read -r name <~/.name
[ "\$name" != badger ] || { echo broken; exit 1; }
[ "\$name" != arrow ] || [ -e $work/arrow.was ] || {
    touch $work/arrow.was
    echo bad host
    exit 1
}
END
cat >"$work/setup.d/slow.sh" <<'END'
#!/bin/sh
[ "$SHORT_NAME" != apple ] || sleep 2
END
chmod 755 "$work"/*.d/*.sh
up="fleet up --checks ssh,fit"

# Nothing happens without a word.
fails_with 4 $up -n 4
fails_with 2 fleet up --yes
succeeds $up -n 4 --dry-run
equal 'nothing yet' 0 "$(fleet list --json | jq '.pods | length')"
fails_with 2 fleet up -n 4 --checks fitt --yes
says 'did you mean fit'

fails_with 3 $up -n 4 --check-attempts 2 --yes --json
pod() # NAME FIELD
{
    jq -er --arg n "arena-$1" ".results[] | select(.name == \$n) | $2" "$out"
}
cp "$out" "$work/up.json"
equal 'ready' 'ready ready ready failed' "$(json '[.results[].result] | join(" ")')"
equal 'how many were tried' '1 2 1 2' "$(json '[.results[].attempts | tostring] | join(" ")')"
check 'the slow one delays nobody' pod autumn \
    '.elapsed_ms.ready < '"$(pod apple .elapsed_ms.ready)"
says 'arena-badger: test: fit: broken'
rm "$work/setup.d/slow.sh"
fleet list --json >"$out"
equal 'one of each name' 4 "$(json '.pods | length')"
equal 'the verdicts' 'pass pass pass fail' "$(json '[.pods[].verdict] | join(" ")')"
for place in 0 1 2 3; do
    check 'forwarded' serves $((first + place))
done
succeeds fleet history --json
equal 'what was unfit is terminated' 2 \
    "$(json '[.history[] | select(.op == "terminate" and .result == "ok")] | length')"
succeeds fleet run -- 'cat ~/.name'

# Again: what is there is looked at and stays, whatever the test says.
before=$(fleet list --json | jq -c '[.pods[].id]')
fails_with 3 $up -n 4 --yes --json
equal 'the same pods' "$before" "$(fleet list --json | jq -c '[.pods[].id]')"
equal 'nothing was made' 'true true true true' \
    "$(json '[.results[].existing | tostring] | join(" ")')"
equal 'and still' 'ready ready ready failed' "$(json '[.results[].result] | join(" ")')"

# A step of set-up that fails is not the machine's fault.
cat >"$work/setup.d/wrong.sh" <<'END'
#!/bin/sh
[ "$SHORT_NAME" != autumn ] || { echo no such thing >&2; exit 1; }
END
chmod 755 "$work/setup.d/wrong.sh"
succeeds fleet terminate autumn badger --yes
fails_with 1 $up autumn badger --yes --check-attempts 3 --json
equal 'tried once' 1 "$(pod autumn .attempts)"
equal 'and told' answered "$(pod autumn .reached)"
says 'set-up: at wrong: no such thing'
equal 'the other one thrice' 3 "$(pod badger .attempts)"
rm "$work/setup.d/wrong.sh"

# A pod that is stopped is left alone.
succeeds fleet stop arrow --yes
succeeds fleet terminate badger --yes
succeeds $up apple arrow --yes
says 'fleet start arrow'

# Killed in the middle of set-up, and of the test: the next run goes on.
succeeds fleet terminate all --yes
for stage in setup checks; do
    cat >"$work/$stage.d/hang.sh" <<END
#!/bin/sh
[ -e $work/go ] || { touch $work/\$(cat ~/.name).hangs; exec sleep 30; }
END
    chmod 755 "$work/$stage.d/hang.sh"
    rm -f "$work"/*.hangs "$work/go"
    fleet up apple arrow autumn --checks ssh,"$([ $stage = setup ] || echo hang)" \
        --yes >"$out" 2>"$err" &
    victim=$!
    for name in apple arrow autumn; do
        wait_for 60 test -e "$work/$name.hangs"
    done
    kill -KILL "$victim"
    wait "$victim" || :
    touch "$work/go"
    rm "$work/$stage.d/hang.sh"
    # What hangs on the pods is ended by set-up's own limit or by its session.
    for process in $(running); do
        case $(tr '\0' ' ' <"/proc/$process/cmdline" 2>/dev/null) in
        *'sleep 30'*) kill "$process" 2>/dev/null || : ;;
        esac
    done
    succeeds fleet up apple arrow autumn --checks ssh --yes --json
    equal 'three pods' 3 "$(fleet list --json | jq '.pods | length')"
    equal 'all ready' 'ready ready ready' "$(json '[.results[].result] | join(" ")')"
    succeeds fleet terminate all --yes
done
