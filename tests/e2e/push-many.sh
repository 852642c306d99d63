#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Many pods at once, and many files: none is missed, and one that is down costs
# the others nothing.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq tar sha256sum
pods=${FLEET_TEST_LONG:+200}
pods=${pods:-40}
cohort "$pods"
succeeds fleet create -n "$pods" --yes

# all N: that many pods have come back, and none of them with an error.
all()
{
    equal "$1" "$pods 0 $2" "$(json '"\(.results | length) \([.results[] |
        select(.error)] | length) \([.results[].files] | add)"')"
}

mkdir -p data/deep
for n in $(seq 20); do
    echo "$n" >"data/deep/$n"
done
succeeds fleet push --json --to here -- data
all 'pushed to all' $((20 * pods))
# shellcheck disable=SC2016
succeeds fleet run --json -- 'echo $MACHINE_NAME >here/data/deep/1'
succeeds fleet pull --json --out got -- here/data
all 'pulled from all' $((20 * pods))
equal 'each its own' "$pods" "$(cat got/*/data/deep/1 | sort -u | wc -l)"
for pod in got/*; do
    equal "of $pod" "arena-${pod#got/}" "$(cat "$pod/data/deep/1")"
done
succeeds fleet stop apple --yes
fails_with 3 fleet push --json --to here -- data
equal 'but one' $((pods - 1)) \
    "$(json '[.results[] | select(.error == null and .files == 1)] | length')"

# Many small files, to one and back.
files=${FLEET_TEST_LONG:+10000}
files=${files:-2000}
mkdir many
(cd many && seq "$files" | split -l 1 -a 4 -d)
succeeds fleet push arrow --json --to here -- many
equal 'files' "$files" "$(json '.results[0].files')"
echo changed >many/x0500
succeeds fleet push arrow --json --to here -- many
equal 'only what has changed' "1 $((files - 1))" \
    "$(json '.results[0] | "\(.files) \(.skipped)"')"
succeeds fleet pull arrow --json --out got -- here/many
equal 'files' "$files" "$(json '.results[0].files')"
check 'there and back' diff -r many got/arrow/many

# One file that would not fit into memory, in place of all the others.
if [ -n "${FLEET_TEST_LONG:-}" ]; then
    truncate -s 5G huge
    printf x | dd of=huge bs=1 seek=4999999999 conv=notrunc 2>/dev/null
    succeeds fleet push arrow --json -- huge
    succeeds fleet pull arrow --json --out got -- huge
    check 'five gigabytes' cmp huge got/arrow/huge
fi
