#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Files that are in no repository are copied here, whole or not at all, and put
# back without harm to what is newer.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq ssh tar sha256sum
cohort 2
cat >>"$FLEET_CONFIG" <<END
BACKUP_PATHS="notes,~/deep,$work/elsewhere,not-there"
BACKUP_MAX_MB=1
BACKUP_KEEP=2
END
succeeds fleet create -n 2 --yes
succeeds fleet backup apple --json
equal 'nothing there is no failure' nothing "$(json '.results[0].result')"
mkdir "$work/elsewhere"
echo far >"$work/elsewhere/far"
cat >"$work/fill" <<'END'
mkdir -p notes deep/er/.git deep/er/node_modules
echo first >"notes/a file"
echo odd >"notes/$(printf '%s\n%s' "-two 'lines'" '"x"')"
ln -s 'a file' notes/link
echo no >deep/er/.git/x; echo no >deep/er/node_modules/x
head -c 1500000 /dev/zero >deep/large
echo below >deep/er/below; chmod 640 deep/er/below
END
succeeds fleet run apple -i "$work/fill" -- sh
succeeds fleet backup --json
says 'too large'
equal 'saved' 'saved saved' "$(json '[.results[].result] | join(" ")')"
archive=$(json '.results[] | select(.name == "arena-apple") | .files')
equal 'private' 600 "$(stat -c %a "$archive")"
tar -tzf "$archive" >"$work/names"
check 'a file' grep -qx 'home/notes/a file' "$work/names"
check 'outside of the home directory' grep -q '/elsewhere/far$' "$work/names"
check_not 'what is left out' grep -qE 'large|\.git|node_modules' "$work/names"
succeeds fleet list --json
check 'its age' json '.pods[] | select(.short == "apple") | .backup_at'

# Only so many are kept, and nothing else in the directory goes.
for old in 20200101T000000Z 20200102T000000Z 20200103T000000Z mine; do
    touch "${archive%/*}/apple-$old.tar.gz"
done
made=$(date -u +%Y%m%dT%H%M%SZ)
later()
{
    [ "$(date -u +%Y%m%dT%H%M%SZ)" != "$made" ]
}
wait_for 5 later # archives are told apart by the second
succeeds fleet backup apple
equal 'so many' 3 "$(find "${archive%/*}" -type f | wc -l)"
check_not 'the oldest went' test -e "${archive%/*}/apple-20200103T000000Z.tar.gz"

# Newer files, and pods that cannot be asked, are not lost by mistake.
succeeds fleet terminate apple --dry-run --yes
succeeds fleet run apple -- 'echo second >"notes/a file"'
fails_with 4 fleet terminate apple --yes
says 'a file'
succeeds fleet backup apple

# Put back: what is gone comes, what is older is replaced, what is newer stays.
succeeds fleet run apple -- 'rm notes/link deep/er/below
    echo changed >deep/new; touch -d "2 days ago" "notes/a file"
    echo newer >notes/-two* ; echo old >"notes/a file"
    touch -d "2 days ago" "notes/a file"'
rm "$work/elsewhere/far"
succeeds fleet restore apple --yes --json
equal 'one is kept' 1 "$(json .kept)"
succeeds fleet run apple -- 'cat "notes/a file" deep/er/below deep/new notes/-two*
    readlink notes/link; stat -c %a deep/er/below; ls .local/state/fleet'
equal 'put back' 'second|below|changed|newer|a file|640|files|restore.lock|' \
    "$(tr '\n' '|' <"$out")"
equal 'outside, too' far "$(cat "$work/elsewhere/far")"
succeeds fleet restore apple --yes --overwrite
succeeds fleet run apple -- 'cat notes/-two*'
equal 'written over' odd "$(cat "$out")"

# What is wrong with a repository does no harm to the files.
cp "$FLEET_CONFIG" "$work/without"
echo 'REPO_DIR=course' >>"$FLEET_CONFIG"
fleet list --json | jq -r '.pods[0].backup_at' >"$work/at"
succeeds fleet run apple -- 'mkdir -p course/.git; echo third >"notes/a file"'
fails_with 1 fleet backup apple --json
check 'files all the same' json '.results[0].files'
equal 'and no whole backup' "$(cat "$work/at")" \
    "$(fleet list --json | jq -r '.pods[0].backup_at')"
cp "$work/without" "$FLEET_CONFIG"
succeeds fleet run apple -- 'rm -r course; echo second >"notes/a file"'
succeeds fleet backup apple

# On another pod; an archive that is not what it was is not used.
succeeds fleet restore arrow --from apple --yes
succeeds fleet run arrow -- 'cat deep/er/below'
equal 'on another pod' below "$(cat "$out")"
last=$(fleet restore apple --dry-run 2>&1 | sed -n 's/.*would restore \(.*gz\)$/\1/p')
printf x >>"$last"
fails_with 1 fleet restore apple --yes
says 'not what was backed up'

# Killed at any moment.
succeeds fleet backup apple
for after in 0.1 0.25 0.5 ${FLEET_TEST_LONG:+0.05 0.15 0.2 0.3 0.4 0.6}; do
    succeeds fleet run arrow -- 'rm -rf notes; echo mine >deep/er/below'
    timeout -s KILL "$after" fleet restore arrow --from apple --yes \
        >/dev/null 2>&1 || :
    succeeds fleet restore arrow --from apple --yes
    succeeds fleet run arrow -- 'cat "notes/a file" deep/er/below
        find . -name "*fleet-new*"'
    equal "whole, killed after $after s" 'second mine' \
        "$(tr '\n' ' ' <"$out" | sed 's/ $//')"
    timeout -s KILL "$after" fleet backup apple >/dev/null 2>&1 || :
done
succeeds fleet backup apple
for one in "${archive%/*}"/apple-2*.gz; do
    check 'whole' gzip -t "$one"
done
succeeds fleet terminate apple --yes
