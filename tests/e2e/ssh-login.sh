#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# The real ssh with all that fleet knows: status passed through, the host key
# checked, one pod at a time.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq ssh ssh-keygen
cohort 3
succeeds fleet create -n 2 --yes

# shellcheck disable=SC2016
succeeds fleet ssh apple -- 'echo $MACHINE_NAME'
prints arena-apple
fails_with 9 fleet ssh apple -- exit 9
printf 'to the pod\n' >"$work/input"
fleet ssh arena-apple -- cat <"$work/input" >"$out" 2>"$err"
prints 'to the pod'
succeeds fleet ssh apple -- printf %s-%s a b
equal 'words as ssh takes them' a-b "$(cat "$out")"
# shellcheck disable=SC2016
echo 'echo $MACHINE_NAME' | fleet ssh apple >"$out" 2>"$err"
prints arena-apple

# Somebody else answers at its address.
id=$(fleet list --json | jq -r '.pods[] | select(.short == "apple") | .id')
apple=$work/state/local/pods/$id
ssh-keygen -q -t ed25519 -N '' -f "$work/other"
cp "$work/other" "$apple/host_key"
kill "$(cat "$apple/sshd.pid")"
succeeds fleet start apple --yes
fails_with 255 fleet ssh apple -- true
says 'host key verification failed'

fails_with 2 fleet ssh
fails_with 2 fleet ssh all -- true
says 'fleet run'
fails_with 2 fleet ssh apple true
says 'behind --'
fails_with 1 fleet ssh aple
says apple
succeeds fleet stop arrow --yes
fails_with 1 fleet ssh arrow -- true
says 'fleet start arrow'
