#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# fleet init: a file and a key that work as they are.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires ssh-keygen
export FLEET_CONFIG=

mode()
{
    stat -c %a "$1"
}
# value KEY: what counts for it.
value()
{
    fleet config show "$1" -o csv | sed -n '2s/^[^,]*,\([^,]*\),.*/\1/p'
}

mkdir "$work/one" && cd "$work/one"
succeeds fleet init
says 'fleet create'
equal 'nothing on standard output' '' "$(cat "$out")"
equal 'private file' 600 "$(mode config.env)"
equal 'private key' 600 "$(mode fleet_key)"
check 'public key' test -s fleet_key.pub
equal 'the pair fits' "$(cut -d' ' -f1-2 fleet_key.pub)" \
    "$(ssh-keygen -y -P '' -f fleet_key | cut -d' ' -f1-2)"
equal 'a relative path' SHARED_SSH_KEY_PATH=fleet_key \
    "$(grep ^SHARED_SSH_KEY_PATH config.env)"
equal 'prefix' fleet "$(value MACHINE_NAME_PREFIX)"
succeeds fleet config check
equal 'no warnings' '' "$(grep warning "$err" || :)"
export FLEET_STATE_DIR="$work/state"
succeeds fleet doctor
succeeds fleet create -n 3 --dry-run
check 'no state yet' test ! -e "$work/state/fleet.db"
unset FLEET_STATE_DIR

# Each setting is explained, switched off, and fine once it is switched on.
for key in NUM_GPUS GPU_TYPE MAX_PRICE FLEET_STATE_DIR SSH_USER; do
    grep -q "^#$key=" config.env || fail "$key is not in the file"
done
sed 's/^#\([A-Z_]*=\)/\1/' config.env >all.env
chmod 600 all.env
succeeds fleet config check --config all.env
equal 'no warnings' '' "$(grep warning "$err" || :)"

cp config.env before
fails_with 4 fleet init
says '--force'
check 'not touched' cmp before config.env
cp fleet_key key-before
succeeds fleet init --force --prefix arena --names 'apple, birch' --key fleet_key
check 'the key stays' cmp key-before fleet_key
equal 'prefix' arena "$(value MACHINE_NAME_PREFIX)"
equal 'names' 'apple birch' "$(value MACHINE_NAME_LIST)"
grep -q '^PROVIDERS=local$' config.env || fail 'providers'

# Elsewhere: paths stand on the file's directory, or are absolute.
mkdir "$work/two" "$work/keys"
succeeds fleet init --out "$work/two/team.env" --prefix team
says "--config $work/two/team.env"
check 'key beside the file' test -s "$work/two/team_key"
succeeds fleet config check --config "$work/two/team.env"
succeeds fleet doctor --config "$work/two/team.env"
succeeds fleet init --config "$work/two/other.env" --key ../keys/k
check 'key where it was asked for' test -s "$work/keys/k.pub"
succeeds fleet doctor --config "$work/two/other.env"

# Only the .pub is missing: it is made. Only the key is missing: no.
rm "$work/keys/k.pub"
succeeds fleet init --force --out x.env --key ../keys/k
check 'made again' test -s "$work/keys/k.pub"
rm "$work/keys/k"
fails_with 4 fleet init --force --out y.env --key ../keys/k
says 'its private key'
check 'nothing written' test ! -e y.env

fails_with 2 fleet init --out z.env --prefix 'Big Name'
fails_with 2 fleet init --out z.env --names 'apple,../birch'
fails_with 2 fleet init --out z.env --names 'apple,apple'
fails_with 2 fleet init --out z.env --providers 'lcoal'
says 'did you mean'
check 'nothing written' test ! -e z.env
check 'no key either' test ! -e 'Big Name_key'
mkdir closed
if [ "$(id -u)" -ne 0 ]; then
    chmod 500 closed
    fails_with 1 fleet init --out closed/c.env
fi
fails_with 1 fleet init --out "$work/nowhere/c.env"

# A person is asked, and may just press return.
command -v script >/dev/null || exit 0
printf 'birds\n\n' >"$work/answers"
TERM=xterm script -qec 'fleet init --out asked.env' /dev/null \
    <"$work/answers" >"$out" 2>"$err" || fail 'on a terminal'
grep -q '^MACHINE_NAME_PREFIX=birds$' asked.env || fail 'the answer'
grep -q '^PROVIDERS=local$' asked.env || fail 'the default'
