#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Bad names, keys and configuration: an error that names the thing and the
# remedy, the right status, and nothing changed.
. "${srcdir:-.}/tests/e2e/lib.sh"
cohort 4

# refused STATUS TEXT WORDS...: fleet says TEXT, and nothing was made.
refused()
{
    status=$1 text=$2
    shift 2
    fails_with "$status" fleet "$@"
    says "$text"
    check "nothing was made" test ! -e "$work/state/local/pods"
}

long=$(printf '%0300d' 0 | tr 0 a)
refused 2 "a/b" create a/b --yes
refused 2 "'a b'" create 'a b' --yes
refused 2 "'..'" create .. --yes
refused 2 "Apple" create Apple --yes
refused 2 "-a" create -- -a --yes
refused 2 '\x1b' create "$(printf 'a\033[2Jb')" --yes
refused 2 "aaaa" create "$long" --yes
check "a long name is cut" test "$(wc -c <"$err")" -lt 400
refused 2 "named twice" create apple arena-apple --yes
refused 2 "5 pods are wanted, but there are 4" create -n 5 --yes
refused 2 "9 pods are wanted, but there are 4" create -a 9 --yes
refused 2 "one of -n N, -a N or names" create --yes
refused 2 "one of -n N, -a N or names" create -n 2 apple --yes
refused 4 "--yes" create -n 2
refused 2 "name pods, or say --all" terminate --yes
refused 1 "no such pod" stop --yes aplpe

# with_line LINE STATUS TEXT: LINE in config.env.
with_line()
{
    cp "$FLEET_CONFIG" "$work/saved.env"
    printf '%b\n' "$1" >>"$FLEET_CONFIG"
    refused "$2" "$3" create -n 2 --yes
    mv "$work/saved.env" "$FLEET_CONFIG"
}

with_line 'MACHINE_NAME_LIST="a b a"' 2 'config.env:6: MACHINE_NAME_LIST, entry 3'
with_line 'MACHINE_NAME_LIST="a ../b"' 2 "'../b'"
with_line "MACHINE_NAME_PREFIX=$long" 2 'config.env:6: MACHINE_NAME_PREFIX: '
with_line 'IMAGE="never closed' 2 'config.env:6: IMAGE'
with_line 'IMAGE=$(id)' 2 'config.env:6: IMAGE'
with_line 'MAX_PRICE=cheap' 2 MAX_PRICE
with_line 'PROVIDERS=locla' 2 "config.env:6: PROVIDERS: there is no provider"
with_line 'PROVIDERS=locla' 2 'did you mean'
with_line 'LOCAL_SSHD=/nonexistent/sshd' 2 '/nonexistent/sshd'

succeeds fleet list
echo 'MACHINE_NAME_PREFX=b' >>"$FLEET_CONFIG"
succeeds fleet list
says 'MACHINE_NAME_PREFX: unknown key; did you mean MACHINE_NAME_PREFIX?'

cohort 4
chmod 644 "$work/key"
refused 2 "chmod 600 $work/key" create -n 2 --yes
chmod 600 "$work/key"
mv "$work/key.pub" "$work/elsewhere"
refused 2 "ssh-keygen -y -f $work/key" create -n 2 --yes
rm "$work/key"
refused 2 "fleet init" create -n 2 --yes

chmod 666 "$FLEET_CONFIG"
refused 2 "chmod" create -n 2 --yes
rm "$FLEET_CONFIG"
refused 2 "$FLEET_CONFIG" create -n 2 --yes
unset FLEET_CONFIG
refused 2 "fleet init" create -n 2 --yes
FLEET_CONFIG=$work/config.env
