#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# fleet roster, grant and move: everybody gets in on their own pods and on no
# other, with nothing changed at any sshd.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/people-lib.sh"
requires ssh-keygen
ssh-keygen -q -t ed25519 -N '' -C bob@home -f "$work/bobs"
people_cohort apple birch cedar <<END
# the spring course
person,pods,key,until,email
"Lovelace, Ada ""the Countess""",apple birch,,2999-12-19,ada@example.org
Bob,birch,$(cat "$work/bobs.pub"),,
Zoë O'Neill,,,,
Old Hand,apple,,2020-01-31,
END
ada=lovelace-ada-the-countess
keys=$work/state/arena.people
cp "$roster" "$work/roster.before"

# Whatever is wrong, nothing is done, and all of it is told.
hostile()
{
    {
        echo 'person,pods,key,until,email'
        cat
    } >"$work/bad.csv"
    fails_with 2 fleet roster check --roster "$work/bad.csv"
    cp "$err" "$work/told"
    fails_with 2 fleet roster apply --yes --roster "$work/bad.csv"
}
hostile <<END
Ada,aple,,2026-02-30,nobody
Ada,apple,$(cat "$work/bobs.pub"),,
"Eve
$(printf '\033')[2J",apple,$(cat "$work/bobs.pub"),,
Mal,apple,ssh-dss AAAAB3NzaC1kc3MAAAA=,,
END
for word in ":2: pods: there is no pod 'aple' in MACHINE_NAME_LIST; did you mean 'apple'?" \
    ":2: until: '2026-02-30' is no day" ':3: ada stands on line 2 already' \
    ':4: person:' ':4: key: the same key as on line 3' ':6: key: DSA keys'; do
    check "it says: $word" grep -qF "$word" "$work/told"
done
check_not 'no escape sequence is told' grep -q "$(printf '\033')" "$work/told"
hostile <<END
Ada,apple,"$(cat "$work/bobs")",,
END
check 'a private key is no public one' grep -q 'private key' "$work/told"
check_not 'and not told' grep -qF "$(sed -n 3p "$work/bobs")" "$work/told" "$err"
printf 'person,pods,note\nAda,apple,x\n' >"$work/bad.csv"
fails_with 2 fleet roster check --roster "$work/bad.csv"
says "'note' is no column"
fails_with 2 fleet roster check --roster "$work/none.csv"
says 'no such roster'
fails_with 2 fleet roster
check 'no key was made' test ! -e "$keys"

# What is right is told, too, and nothing is asked.
succeeds fleet roster check --json
says 'the last day was 2020-01-31'
equal 'people' "[\"$ada\",\"bob\",\"zoe-oneill\",\"old-hand\"]" \
    "$(jq -c '[.people[].id]' "$out")"
equal 'how they stand' '["in","in","no pods","ended"]' \
    "$(jq -c '[.people[].state]' "$out")"

# Pods that are made let in who belongs there.
succeeds fleet create apple birch --yes
listed
equal 'created with a roster' "$ada " "$(lines apple)"
equal 'and the other' "bob $ada " "$(lines birch)"

# What somebody wrote by hand stays, with the mode of the file.
apple=$(keys_of apple) birch=$(keys_of birch)
printf '# by hand\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDdfXb/dZiX4Uq3PGSyZi1THHXk2uD7Fn1DNeIbqcP2p somebody' \
    >"$work/by_hand"
cp "$work/by_hand" "$apple"
chmod 640 "$apple"
fails_with 4 fleet roster apply
succeeds fleet roster apply --dry-run --json
equal 'as it would be' '["would change","kept"]' \
    "$(jq -c '[.pods[].result]' "$out")"
check 'nothing was changed' cmp "$work/by_hand" "$apple"
succeeds fleet roster apply --yes --json
equal 'apple is put right' "[[\"$ada\"],[]]" "$(jq -c '[.pods[].added]' "$out")"
head -c "$(wc -c <"$work/by_hand")" "$apple" >"$work/head"
check 'what stood there stands there' cmp "$work/by_hand" "$work/head"
equal 'with its mode' 640 "$(stat -c %a "$apple")"
equal 'one line more' 3 "$(wc -l <"$apple")"
chmod 600 "$apple"

# everything: a sum over all that apply may write.
everything()
{
    cat "$apple" "$birch" "$keys"/*/* "$roster" | cksum
}

# Twice changes nothing, here and there.
before=$(everything)
succeeds fleet roster apply --yes
says 'nothing to apply'
equal 'not a byte' "$before" "$(everything)"
check 'nor in the roster' cmp "$work/roster.before" "$roster"

# Certificates are given to those who may get in, until their last day.
equal 'for its owner alone' 600 "$(stat -c %a "$keys/$ada/key")"
equal 'likewise' 700 "$(stat -c %a "$keys/$ada")"
check 'no private key of one who has his own' test ! -e "$keys/bob/key"
check 'none of who has no pods' test ! -e "$keys/zoe-oneill"
check 'none of who has no day left' test ! -e "$keys/old-hand"
ssh-keygen -L -f "$keys/$ada/key-cert.pub" >"$work/cert"
check 'for her' grep -q "^ *$ada@arena\$" "$work/cert"
check 'until her last day is over' grep -q 'to 2999-12-20T00:00:00' "$work/cert"
check_not 'from before now on' grep -q "from $(date +%Y-%m-%d)" "$work/cert"

# Each on their own pods; the shared key on all.
gets_in "$ada" apple
gets_in "$ada" birch
mkdir "$work/bob"
cp "$work/bobs" "$work/bob/key"
cp "$keys/bob/key-cert.pub" "$work/bob/"
gets_in bob birch
is_refused bob apple
mkdir "$work/bare"
cp "$keys/$ada/key" "$work/bare/key"
fails_with 255 try_as "$work/bare/key" '' apple true
says 'Permission denied'
equal 'the shared key' hello "$(pod_ssh birch echo hello)"

# sshd itself refuses what has expired, or is of another authority: of no help
# is the one that vouches for hosts.
ssh-keygen -q -t ed25519 -N '' -f "$work/another_ca"
succeeds fleet ca init --yes
for ca in arena_user_ca another_ca arena_ca; do
    mkdir "$work/$ca.d"
    cp "$keys/$ada/key" "$keys/$ada/key.pub" "$work/$ca.d/"
    ssh-keygen -q -s "$work/$ca" -I x -n "$ada@arena" -V "-3d:$(
        [ "$ca" = arena_user_ca ] && echo -1d || echo +1d
    )" "$work/$ca.d/key.pub"
    is_refused "$ca.d" apple
done

# move: one field of the roster, two pods.
fails_with 1 fleet move nobody birch --yes
fails_with 4 fleet move bob apple
succeeds fleet move bob apple --yes
sed 's/^Bob,birch,/Bob,apple,/' "$work/roster.before" >"$work/expected"
check 'one field of the roster' cmp "$work/expected" "$roster"
gets_in bob apple
is_refused bob birch
gets_in "$ada" birch
succeeds fleet history birch --json
equal 'in the journal' 'shut out bob' "$(jq -r '.history[0].detail' "$out")"

# grant: more pods, somebody new, a pod that is not there yet.
succeeds fleet grant bob cedar --yes
says 'arena-cedar is not there yet'
fails_with 1 fleet grant 'Grace Hopper' apple --yes
says '--until'
fails_with 1 fleet grant 'Grace Hopper' apple --yes --until 2026-02-30
check_not 'not written' grep -q Grace "$roster"
succeeds fleet grant 'Grace Hopper' apple --yes --until 2999-01-01
check 'written' grep -q '^Grace Hopper,apple,,2999-01-01,$' "$roster"
gets_in grace-hopper apple
succeeds fleet up cedar --skip-setup --skip-test --yes
listed
gets_in bob cedar

# Set-up lets in who belongs there, too, and nobody else.
sed -i 's/^Bob,apple cedar,/Bob,birch cedar,/' "$roster"
succeeds fleet setup birch --yes
gets_in bob birch
succeeds fleet roster show --json
equal 'apple was not set up' '[false,true,true]' \
    "$(jq -c '[.pods[].current]' "$out")"
succeeds fleet roster apply --yes
is_refused bob apple

# Another machine under the same name takes them in as they are.
old_machine=$(of_pod birch .id)
succeeds fleet replace birch --old terminate --no-copy --skip-setup --skip-test --yes
listed
check_not 'another machine' test "$old_machine" = "$(of_pod birch .id)"
gets_in bob birch
gets_in "$ada" birch
birch=$(keys_of birch)

# Who is taken out of the file is taken off the pods.
sed -i '/^Grace/d' "$roster"
succeeds fleet roster apply --yes
is_refused grace-hopper apple
gets_in "$ada" apple

# What is missing is made again; another day is another certificate for the
# same key, and nothing to do on any pod.
rm "$keys/$ada/key-cert.pub"
succeeds fleet roster show
prints 'none yet'
cp "$keys/$ada/key" "$work/key.before"
sed -i 's/2999-12-19/2998-12-19/' "$roster"
succeeds fleet roster apply --yes --json
equal 'made again' "[\"$ada\"]" "$(jq -c .certificates "$out")"
equal 'nothing on the pods' '["kept","kept","kept"]' \
    "$(jq -c '[.pods[].result]' "$out")"
check 'the key stays' cmp "$keys/$ada/key" "$work/key.before"
succeeds fleet roster show --json
equal 'until the other day' '2998-12-20T00:00:00Z' "$(jq -r --arg a "$ada" \
    '.people[] | select(.id == $a) | .certificate_until' "$out")"
gets_in "$ada" apple

# doctor looks, too.
succeeds fleet doctor --json
equal 'nothing to say' '["ok"]' \
    "$(jq -c '[.checks[] | select(.check == "roster") | .verdict]' "$out")"
mv "$keys/$ada/key-cert.pub" "$work/cert.away"
succeeds fleet doctor
prints 'no certificate that is good'
mv "$work/cert.away" "$keys/$ada/key-cert.pub"

# A file that cannot be written is told, and left.
cedar=$(keys_of cedar)
rm "$cedar"
mkdir "$cedar"
fails_with 3 fleet roster apply --yes
says 'arena-cedar: authorized_keys is as it was'
says 'could not be put right'
rmdir "$cedar"
succeeds fleet roster apply --yes
equal 'made' 600 "$(stat -c %a "$cedar")"

# A link stays one.
mv "$cedar" "$work/elsewhere"
ln -s "$work/elsewhere" "$cedar"
succeeds fleet move bob apple --yes
check 'a link' test -L "$cedar"
check_not 'what it leads to was changed' grep -q fleet:arena:bob "$work/elsewhere"
