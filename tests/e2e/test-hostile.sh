#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# Pods that answer with rubbish: bounded, escaped, told by name, and the others
# are none the worse for it.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq sshd ssh-keygen

cohort 6
succeeds fleet create -n 6 --yes

# session POD TEXT: what a login to that pod runs in place of its shell
session()
{
    directory=$(dirname "$(grep -l "^name arena-$1\$" \
        "$work"/state/local/pods/*/pod)")
    printf '%s\n' "$2" >"$directory/session"
}

verdict()
{
    json ".results[] | select(.name == \"arena-$1\") |
        \"\(.verdict) \(.stage)\""
}

# Output without end, without newline, of all bytes; markers of its own.
session arrow 'exec head -c 100000000 /dev/zero'
session autumn 'while :; do echo all work and no play; done | head -c 100000000'
session badger 'head -c 3000000 /dev/urandom; exit 0'
session bamboo 'while read -r line; do case $line in N=*) eval "${line%% *}" ;;
    esac; done; echo "$N 0:asking=/"; echo "$N 0.0"; kill -9 $PPID'
fails_with 3 fleet test --only ssh,disk --json
equal "the first is sound" 'pass null' "$(verdict apple)"
equal "and so is the last" 'pass null' "$(verdict banjo)"
equal "zeros without end" 'fail exec' "$(verdict arrow)"
equal "lines without end" 'fail exec' "$(verdict autumn)"
equal "rubbish" 'fail exec' "$(verdict badger)"
equal "closed in mid-answer" 'fail exec' "$(verdict bamboo)"
check "the document is small all the same" \
    test "$(wc -c <"$out")" -lt 100000

# A login script that talks first is no harm.
directory=$(dirname "$(grep -l '^name arena-arrow$' \
    "$work"/state/local/pods/*/pod)")
printf 'echo "0 0:space=forged"; printf "\\033[2J"; cd "$HOME"\n%s\n' \
    'eval "$SSH_ORIGINAL_COMMAND"' >"$directory/session"
succeeds fleet test arrow --only ssh,disk
check_not "nothing of it is shown" grep -q forged "$out" "$err"

# What is shown is escaped, wherever it comes from.
mkdir "$work/checks.d"
cat >"$work/checks.d/evil.sh" <<'END'
printf '\033]0;title\007\033[31mred \342\200\256 \377\376 <&"\n'
echo second line
exit 1
END
cat >"$work/checks.d/long.sh" <<'END'
head -c 5000000 /dev/zero | tr '\0' y
exit 2
END
cat >"$work/checks.d/forever.sh" <<'END'
trap '' TERM HUP INT
echo begun
while :; do sleep 1; done
END
chmod 755 "$work"/checks.d/*.sh
succeeds fleet create apple --yes
for format in table json csv; do
    fails_with 1 fleet test apple --only evil,long -o "$format" \
        --junit "$work/junit.xml"
    check_not "no escape sequence in $format" \
        grep -q "$(printf '[\033\007\377]')" "$out" "$err" "$work/junit.xml"
    check_not "no right-to-left override in $format" \
        grep -q "$(printf '\342\200\256')" "$err" "$work/junit.xml"
    check "$format is small" test "$(wc -c <"$out")" -lt 100000
done
if command -v xmllint >/dev/null; then
    check "JUnit is XML" xmllint --noout "$work/junit.xml"
fi
fails_with 1 fleet test apple --only evil,long --json
equal "it is told as it is" true "$(json '.results[0].checks[] |
    select(.check == "evil").detail | test("second line")')"
equal "a long answer has its status" warn "$(json '.results[0].checks[] |
    select(.check == "long").verdict')"
equal "and is cut" true "$(json '.results[0].checks[] |
    select(.check == "long").detail | length | . > 100 and . < 4000')"

# One that never ends: the deadline of the pod comes, and what has ended counts.
fails_with 1 fleet test apple --only ssh,disk,forever --timeout 3s --json
equal "the pod could not be asked to the end" 'fail timeout' "$(verdict apple)"
equal "what had ended counts" true "$(json '.results[0].checks[] |
    select(.check == "disk").verdict != "fail"')"
rm -r "$work/checks.d"

# A check of a plugin's that comes to no verdict on one pod holds up no other.
with_plugin ponder
began=$(date +%s)
PONDER_ON=arena-banjo fails_with 3 fleet test apple banjo --only ssh,ponder \
    --timeout 2s --json
took=$(($(date +%s) - began))
check "it is given up" test "$took" -lt 20
equal "no verdict" 'fail timeout' "$(verdict banjo)"
says "the check ponder comes to no verdict"
equal "the other has its own" 'pass null' "$(verdict apple)"
