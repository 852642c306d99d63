#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Of two providers one cannot be listed. Its pods are unknown, which is not the
# same as gone, and whatever may mean them says so.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq ssh-keygen

# A provider that keeps its pods in a file, until there is a file "down".
cat >"$work/lab" <<'END'
#!/bin/sh
pods=$0.pods
touch "$pods"
while IFS= read -r line; do
    id=$(printf '%s\n' "$line" | jq .id)
    case $(printf '%s\n' "$line" | jq -r .call) in
    open) answer='"abilities":["create","find","get","terminate"]' ;;
    list)
        answer="\"pods\":$(jq -sc . "$pods")"
        [ ! -e "$0.down" ] || answer=
        ;;
    create)
        pod=$(printf '%s\n' "$line" | jq -c '{name: .spec.name, token: .token,
            id: .spec.name, state: "running"}')
        echo "$pod" >>"$pods"
        answer="\"pod\":$pod"
        ;;
    find) answer='"pod":null' ;;
    get)
        pod=$(printf '%s\n' "$line" | jq -c .pod |
            xargs -I{} jq -c 'select(.id == "{}")' "$pods")
        answer="\"pod\":${pod:-null}"
        ;;
    terminate)
        printf '%s\n' "$line" | jq -r .pod >"$0.id"
        jq -c --arg id "$(cat "$0.id")" 'select(.id != $id)' "$pods" \
            >"$pods.new"
        mv "$pods.new" "$pods"
        answer='"pod":null'
        ;;
    esac
    if [ -n "$answer" ]; then
        echo "{\"id\":$id,\"ok\":true,$answer}"
    else
        echo "{\"id\":$id,\"ok\":false,\"error\":{\"code\":\"auth\",
            \"message\":\"who are you\"}}" | tr -d '\n'
        echo
    fi
done
END
cp "$work/lab" "$work/den"
chmod 755 "$work/lab" "$work/den"
cohort 4
{
    echo "EXEC_PROVIDERS=\"lab=$work/lab den=$work/den\""
    echo 'PROVIDERS="lab den"'
} >>"$FLEET_CONFIG"

succeeds fleet create apple arrow --no-wait --yes
# Made behind our back, so nobody here remembers it.
echo '{"name":"arena-badger","id":"b","state":"running"}' >"$work/den.pods"
echo '{"name":"other-badger","id":"o","state":"running"}' >>"$work/lab.pods"
touch "$work/den.down"

fails_with 6 fleet list --json
equal 'those that are known' 'arena-apple arena-arrow' \
    "$(json '[.pods[].name] | join(" ")')"
equal 'not complete' false "$(jq .complete "$out")"
equal 'which' '["lab",true,null] ["den",false,"auth"]' "$(jq -rc \
    '[.providers[] | [.name, .ok, .error.code] | tostring] | join(" ")' "$out")"
equal 'an error, too' den "$(json '.errors[0].provider')"
fails_with 6 fleet create -n 3 --yes --no-wait
says 'nothing is made'

# What may mean pods that nobody sees does the rest and says so.
fails_with 6 fleet terminate --all --dry-run
prints 'arena-apple'
says 'who are you'
for target in all 'a*' --all; do
    echo '{"name":"arena-apple","id":"arena-apple","state":"running"}' \
        >>"$work/lab.pods"
    fails_with 6 fleet terminate "$target" --yes
    says 'who are you'
    equal "others are left alone: $target" other-badger \
        "$(jq -r .name "$work/lab.pods")"
done
