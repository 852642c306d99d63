#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# fleet keys: API keys from spreadsheets get into the environment of pods, once
# however often it runs, and out again; files that are there stay as they are;
# and no value is to be seen anywhere but where it belongs.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq ssh ssh-keygen sshd bash sha256sum
cohort 4
canary=canary$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
odd="$canary'\"\$(touch $work/ran)\`x\` \\ end"
fails_with 2 fleet keys
fails_with 2 fleet keys push
fails_with 2 fleet keys remove A_KEY
fails_with 2 fleet keys remove PATH all
succeeds fleet create -n 3 --yes
home()
{
    jq -r --arg n "$1" '.pods[] | select(.short == $n) | .id' "$work/pods" |
        sed "s|.*|$work/state/local/pods/&/home|"
}
fleet list --json >"$work/pods"
apple=$(home apple) arrow=$(home arrow)
[ -d "$apple" ] || fail "no home of apple: $apple"

# keys_csv TEXT...: $work/keys.csv, as a spreadsheet writes it.
keys_csv()
{
    printf '\357\273\277' >"$work/keys.csv"
    printf '%s\r\n' "$@" >>"$work/keys.csv"
    chmod 600 "$work/keys.csv"
}

# value NAME KEY: what a command over ssh has there; login NAME KEY: a login.
value()
{
    on_pod "$1" "printf %s \"\$$2\""
}
login()
{
    on_pod "$1" "bash -lc 'printf %s \"\$$2\"'"
}
on_pod()
{
    ssh -T -F "$work/ssh_config" -o BatchMode=yes "arena-$1" "$2" \
        </dev/null 2>"$work/ssh.err"
}

fleet test --only ssh >"$out" 2>"$err"
fleet ssh-config >"$work/ssh_config"

### What is in the way

: >"$work/seen"
# refused TEXT: nothing is sent, and no value is told.
refused()
{
    fails_with 2 fleet keys push "$work/keys.csv" --yes
    cat "$out" "$err" >>"$work/seen"
    says "$1"
    says 'nothing was sent'
}
keys_csv 'name,A_KEY' "aple,$canary"
refused 'no pod is called aple; did you mean apple?'
keys_csv "apple,$canary"
refused 'name the columns'
keys_csv "name,$canary!" 'apple,1'
refused 'column 2 is no name of a variable'
keys_csv 'name,PATH' "apple,$canary"
refused 'and no key'
keys_csv 'name,A_KEY' "apple,\"$canary"
refused 'keys.csv:2'
keys_csv 'name,A_KEY' "apple,$canary,$canary"
refused 'more fields'
keys_csv 'name,A_KEY' "$canary!,apple"
refused 'no name of a pod'
keys_csv 'name,A_KEY' "apple,$canary" 'arena-apple,other'
refused 'A_KEY of arena-apple is another key in'
keys_csv 'name,A_KEY' "apple,\"$canary
two\""
refused 'line break'
: >"$work/keys.csv"
refused 'nothing in it'
fails_with 1 fleet keys push "$work/none.csv" --yes
check_not 'nothing is there' test -e "$apple/.config/fleet/env"

### Put there

printf 'alias ll=ls\ncase $- in *i*) ;; *) return ;; esac\nexport LATE=1' \
    >"$arrow/.bashrc"
printf '#!/bin/bash\nexport MINE=kept\n' >"$apple/dotfile"
ln -s dotfile "$apple/.bashrc"
chmod 640 "$apple/dotfile"
keys_csv 'Name,OPENAI_API_KEY,HF_TOKEN' "apple,\"$(printf %s "$odd" |
    sed 's/"/""/g')\",hf-1$canary" "arena-arrow,sk-2$canary," \
    "badger,sk-4$canary,"
fails_with 4 fleet keys push "$work/keys.csv"
succeeds fleet keys push "$work/keys.csv" --dry-run
succeeds fleet keys push "$work/keys.csv" --yes --json -vv
cat "$out" "$err" >>"$work/seen"
says 'badger: there is no such pod yet'
equal 'each' '[["arena-apple","OPENAI_API_KEY set","HF_TOKEN set"],["arena-arrow","OPENAI_API_KEY set"]]' \
    "$(jq -c '[.results[] | [.name] + [.keys[] | "\(.key) \(.result)"]]' "$out")"
for pod in value login; do
    equal "$pod: whatever is in it" "$odd" "$($pod apple OPENAI_API_KEY)"
    equal "$pod: the second" "hf-1$canary" "$($pod apple HF_TOKEN)"
    equal "$pod: arrow" "sk-2$canary" "$($pod arrow OPENAI_API_KEY)"
    equal "$pod: none of another" '' "$($pod arrow HF_TOKEN)"
done
check_not 'nothing of it was run' test -e "$work/ran"
equal 'for its owner alone' '600 700' \
    "$(stat -c %a "$apple/.config/fleet/env" "$apple/.config/fleet" | xargs)"
check 'a link stays one' test -L "$apple/.bashrc"
equal 'with its mode' 640 "$(stat -c %a "$apple/dotfile")"
equal 'its first line, too' '#!/bin/bash' "$(head -n 1 "$apple/dotfile")"
check 'and the rest' grep -qx 'export MINE=kept' "$apple/dotfile"
check 'a last line without an end' grep -qx 'export LATE=1' "$arrow/.bashrc"
equal 'nothing is left beside it' '' "$(find "$apple" "$arrow" -name '*fleet-*')"

# Again, and again.
find "$apple" "$arrow" -type f -exec cksum {} + | sort >"$work/once"
succeeds fleet keys push "$work/keys.csv" --yes --json
equal 'already' '["already"]' \
    "$(jq -c '[.results[].keys[].result] | unique' "$out")"
