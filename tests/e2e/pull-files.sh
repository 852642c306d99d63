#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Files and directories of any name come from every pod, each pod's to a
# directory of its own; what is here already is not copied again, and whatever
# happens in the middle a file is the old one or the new one, whole.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/crash-lib.sh"
requires jq tar sha256sum
cohort 3
succeeds fleet create -n 2 --yes
home=$(fleet run apple -q -- 'echo $HOME' 2>/dev/null)
arrow=$(fleet run arrow -q -- 'echo $HOME' 2>/dev/null)

# seen DIR: names, types, modes, times and contents of all that is below it.
seen()
{
    (cd "$1" && find . -type l -printf '%P -> %l\0' -o \
        -printf '%P %y %m %Ts\0' && find . -type f -exec sha256sum {} +) |
        tr '\0' '\n' | sort
}

counts()
{
    equal "files and skipped of pod $1" "$2 $3" \
        "$(json ".results[$1] | \"\(.files) \(.skipped)\"")"
}

src=$home/course/src
mkdir -p "$src/deep/er" "$src/a b" "$src/empty" "$src/-dir"
echo one >"$src/deep/one"
ln "$src/deep/one" "$src/deep/twin"
echo two >"$src/a b/-two --force"
printf three >"$src/new
line"
echo four >"$src/it's \"q\" \\ * ?"
printf five >"$src/$(printf 'esc\033[2J\001')"
printf six >"$src/$(printf 'no\377utf8')"
: >"$src/nothing"
echo long >"$src/deep/$(printf '%0200d' 7)"
ln -s deep/one "$src/link"
head -c 9000000 /dev/urandom >"$src/deep/large"
chmod 755 "$src/deep/one"
chmod 700 "$src/deep/er"
chmod 4600 "$src/nothing"
touch -d '2021-02-03 04:05:06' "$src/deep/one" "$src/deep/large" "$src/empty"
mkdir -p "$arrow/course/src"
echo arrow >"$arrow/course/src/one"
succeeds fleet pull --json --out got/here -- course/src
counts 0 11 0
counts 1 1 0
chmod 600 "$src/nothing" # nothing comes with set-uid
equal 'the same from apple' "$(seen "$src")" "$(seen got/here/apple/src)"
equal 'of arrow' arrow "$(cat got/here/arrow/src/one)"
equal 'nothing beside it' src "$(ls -A got/here/apple)"

# Again, and what has changed.
succeeds fleet pull --json --out got/here -- course/src
counts 0 0 11
echo more >>"$src/deep/one"
echo new >"$src/a b/new"
ln -sfn 'a b' "$src/link"
succeeds fleet pull apple --json --out got/here -- "$src/"
counts 0 4 8
equal 'up to date' "$(seen "$src" | grep -v ' d ')" \
    "$(seen got/here/apple/src | grep -v ' d ')"
echo mine >got/here/apple/src/mine
succeeds fleet pull apple --out got/here -- course/src
check 'nothing is deleted' test -s got/here/apple/src/mine

# Parts of it.
succeeds fleet pull apple --json --out part --ignore 'large,*er' \
    --max-size 4 -- course/src
check_not 'no large one' test -e part/apple/src/deep/large
check_not 'nor by a pattern' test -e part/apple/src/deep/er
check_not 'nor what is larger' test -e part/apple/src/deep/one
check 'the rest' test -e part/apple/src/nothing
says 'left out'
succeeds fleet pull apple --json --dry-run --out dry -- course/src
counts 0 12 0
check_not 'nothing is done' test -e dry
succeeds fleet pull apple --out flat -- course/src/. 'course/src/deep/one'
equal 'what is in it' "$(cat "$src/deep/one")" "$(cat flat/apple/deep/one)"
check 'and a file' cmp "$src/deep/one" flat/apple/one

# The tools of busybox, behind a login shell that talks.
if command -v busybox >/dev/null; then
    mkdir "$work/box"
    for tool in sh tar xargs stat sha256sum find head tail cat cut; do
        ln -s "$(command -v busybox)" "$work/box/$tool"
    done
    printf 'echo welcome; PATH=%s:$PATH\n' "$work/box" >"$home/.bashrc"
    succeeds fleet pull apple --json --out box -- course/src
    counts 0 12 0
    equal 'by busybox' "$(seen "$src")" "$(seen box/apple/src)"
    rm "$home/.bashrc"
fi

# Killed in the middle, and at other steps: the next one goes on.
fleet pull apple --limit 4M --out cut -- course/src >"$out" 2>"$err" &
pull=$!
begun()
{
    for part in cut/apple/.fleet-pull/*; do
        size=$(stat -c %s "$part" 2>/dev/null) || continue # it has its name
        [ "$size" -lt 3000000 ] || return 0
    done
    return 1
}
wait_for 20 begun
kill -9 $pull
wait $pull || :
check_not 'no half file' test -e cut/apple/src/deep/large
succeeds fleet pull apple --json --out cut -- course/src
equal 'after a death' "$(seen "$src")" "$(seen cut/apple/src)"
check 'not all anew' test "$(json '.results[0].resumed_bytes')" -ge 3000000
equal 'nothing is left' src "$(ls -A cut/apple)"
pull_it=$(command -v fleet)
for kind in renameat mkdirat send; do
    rm -rf cut
    steps=$(count_steps "$pull_it" pull apple --out cut -- course/src)
    stride=$((steps / (${FLEET_TEST_LONG:+10}0 + 2) + 1))
    for step in $(seq "$stride" "$stride" "$steps"); do
        rm -rf cut
        mkdir -p cut/apple/src/deep
        echo old >cut/apple/src/deep/one
        echo old >cut/apple/src/deep/large
        die_at "$step" "$pull_it" pull apple --out cut -- course/src
        for file in deep/one deep/large; do
            [ "$(cat cut/apple/src/$file | head -c 4)" = old ] ||
                cmp "$src/$file" cut/apple/src/$file ||
                fail "$file is neither the old nor the new one"
        done
        succeeds fleet pull apple --out cut -- course/src
        equal "killed at $kind $step" "$(seen "$src")" \
            "$(seen cut/apple/src)"
    done
done

# A file that grows is what it was when it was looked at; one that is written
# anew all the time is not taken, and costs the others nothing.
while sleep 0.05; do
    head -c 9000000 /dev/urandom |
        dd of="$src/deep/large" conv=notrunc bs=100k 2>/dev/null
done &
writer=$!
status=0
fleet pull apple --limit 40M --out restless -- course/src >"$out" 2>"$err" ||
    status=$?
kill $writer
wait $writer 2>/dev/null || :
equal 'restless' 1 "$status"
says 'deep/large'
check_not 'not here' test -e restless/apple/src/deep/large
check 'the others are' cmp "$src/a b/new" 'restless/apple/src/a b/new'

# The disk here is too small.
mkdir full
if mount -t tmpfs -o size=4m none "$work/full" 2>/dev/null; then
    on_exit umount "$work/full"
    fails_with 1 fleet pull apple --out full -- course/src
    says 'the disk of this computer is full'
    check_not 'no half file' test -e full/apple/src/deep/large
    equal 'nothing beside it' src "$(ls -A full/apple)"
fi

# Mistakes.
fails_with 2 fleet pull apple --out x course/src
says 'behind --'
fails_with 2 fleet pull apple -- course/src
says '--out'
fails_with 2 fleet pull apple --out x -- course/src other/src
says 'the same name'
fails_with 1 fleet pull apple --out x -- none
says 'none: it has no such file'
mkdir -p busy/apple/src/deep/one
fails_with 1 fleet pull apple --out busy -- course/src
says 'src/deep/one'
