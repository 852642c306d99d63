#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# `fleet test` on sound pods: verdicts, documents, what is kept of them.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq sshd ssh-keygen

cohort 3
succeeds fleet test
says "no pods of cohort arena"

succeeds fleet create -n 3 --yes
succeeds fleet list --json
equal "not tested yet" 'null null' \
    "$(json '.pods[0] | "\(.verdict) \(.tested_at)"')"

succeeds fleet test
prints arena-apple
prints DETAIL
says "3 tested: "
equal "nothing fails" 0 "$(grep -c fail "$out" || :)"

succeeds fleet test --json
equal "every pod" 'arena-apple arena-arrow arena-autumn' \
    "$(json '[.results[].name] | join(" ")')"
equal "the connection is the first check" ssh \
    "$(json '.results[0].checks[0].check')"
equal "all checks" 'disk editor gpu host memory net repo ssh torch' \
    "$(json '[.results[0].checks[].check] | sort | join(" ")')"
equal "ssh passes" 'pass pass pass' "$(json \
    '[.results[].checks[] | select(.check == "ssh").verdict] | join(" ")')"
equal "what does not apply says why" 'skip skip skip skip' "$(json \
    '[.results[0].checks[] |
        select(.check == ("gpu", "torch", "net", "repo")) |
        select(.detail != "").verdict] | join(" ")')"
equal "no verdict is skip" true "$(json \
    '[.results[].verdict] - ["pass", "warn"] | length == 0')"
equal "the summary adds up" 3 "$(json '.summary | .pass + .warn + .fail')"
equal "facts are there" true "$(json \
    '.results[0].checks[] | select(.check == "disk").facts.space | length > 0')"
equal "time is told" true "$(json '.results[0].elapsed_ms > 0')"

succeeds fleet list --json
equal "the verdict is kept" true "$(json \
    '[.pods[] | select(.verdict == ("pass", "warn"))] | length == 3')"
equal "and when it was" true "$(json \
    '.pods[0].tested_at | fromdateiso8601 > now - 600')"
succeeds fleet list
prints HEALTH
check "and shown with its age" grep -qE \
    '^arena-apple .* (pass|warn) +[0-9]+ (s|m|h) ' "$out"
succeeds fleet rename apple birch --yes
succeeds fleet list --json
equal "the verdict goes with the pod" true "$(json \
    '.pods[] | select(.short == "birch").verdict != null')"

succeeds fleet test arrow --only ssh,disk --json
equal "one pod" arena-arrow "$(json '[.results[].name] | join(" ")')"
equal "two checks" 'ssh disk' \
    "$(json '[.results[0].checks[].check] | join(" ")')"
succeeds fleet test -x arrow -o csv
equal "CSV has its heading" name "$(head -n 1 "$out" | cut -d , -f 1)"
equal "and a line for each pod" 3 "$(grep -c . "$out")"
fails_with 2 fleet test --only disc
says "did you mean disk"
fails_with 2 fleet test --only ,
fails_with 1 fleet test nobody
says "nobody"
fails_with 2 fleet test --watch --json

succeeds fleet test --junit "$work/results.xml" -q
equal "-q says nothing" '' "$(cat "$err")"
if command -v xmllint >/dev/null; then
    check "JUnit is XML" xmllint --noout "$work/results.xml"
    equal "a suite for each pod" 3 \
        "$(xmllint --xpath 'count(//testsuite)' "$work/results.xml")"
    equal "a case for each check" 27 \
        "$(xmllint --xpath 'count(//testcase)' "$work/results.xml")"
fi

# Thresholds come from the configuration.
export CHECK_DISK_MIN_GB=999999
fails_with 1 fleet test --only disk
says "GB free on /"
unset CHECK_DISK_MIN_GB
CHECK_SSH_SLOW=0s fails_with 2 fleet test
says CHECK_SSH_SLOW

# A stopped pod is no sound pod, and the others are tested all the same.
succeeds fleet stop arrow --yes
fails_with 3 fleet test --json
equal "it fails, and why" 'fail stopped' "$(json '.results[] |
    select(.name == "arena-arrow") | "\(.verdict) \(.stage)"')"
equal "the summary counts it" 1 "$(json .summary.fail)"
fails_with 1 fleet test arrow
says "stopped"

# --watch tells each verdict once, and again when it changes.
fleet test --watch --interval 1s --only ssh >"$work/watched" 2>&1 &
watch=$!
on_exit kill "$watch"
wait_for 20 grep -q 'arena-arrow  fail' "$work/watched"
succeeds fleet start arrow --yes
wait_for 20 grep -q 'arena-arrow  pass' "$work/watched"
status=0
kill -INT "$watch"
wait "$watch" || status=$?
equal "interrupted" 130 "$status"
equal "what does not change is told once" 1 \
    "$(grep -c 'arena-birch  pass' "$work/watched")"
succeeds fleet stop arrow --yes

# Others may work on the cohort; then the verdict is told but not kept. The pods
# stay as they are: their sshd writes a log.
chmod a-w "$work/state" "$work"/state/arena.*
if ! (: >"$work/state/try") 2>/dev/null; then
    succeeds fleet test birch
    says "not kept"
fi
chmod u+w "$work/state" "$work"/state/arena.*
rm -f "$work/state/try"
