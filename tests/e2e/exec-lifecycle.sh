#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# The life of pods at the provider that fleet-provider(7) shows: a shell script
# that lends out machines.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq ssh-keygen

# Notes each start and every call that it is sent, then is the example.
cat >"$work/provider" <<END
#!/bin/sh
echo start >>"$work/starts"
exec tee -a "$work/requests" | "$srcdir/man/examples/provider.sh"
END
chmod 755 "$work/provider"

cohort
{
    echo PROVIDERS=lab
    echo 'MACHINE_NAME_LIST="apple basil cedar daisy elder fennel"'
    echo "EXEC_PROVIDERS=\"lab=$work/provider\""
    echo "LAB_DIR=$work/lab"
    echo 'LAB_HOSTS=( "192.0.2.1:22" "192.0.2.2:2222"'
    echo '    "192.0.2.3:22" "192.0.2.4:22" )'
} >>"$FLEET_CONFIG"

pods()
{
    succeeds fleet list --json
    jq -r ".pods[] | $1" "$out" | tr '\n' ' '
}

succeeds fleet providers lab --json
equal 'abilities' 'create find get list rename start stop terminate ' \
    "$(json '.abilities | sort | .[]' | tr '\n' ' ')"
equal 'nothing yet' '' "$(pods .name)"
check 'listing makes nothing' test ! -e "$work/lab"

: >"$work/starts"
succeeds fleet create -n 3 --yes --no-wait
equal 'one program for one run' 1 "$(wc -l <"$work/starts")"
equal 'three pods' 'arena-apple arena-basil arena-cedar ' "$(pods .name)"
equal 'three machines' 3 \
    "$(pods '"\(.ssh.host):\(.ssh.port)"' | tr ' ' '\n' | grep -c .)"
equal 'no machine twice' 3 \
    "$(pods .ssh.host | tr ' ' '\n' | grep . | sort -u | wc -l)"
equal 'all of the one provider' 'lab lab lab ' "$(pods .provider)"
check 'the key was sent' grep -qF "$(cut -d' ' -f2 "$work/key.pub")" \
    "$work/requests"
succeeds fleet create -n 3 --yes --no-wait
equal 'still three' 3 "$(find "$work/lab" -type f | wc -l)"

succeeds fleet stop basil --yes
equal 'one is stopped' 'running stopped running ' "$(pods .state)"
succeeds fleet rename basil elder --yes
equal 'and has another name' 'arena-apple arena-cedar arena-elder ' \
    "$(pods .name)"
fails_with 1 fleet restart apple --yes
says 'restart'
fails_with 1 fleet lock apple --yes
says 'lock'

# Four machines, five wanted: as many as there are, and the rest is told.
fails_with 3 fleet create -n 5 --yes --no-wait --json
equal 'one was left' 1 "$(json '.created | length')"
equal 'none for the other' capacity "$(json '.failed[0].error.code')"
says 'every machine is taken'
fails_with 5 fleet create -n 5 --yes --no-wait

succeeds fleet terminate all --yes
equal 'nothing is left' '' "$(pods .name)"
check 'no file either' test -z "$(find "$work/lab" -type f)"

# A setting that the program asks for, and the program itself.
sed '/^LAB_DIR=/d' "$FLEET_CONFIG" >"$work/no-dir.env"
fails_with 2 fleet -c "$work/no-dir.env" create -n 1 --yes --no-wait
says '_DIR must be set'
rm "$work/provider"
fails_with 2 fleet create -n 1 --yes --no-wait
says "$work/provider"
says 'No such file'
check 'every program has ended' nothing_runs

# What a program has to say about a pod is passed on.
cat >"$work/noting" <<'END'
#!/bin/sh
read -r line
echo '{"id":1,"ok":true,"abilities":[]}'
read -r line
echo '{"id":2,"ok":true,"pods":[{"id":"i-1","name":"arena-apple",
    "state":"running","note":"maintenance on Sunday"}]}' | tr -d '\n'
echo
END
chmod 755 "$work/noting"
export PROVIDERS=noted EXEC_PROVIDERS="noted=$work/noting"
succeeds fleet list --json
equal 'a note' 'maintenance on Sunday' \
    "$(json '.pods[] | select(.provider == "noted") | .note')"
succeeds fleet list
says 'apple: maintenance on Sunday'