find "$apple" "$arrow" -type f -exec cksum {} + | sort >"$work/twice"
check 'nothing is there twice' diff "$work/once" "$work/twice"
check 'one line' test "$(grep -c 'fleet: keys' "$apple/.profile")" = 1

### Shown, changed, taken away

succeeds fleet keys show --json
cat "$out" "$err" >>"$work/seen"
equal 'names' '{"arena-apple":["HF_TOKEN","OPENAI_API_KEY"],"arena-arrow":["OPENAI_API_KEY"],"arena-autumn":[]}' \
    "$(jq -c '[.results[] | {key: .name, value: ([.keys[].key] | sort)}] |
        from_entries' "$out")"
succeeds fleet keys show apple
cat "$out" "$err" >>"$work/seen"
prints OPENAI_API_KEY
sed -i '/fleet: keys/d' "$arrow/.profile"
succeeds fleet keys show
says 'arena-arrow: ~/.bashrc or ~/.profile does not read'

keys_csv 'pod,OPENAI_API_KEY' "apple,new-1$canary" "arrow,sk-2$canary" \
    "autumn,new-3$canary"
fails_with 3 fleet keys rotate "$work/keys.csv" --yes
cat "$out" "$err" >>"$work/seen"
prints 'OPENAI_API_KEY changed'
says 'that is the old key'
says 'is not set there'
equal 'the new one' "new-1$canary" "$(value apple OPENAI_API_KEY)"
check_not 'the old one is gone' grep -rqF "$(printf %s "$odd" | cut -c 1-40)" \
    "$apple/.config"
equal 'the other stays' "hf-1$canary" "$(value apple HF_TOKEN)"
equal 'not set by a rotation' '' "$(value autumn OPENAI_API_KEY)"

# Two files, narrowed.
keys_csv 'name,A_KEY' "apple,a1$canary" "arrow,a2$canary"
cp "$work/keys.csv" "$work/one.csv"
keys_csv 'machine,B_KEY' "apple,b1$canary"
succeeds fleet keys push "$work/one.csv" "$work/keys.csv" -x arrow --yes
equal 'of both' "a1$canary b1$canary" \
    "$(value apple A_KEY) $(value apple B_KEY)"
equal 'not arrow' '' "$(value arrow A_KEY)"
chmod 644 "$work/one.csv"
succeeds fleet keys push "$work/one.csv" --yes
says 'chmod 600'

# Two operators at once: neither undoes what the other has done.
keys_csv 'name,C_KEY' "apple,c1$canary" "arrow,c2$canary"
cp "$work/keys.csv" "$work/two.csv"
keys_csv 'name,D_KEY' "apple,d1$canary" "arrow,d2$canary"
fleet keys push "$work/two.csv" --yes >"$work/two.out" 2>&1 &
succeeds fleet keys push "$work/keys.csv" --yes
wait "$!" || fail "the other: $(cat "$work/two.out")"
equal 'both are there' "c1$canary d1$canary c2$canary d2$canary" \
    "$(value apple C_KEY) $(value apple D_KEY) $(value arrow C_KEY) \
$(value arrow D_KEY)"
check_not 'nobody is at it' test -e "$apple/.fleet-keys.lock"

fails_with 4 fleet keys remove HF_TOKEN apple
succeeds fleet keys remove HF_TOKEN,OPENAI_API_KEY,B_KEY apple arrow --yes
prints 'HF_TOKEN removed'
prints 'HF_TOKEN absent'
equal 'gone' '' "$(value apple HF_TOKEN)"
equal 'the other stays' "a1$canary" "$(value apple A_KEY)"
succeeds fleet keys remove A_KEY,C_KEY,D_KEY all --yes
check_not 'with the last one the file goes' test -e "$apple/.config/fleet"
equal 'what was there is as it was' '#!/bin/bash
export MINE=kept' "$(cat "$apple/dotfile")"
check_not 'and no shell reads it' grep -rq 'fleet: keys' "$apple" "$arrow"

### What else is on the pod sees nothing of it

# Every program that the pod has for it tells what it is called with.
autumn=$(home autumn)
mkdir "$work/spy"
for tool in awk cat chmod cp cut grep mkdir mv readlink rm rmdir sed \
    sha256sum sh; do
    real=$(command -v "$tool")
    cat >"$work/spy/$tool" <<END
#!/bin/bash
printf '%s\n' "$tool \$*" >>"$work/spied"
tr '\\0' '\\n' </proc/self/environ >>"$work/spied"
exec "$real" "\$@"
END
    chmod 755 "$work/spy/$tool"
done
echo "PATH=$work/spy:\$PATH" >"$autumn/.bashrc"
keys_csv 'name,A_KEY' "autumn,$canary"
succeeds fleet keys push "$work/keys.csv" --yes
for tool in awk mv sh sha256sum; do
    check "$tool was asked for" grep -q "^$tool " "$work/spied"
done
check_not 'none was told a key' grep -aF "$canary" "$work/spied"
equal 'it is there' "$canary" "$(value autumn A_KEY)"

### A pod that does not go along

rm "$apple/.bashrc"
mkdir "$apple/.bashrc"
keys_csv 'name,A_KEY' "apple,$canary" "arrow,$canary"
fails_with 3 fleet keys push "$work/keys.csv" --yes --json
cat "$out" "$err" >>"$work/seen"
says 'is no file that may be written'
equal 'the other has it' "$canary" "$(value arrow A_KEY)"

### Nobody has seen a value

succeeds fleet history --json
cat "$out" >>"$work/seen"
check_not 'no value was said' grep -qF "$canary" "$work/seen"
rm -rf "$apple/.config" "$arrow/.config" "$autumn/.config"
found=$(grep -rlF "$canary" "$work/state" "$work/home") || found=
equal 'nor is it kept here' '' "$found"
