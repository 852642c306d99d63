#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# A program is told its settings on standard input and nowhere else, only its
# own, and whatever it repeats of the secret ones is not shown.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq ssh-keygen

canary=canary-$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
other=other-$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')

# Quotes what it is sent wherever it can: traced by its shell, on standard
# error, in its message, and in a line that is no answer.
cat >"$work/loud" <<'END'
#!/bin/sh
tr '\0' '\n' <"/proc/$$/cmdline" >>"$0.seen"
tr '\0' '\n' <"/proc/$$/environ" >>"$0.seen"
IFS= read -r line
printf '%s\n' "$line" >"$0.told"
printf 'told: %s\n' "$line" >&2
key=$(printf '%s\n' "$line" | sed 's/.*"MY_CLOUD_API_KEY":"\([^"]*\)".*/\1/')
case $(cat "$0.mode") in
message)
    printf '{"id":1,"ok":false,"error":{"code":"auth",'
    printf '"message":"the key %s is refused"}}\n' "$key"
    cat >/dev/null
    ;;
garbage)
    printf 'Traceback: key %s\n' "$key"
    cat >/dev/null
    ;;
exit)
    echo "fatal: $key" >&2
    exit 1
    ;;
trace)
    set -x
    : "$line"
    echo '{"id":1,"ok":true}'
    read -r line
    echo '{"id":2,"ok":true,"pods":[]}'
    cat >/dev/null
    ;;
esac
END
chmod 755 "$work/loud"

cohort
{
    echo 'PROVIDERS=my-cloud'
    echo "EXEC_PROVIDERS=\"my-cloud=$work/loud\""
    echo "MY_CLOUD_API_KEY=$canary"
    echo 'MY_CLOUD_REGION=eu-north-7'
    printf 'MY_CLOUD_PASSWORD=%s\n' "'$canary\"with\\signs'"
    echo "YOUR_CLOUD_API_KEY=$other"
} >>"$FLEET_CONFIG"
export MY_CLOUD_TOKEN="$canary-from-the-environment"

# loud MODE STATUS: everything that is said is kept.
loud()
{
    echo "$1" >"$work/loud.mode"
    for more in '' --json -vv; do
        # shellcheck disable=SC2086
        fails_with "$2" fleet list $more
        cat "$out" "$err" >>"$work/said"
    done
}

loud message 6
says 'the key *** is refused'
loud garbage 7
says 'Traceback: key ***'
loud exit 7
says 'fatal: ***'
loud trace 0
says 'eu-north-7'
echo message >"$work/loud.mode"
fails_with 6 fleet create -n 1 --yes --no-wait -vv
cat "$out" "$err" >>"$work/said"

check 'the program is told' grep -qF "\"MY_CLOUD_API_KEY\":\"$canary\"" \
    "$work/loud.told"
equal 'all that is its own' \
    'MY_CLOUD_API_KEY MY_CLOUD_PASSWORD MY_CLOUD_REGION MY_CLOUD_TOKEN ' \
    "$(jq -r '.config | keys[]' "$work/loud.told" | tr '\n' ' ')"
equal 'as it stands' "$canary\"with\\signs" \
    "$(jq -r .config.MY_CLOUD_PASSWORD "$work/loud.told")"
check_not 'nothing of others' grep -qF "$other" "$work/loud.told"
# But for the one that came by way of the environment anyway.
sed '/^MY_CLOUD_TOKEN=/d' "$work/loud.seen" >"$work/seen"
check 'its process was looked at' grep -q ^PATH= "$work/seen"
check_not 'nothing in arguments and environment' \
    grep -qF "$canary" "$work/seen"
check_not 'nothing is shown' grep -F "$canary" "$work/said"
check 'there is a state' test -n "$(find "$work/state" -type f)"
check_not 'nothing is kept' grep -rqF "$canary" "$work/state"
