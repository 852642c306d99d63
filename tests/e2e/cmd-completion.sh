#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Completion knows the words, and never says a word about trouble.
. "${srcdir:-.}/tests/e2e/lib.sh"
cohort 3

# offers DESC EXPECTED WORDS...: exactly these words, blanks between.
offers()
{
    description=$1 expected_words=$2
    shift 2
    succeeds fleet __complete -- "$@"
    equal 'silent' '' "$(cat "$err")"
    equal "$description" "$expected_words" \
        "$(cut -f1 "$out" | tr '\n' ' ' | sed 's/ $//')"
}

offers 'a command' create cre
offers 'a command behind flags' create -q --config "$FLEET_CONFIG" cre
offers 'flags' '--dry-run' create --dry
offers 'flags of every command' '--json' list --js
offers 'no flag of another command' '' list --dry
offers 'choices' 'table json csv' list -o ''
offers 'a value that is not known' '' create -n ''
offers 'topics and commands' 'export exit' help ex
offers 'one topic only' '' help exit ''
offers 'providers' local providers lo
offers 'providers of a flag' local list --on lo
offers 'sub-commands' 'check show set' config ''
offers 'keys' NUM_GPUS config set NUM_G
offers 'shells' 'bash zsh fish' completion ''
offers 'behind --' '' create -- --dr
offers 'nothing for nonsense' '' nonsense x ''
offers 'no hidden commands' '' __
offers 'a command before any word' "$(fleet __complete -- '' | cut -f1 |
    tr '\n' ' ' | sed 's/ $//')" ''
succeeds fleet __complete
succeeds fleet __complete --
succeeds fleet __complete -- list --json ''

# Trouble.
echo 'A="' >>"$FLEET_CONFIG"
offers 'a broken file' '' stop a
offers 'commands all the same' create cre
cohort 3
mkdir -p "$work/state"
echo 'no database at all' >"$work/state/arena.db"
offers 'broken state' '' stop a
echo 'no database at all' | cmp -s - "$work/state/arena.db" ||
    fail 'the state was touched'
rm -r "$work/state"
FLEET_CONFIG=/nonexistent offers 'no file' '' stop a

for shell in bash zsh fish; do
    succeeds fleet completion "$shell"
    cp "$out" "$work/script.$shell"
    command -v "$shell" >/dev/null || continue
    check "$shell reads it" "$shell" -n "$work/script.$shell"
done

command -v bash >/dev/null || exit 0
cat >"$work/try.bash" <<'END'
. "$1"
COMP_WORDS=(fleet config set "NUM_G")
COMP_CWORD=3
_fleet
echo "${COMPREPLY[*]}"
COMP_WORDS=(fleet "")
COMP_CWORD=1
_fleet
echo "${#COMPREPLY[@]}"
END
equal 'bash completes' NUM_GPUS \
    "$(bash "$work/try.bash" "$work/script.bash" | head -n 1)"
check 'bash completes commands' test \
    "$(bash "$work/try.bash" "$work/script.bash" | tail -n 1)" -gt 15
