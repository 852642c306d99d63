#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# With --json there is one document on standard output, whatever happens.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq
cohort 3

# document STATUS WORDS...: the document that fleet prints.
document()
{
    expected=$1
    shift
    fails_with "$expected" fleet "$@"
    equal "one document, version 1: $*" 1 "$(jq -es 'length' "$out")"
    equal '"fleet" comes first' fleet "$(jq -r 'keys_unsorted[0]' "$out")"
    equal 'it is version 1' 1 "$(json .fleet)"
    if [ "$expected" -eq 0 ]; then
        equal 'no errors' null "$(jq -c .errors "$out")"
    else
        check 'errors have all their keys' jq -e '.errors | length > 0 and all(
            keys == ["code","message","pod","provider","retry_after_s"])' \
            "$out" >/dev/null
    fi
}

document 0 version --json
check 'libraries' jq -e '.version and .libraries.sqlite' "$out" >/dev/null
document 0 --json version
document 0 version -o json
document 0 version -ojson
document 0 help --json
check 'commands' jq -e '.commands | map(.command) | index("create")' "$out" \
    >/dev/null
document 0 create --help --json
equal 'that command' create "$(json '.commands[0].command')"
document 0 help exit --json
document 0 providers --json
equal 'local is used' true \
    "$(json '.providers[] | select(.name == "local").chosen')"
document 0 providers local --json
check 'what it can do' jq -e '(.abilities | index("create")) and .version and
    (.file | startswith("/")) and (.options | type == "array")' "$out" >/dev/null
document 0 plugins --json
check 'files' jq -e '.plugins | map(select(.status == "loaded")) | length > 0' \
    "$out" >/dev/null
document 0 config show --json
equal 'a value and its source' '["arena","file"]' "$(jq -c '.values[] |
    select(.key == "MACHINE_NAME_PREFIX") | [.value, .source]' "$out")"
equal 'a list is a list' 3 \
    "$(json '.values[] | select(.key == "MACHINE_NAME_LIST").value | length')"
document 0 config check --json
document 0 history --json
equal 'an empty journal' '[]' "$(jq -c .history "$out")"
document 0 completion bash --json
document 0 list --json
equal 'no pods' '[]' "$(jq -c .pods "$out")"
equal 'complete' true "$(json .complete)"

document 2 --json creat
equal 'its code' usage "$(json '.errors[0].code')"
document 2 list --nonsense --json
equal 'its code' usage "$(json '.errors[0].code')"
document 2 list --json --config /nonexistent
equal 'its code' config "$(json '.errors[0].code')"
document 2 config set NUM_GPUS many --json
equal 'its code' usage "$(json '.errors[0].code')"
document 4 init --json
equal 'its code' refused "$(json '.errors[0].code')"
document 4 create -n 2 --json
equal 'its code' refused "$(json '.errors[0].code')"
document 1 providers nowhere --json
equal 'its code' not_found "$(json '.errors[0].code')"

# Bytes that are no UTF-8 do not break the document.
document 2 "$(printf 'l\377st')" --json

# CSV has a line of headings that programs can read, and nothing else.
succeeds fleet config show NUM_GPUS MACHINE_NAME_PREFIX -o csv
equal 'headings' key,value,source,where "$(head -n 1 "$out")"
equal 'rows' 3 "$(wc -l <"$out")"
