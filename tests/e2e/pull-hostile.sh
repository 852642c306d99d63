#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Whatever a pod says that its files are called, and whatever it sends, nothing
# is written outside of the directory that is for it.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq tar
cohort 1
succeeds fleet create -n 1 --yes
home=$(fleet run apple -q -- 'echo $HOME' 2>/dev/null)
mkdir -p "$home/src/d" "$work/evil" outside
echo file >"$home/src/d/file"
echo secret >outside/file
printf 'PATH=%s:$PATH\n' "$work/evil" >"$home/.bashrc"

# lies TOOL SCRIPT: what the pod has in its place, until the next.
lies()
{
    rm -f "$work/evil"/*
    printf '#!/bin/sh\n%s\n' "$2" >"$work/evil/$1"
    chmod 755 "$work/evil/$1"
}

untouched()
{
    equal "outside: $1" file "$(ls -A outside)"
    equal "in it: $1" secret "$(cat outside/file)"
    check_not "above: $1" test -e evil-file -o -e "$work/evil-file" \
        -o -e got/evil-file
}

for name in ./../evil-file ../../evil-file /tmp/evil-file ./d/../../evil-file \
    evil-file ./ ././d ./d//file '.'; do
    lies find "printf '%s\\0' '$name'"
    fails_with 4 fleet pull apple --out got -- src
    says 'could lead out'
    untouched "$name"
done
lies find "printf './d\\033[2J/../x\\0'"
fails_with 4 fleet pull apple --out got -- src
check_not 'no escape' grep -q "$(printf '\033')" "$err"

# A link in place of a directory, here and there.
rm -rf got
rm "$work/evil"/*
mv "$home/src/d" "$home/src/e"
ln -s "$PWD/outside" "$home/src/d"
ln -s ../../../outside "$home/src/up"
ln -s e "$home/src/fine"
succeeds fleet pull apple --json --out got -- src
equal 'links that lead out' 2 "$(json '.results[0].left_out')"
equal 'the others' 'e fine' "$(find got/apple/src -mindepth 1 -maxdepth 1 \
    -printf '%f\n' | sort | tr '\n' ' ' | sed 's/ $//')"
lies find "printf './d\\0./d/file\\0'"
fails_with 4 fleet pull apple --out got -- src
untouched 'behind a link'
rm "$home/src/d" "$work/evil"/*
mv "$home/src/e" "$home/src/d"
ln -s "$PWD/outside" got/apple/src/d
fails_with 1 fleet pull apple --out got -- src
untouched 'a link here'
rm -rf got
mkdir -p got/apple
ln -s "$PWD/outside" got/apple/.fleet-pull
fails_with 1 fleet pull apple --out got -- src
untouched 'a link in place of the temporary directory'

# Archives with more in them than was asked for, and what is none.
rm -rf got
mkdir -p "$work/other/src/d"
echo other >"$work/other/src/d/file"
echo evil >"$work/other/evil-file"
lies tar "cd '$work/other' && exec /bin/tar -P -cf - ../other/evil-file \
    '$work/other/evil-file' src/d/file"
succeeds fleet pull apple --out got -- src
untouched 'members that nobody asked for'
equal 'what was asked for' file "$(cat got/apple/src/d/file)"
for junk in 'yes' 'cat /dev/zero' 'head -c 100000 /dev/urandom' \
    'while echo; do :; done >&2'; do
    rm -rf got
    lies tar "[ \"\$1\" = -cf ] || exit 1
$junk"
    status=0
    fleet --timeout 2s pull apple --out got -- src >"$out" 2>"$err" || status=$?
    check "an end: $junk" test "$status" -ge 1 -a "$status" -le 7
    untouched "$junk"
done

# A wrong checksum, and a size that is none.
rm -rf got
lies openssl 'exit 1'
printf '#!/bin/sh\n[ $# -gt 0 ] || exit 0\necho %064d $1\n' 0 \
    >"$work/evil/sha256sum"
chmod 755 "$work/evil/sha256sum"
fails_with 1 fleet pull apple --out got -- src
check_not 'nothing of it' test -e got/apple/src/d/file
lies stat "echo 81a4 99999999999999999999 1 ./d" # nor for the top
fleet pull apple --out got -- src >"$out" 2>"$err" && fail 'no such size'
lies find 'while printf "./%01000d\0" 0; do :; done'
fails_with 1 fleet pull apple --out got -- src
