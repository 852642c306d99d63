#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Files and directories of any name reach every pod whole, with their modes and
# times; what is there already is not sent again.
. "${srcdir:-.}/tests/e2e/lib.sh"
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

# counts N FILES SKIPPED: of the Nth pod in the last document.
counts()
{
    equal "files and skipped of pod $1" "$2 $3" \
        "$(json ".results[$1] | \"\(.files) \(.skipped)\"")"
}

# Names as hard as they come, and one file of each way of sending.
mkdir -p src/deep/er 'src/a b' src/empty 'src/-dir' 'src/$(touch here)'
echo one >src/deep/one
echo two >'src/a b/-two --force'
printf three >'src/new
line'
echo four >"src/it's \"q\" \\ * ?"
echo five >"src/$(printf 'esc\033[2J\001')"
printf six >"src/$(printf 'no\377utf8')"
: >src/nothing
echo long >"src/deep/$(printf '%0200d' 7)"
ln -s deep/one src/link
ln -s /nowhere "src/deep/$(printf '%0150d' 8)"
head -c 9000000 /dev/urandom >src/deep/large
chmod 755 src/deep/one
chmod 700 src/deep/er
chmod 600 src/nothing
touch -d '2021-02-03 04:05:06' src/deep/one src/deep/large src/empty
succeeds fleet push --json --to 'course/x y' -- src
counts 0 11 0
counts 1 11 0
equal 'the same on apple' "$(seen src)" "$(seen "$home/course/x y/src")"
equal 'the same on arrow' "$(seen src)" "$(seen "$arrow/course/x y/src")"
equal 'nothing beside it' src "$(ls -A "$home/course/x y")"

# Again: nothing is sent. Then only what has changed, and a mode.
succeeds fleet push --json --to 'course/x y' -- src
counts 0 0 11
echo more >>src/deep/one
echo new >'src/a b/new'
mkdir src/deep/fresh
echo fresh >src/deep/fresh/file
chmod 640 src/nothing
ln -sfn 'a b/new' src/link
sleep 0.01
printf 'X' | dd of=src/deep/large bs=1 seek=4000000 conv=notrunc 2>/dev/null
succeeds fleet push apple --json --to "$home/course/x y" -- src
counts 0 5 8
equal 'up to date' "$(cd src && find . -type f -exec sha256sum {} + | sort)" \
    "$(cd "$home/course/x y/src" && find . -type f -exec sha256sum {} + | sort)"
equal 'the mode alone' 640 "$(stat -c %a "$home/course/x y/src/nothing")"
equal 'the link' 'a b/new' "$(readlink "$home/course/x y/src/link")"
equal 'nothing is left' '' "$(find "$home" -name '.fleet-*')"
equal 'arrow was not asked' one "$(cat "$arrow/course/x y/src/deep/one")"

# Nothing is deleted, whatever is there.
echo mine >"$home/course/x y/src/deep/mine"
succeeds fleet push apple --to 'course/x y' -- src
check 'still there' test -s "$home/course/x y/src/deep/mine"

# A part of it, and only to look.
succeeds fleet push apple --json --to part --ignore 'large,deep/er,*b' \
    --max-size 4 -- src
check_not 'no large one' test -e "$home/part/src/deep/large"
check_not 'nor by its whole name' test -e "$home/part/src/deep/er"
check_not 'nor by a pattern' test -e "$home/part/src/a b"
check_not 'nor what is larger' test -e "$home/part/src/deep/one"
check 'the rest' test -e "$home/part/src/nothing"
succeeds fleet push apple --json --dry-run --to dry -- src
counts 0 13 0
check_not 'nothing is done' test -e "$home/dry"
succeeds fleet push apple --to here -- src/.
equal 'what is in it' "$(ls -A src | wc -l)" "$(ls -A "$home/here" | wc -l)"
succeeds fleet push apple -- src/deep/one
check 'to the home' cmp src/deep/one "$home/one"
succeeds fleet push apple --limit 4M --json -- src/deep/large
check 'with a limit' test "$(json '.results[0].elapsed_ms')" -ge 2000

# A login shell that talks, and the tools of busybox.
if command -v busybox >/dev/null; then
    mkdir "$work/box"
    for tool in sh tar xargs stat sha256sum find mv rm chmod touch mkdir dd \
        tee cat wc df sed cut dirname; do
        ln -s "$(command -v busybox)" "$work/box/$tool"
    done
    printf 'echo welcome; echo hello >&2; PATH=%s:$PATH\n' "$work/box" \
        >"$home/.bashrc"
    rm -rf "$home/course"
    succeeds fleet push apple --json --to course -- src
    counts 0 13 0
    # Its tar does not keep the times of directories.
    equal 'by busybox' "$(seen src | sed 's/ d \([0-9]*\) .*/ d \1/')" \
        "$(seen "$home/course/src" | sed 's/ d \([0-9]*\) .*/ d \1/')"
    succeeds fleet push apple --json --to course -- src
    counts 0 0 13
fi
# Neither openssl nor sha256sum there: cksum.
mkdir "$work/poor"
for tool in openssl sha256sum; do
    printf '#!/bin/sh\nexit 1\n' >"$work/poor/$tool"
    chmod 755 "$work/poor/$tool"
done
printf 'PATH=%s:$PATH\n' "$work/poor" >"$home/.bashrc"
rm -rf "$home/course"
succeeds fleet push apple --json --to course -- src
counts 0 13 0
succeeds fleet push apple --json --to course -- src
counts 0 0 13
rm "$home/.bashrc"

# What is in the way is told, and left alone.
rm -rf "$home/course"
mkdir -p "$home/course/src/deep/one"
fails_with 1 fleet push apple --to course -- src
says 'src/deep/one: a directory of that name is there'
check 'left alone' test -d "$home/course/src/deep/one"
fails_with 3 fleet push --to one -- src
says 'is no directory'
equal 'nothing is left' '' "$(find "$home" -name '.fleet-*')"
succeeds fleet stop arrow --yes
fails_with 3 fleet push --json --to two -- src/nothing
equal 'the other' stopped "$(json '.results[1].stage')"

# Mistakes.
fails_with 2 fleet push apple src
says 'behind --'
fails_with 2 fleet push apple --to x -- none
says 'none: No such file'
fails_with 2 fleet push apple --to '~root/x' -- src
fails_with 2 fleet push apple --limit 5 -- src
fails_with 2 fleet push apple --max-size x -- src
fails_with 1 fleet push apple -- src/deep/one src/nothing src/deep/../deep/one
says 'two of that name'
