#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# A large file of which the pod has an older version goes by rsync where both
# have it, and arrives whole whatever rsync does.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq rsync ssh tar sha256sum
cohort 1
succeeds fleet create -n 1 --yes
home=$(fleet run apple -q -- 'echo $HOME' 2>/dev/null)
rsync=$(command -v rsync)
dir="it's a \"dir\" 100%"
mkdir -p "data/$dir"
file="data/$dir/a:b large"
head -c 12000000 /dev/urandom >"$file"

# with_rsync SCRIPT: here, in place of the real one, which is $rsync.
with_rsync()
{
    printf '#!/bin/sh\necho "$*" >>"%s"\n%s\n' "$work/called" "$1" \
        >"$work/bin/rsync"
    chmod 755 "$work/bin/rsync"
    : >"$work/called"
}

# change BYTE: in the middle of the file.
change()
{
    printf '%s' "$1" | dd of="$file" bs=1 seek=6000000 conv=notrunc 2>/dev/null
}

same()
{
    check "$1" diff -r data "$home/to here/data"
    equal 'nothing is left' '' "$(find "$home" -name '.fleet-*')"
}

with_rsync "exec $rsync --stats \"\$@\" >>'$work/called'"
succeeds fleet push --to 'to here' -- data
same 'the first time'
equal 'not by rsync' '' "$(cat "$work/called")"
change A
succeeds fleet push --json --to 'to here' -- data
same 'a byte in the middle'
sent=$(tr -d , <"$work/called" | sed -n 's/^Total bytes sent: //p')
check 'only what is different' test "${sent:-12000000}" -lt 1000000
equal 'one file' 1 "$(json '.results[0].files')"
check 'the host key is checked' grep -q StrictHostKeyChecking=yes "$work/called"

: >"$work/called"
change B
succeeds fleet push --no-rsync --to 'to here' -- data
same 'without it'
equal 'not by rsync' '' "$(cat "$work/called")"

# One that fails, and one that lies.
with_rsync 'exit 12'
change C
succeeds fleet push --to 'to here' -- data
same 'it fails'
check 'it was asked' test -s "$work/called"
with_rsync 'exit 0'
change D
succeeds fleet push --to 'to here' -- data
same 'it does nothing'
check 'it was asked' test -s "$work/called"
