#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# Each stage at which a pod may fail, produced for real, beside a pod that is
# sound throughout.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq sshd ssh-keygen
misanswer=$builddir/tests/servers/misanswer
[ -x "$misanswer" ] || skip "no $misanswer here"

cohort
sed 's/^PROVIDERS=.*/PROVIDERS=manual/; s/=arena/=typed/' "$FLEET_CONFIG" \
    >"$work/typed.env"
chmod 600 "$work/typed.env"
echo "MANUAL_PODS=$work/machines.csv" >>"$work/typed.env"
succeeds fleet create apple arrow autumn --yes
succeeds fleet list --json
user=$(json '.pods[0].ssh.user')
for i in 0 1 2; do
    json ".pods[$i].ssh.port" >"$work/port$i"
done
closed=$(cat "$work/port2")
succeeds fleet terminate autumn --yes
export FLEET_CONFIG="$work/typed.env"

# serve MODE: its port is in $work/MODE.port
serve()
{
    "$misanswer" "$1" "$work/$1.port" &
    on_exit kill $!
    wait_for 10 test -s "$work/$1.port"
}
for mode in web silent closing greeting tarpit flood; do
    serve "$mode"
done

# machines: lines NAME PORT [HOST [USER]] become the file that manual reads.
machines()
{
    echo name,host,port,user
    while read -r name port host login; do
        echo "typed-$name,${host:-127.0.0.1},$port,${login:-$user}"
    done
}
machines >"$work/machines.csv" <<END
sound $(cat "$work/port0")
moved $(cat "$work/port0")
closed $closed
nowhere 22 no-such-host.invalid
web $(cat "$work/web.port")
silent $(cat "$work/silent.port")
closing $(cat "$work/closing.port")
greeting $(cat "$work/greeting.port")
tarpit $(cat "$work/tarpit.port")
flood $(cat "$work/flood.port")
END

# stage NAME: where that pod failed
stage()
{
    json ".results[] | select(.name == \"typed-$1\") | .stage // \"none\""
}
message()
{
    json ".results[] | select(.name == \"typed-$1\").checks[0].detail"
}

began=$(date +%s)
fails_with 3 fleet test --only ssh,disk --timeout 4s --json
took=$(($(date +%s) - began))
check "the deadline holds for all of them at once" test "$took" -le 12
equal "the sound one is not disturbed" none "$(stage sound)"
equal "nobody listens" connect "$(stage closed)"
equal "no such name" resolve "$(stage nowhere)"
for name in web silent closing tarpit flood; do
    equal "$name is no SSH server" greeting "$(stage "$name")"
done
check "the web server is no SSH server" sh -c "case \$1 in *'not SSH'*) ;;
    *) false ;; esac" sh "$(message web)"
check_not "no escape sequence gets through" \
    grep -q "$(printf '\033')" "$out" "$err"
equal "seven fail, none is left out" '10 8' \
    "$(json '"\(.results | length) \(.summary.fail)"')"
equal "what was not asked does not pass" fail "$(json '.results[] |
    select(.name == "typed-closed").checks[] |
    select(.check == "disk").verdict')"

# A host key is learnt at first contact and compared ever after.
succeeds fleet list --json
learnt=$(json '.pods[] | select(.short == "moved").host_key')
check "the host key is learnt" test "$learnt" != null
machines >"$work/machines.csv" <<END
sound $(cat "$work/port0")
moved $(cat "$work/port1")
END
fails_with 3 fleet test --only ssh --json
equal "a changed key is a failure" "host key" "$(stage moved)"
equal "the other is sound" none "$(stage sound)"
fails_with 1 fleet test moved --only ssh
says "host key"
succeeds fleet list --json
equal "what is known does not change" "$learnt" \
    "$(json '.pods[] | select(.short == "moved").host_key')"
succeeds fleet test moved --only ssh --new-host-keys
succeeds fleet test moved --only ssh

# Keys that are refused, and shells that are none.
ssh-keygen -q -t ed25519 -N '' -f "$work/other"
SHARED_SSH_KEY_PATH="$work/other" fails_with 1 fleet test --only ssh --json
equal "the key is refused" 'login login' \
    "$(json '[.results[].stage] | join(" ")')"
home=$(dirname "$(grep -l "^port $(cat "$work/port1")\$" \
    "$work"/state/*/*/*/pod "$work"/state/*/*/pod 2>/dev/null)")
printf 'echo "This account is not available."\nexit 1\n' >"$home/session"
fails_with 3 fleet test --only ssh,disk --json
equal "a login without a shell" exec "$(stage moved)"
check "says what it said" sh -c "case \$1 in *'not available'*) ;;
    *) false ;; esac" sh "$(message moved)"
printf 'kill -9 $PPID\n' >"$home/session"
fails_with 3 fleet test --only ssh,disk --json --timeout 5s
equal "a pod that hangs up" exec "$(stage moved)"
printf 'exec sleep 4\n' >"$home/session"
fails_with 3 fleet test --only ssh,disk --json --timeout 2s
equal "a pod that does not answer" timeout "$(stage moved)"

export FLEET_CONFIG="$work/config.env"
