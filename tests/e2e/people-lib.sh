# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Sourced behind lib.sh by the tests of participants: real sshds, and the real
# ssh with what each of them was given.
roster=$work/roster.csv

# people_cohort NAME...: a cohort with these names, a roster from standard input
# and the key that signs.
people_cohort()
{
    requires jq ssh ssh-keygen sshd
    cohort
    cat >"$roster"
    {
        echo "MACHINE_NAME_LIST=\"$*\""
        echo "ROSTER=$roster"
    } >>"$FLEET_CONFIG"
    succeeds fleet ca init --users --yes
}

# listed: what fleet knows of the pods, from now on.
listed()
{
    fleet list --json >"$work/list" 2>/dev/null
}

# of_pod NAME FILTER: of what is listed.
of_pod()
{
    jq -er --arg n "$1" ".pods[] | select(.short == \$n) | $2" "$work/list"
}

# try_as KEY CERT POD CMD...: a login with nothing but these; CERT may be "".
try_as()
{
    key=$1 cert=$2 pod=$3
    shift 3
    ssh -F none -n -o BatchMode=yes -o IdentitiesOnly=yes \
        -o IdentityAgent=none -o IdentityFile="$key" \
        -o KexAlgorithms=curve25519-sha256 \
        -o CertificateFile="${cert:-none}" -o LogLevel=ERROR \
        -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -p "$(of_pod "$pod" .ssh.port)" \
        "$(of_pod "$pod" .ssh.user)@127.0.0.1" "$@"
}

# badge_of ID: the directory with key and certificate: one of the test's own, or
# the one that fleet has made.
badge_of()
{
    if [ -d "$work/$1" ]; then
        echo "$work/$1"
    else
        echo "$work/state/arena.people/$1"
    fi
}

# gets_in ID POD / is_refused ID POD
gets_in()
{
    badge=$(badge_of "$1")
    equal "$1 gets in on $2" hello \
        "$(try_as "$badge/key" "$badge/key-cert.pub" "$2" echo hello)"
}

is_refused()
{
    badge=$(badge_of "$1")
    fails_with 255 try_as "$badge/key" "$badge/key-cert.pub" "$2" true
    says 'Permission denied'
}

# stolen ID AS: a copy of what they have, as somebody may have made one.
stolen()
{
    mkdir "$work/$2"
    cp -p "$work/state/arena.people/$1/"* "$work/$2/"
}

# keys_of POD: its authorized_keys, the one that people write to.
keys_of()
{
    fleet list "$1" --json >"$work/one" 2>/dev/null
    echo "$work/state/local/pods/$(jq -r '.pods[0].id' "$work/one")/home/.ssh/authorized_keys"
}

# lines POD: whose lines are there, sorted.
lines()
{
    sed -n 's/.* fleet:arena://p' "$(keys_of "$1")" | sort | tr '\n' ' '
}
