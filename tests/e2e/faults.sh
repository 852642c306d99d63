# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Sourced behind sim.sh by tests that try every call at a fake cloud against
# every fault. Before that: the sim is started, the cohort made, strangers
# seeded.

# machines NAME: of those that exist, how many are called so.
machines()
{
    sim_machines "[.machines[] | select(.state != \"gone\" and
        .name == \"$1\")] | length"
}

strangers()
{
    sim_machines '[.machines[] | select(.name | test("^arena-") | not) |
        "\(.id) \(.name) \(.state)"] | join(",")'
}
before=$(strangers)

# reset_to STATE: there is arena-apple and nothing else of ours, in that state;
# STATE none: not even that.
reset_to()
{
    sim_no_faults
    wanted=$1
    have=$(sim_machines '[.machines[] | select(.state != "gone" and
        (.name | test("^arena-")))] | length')
    if [ "$wanted" = none ]; then
        [ "$have" -eq 0 ] || fleet terminate all --yes >"$out" 2>"$err" ||
            fail "cannot clear up: $(cat "$err")"
        return
    fi
    if [ "$have" -ne 1 ] || [ "$(machines arena-apple)" -ne 1 ]; then
        reset_to none
        fleet create apple --yes --no-wait >"$out" 2>"$err" ||
            fail "cannot create: $(cat "$err")"
    fi
    id=$(sim_machines '[.machines[] | select(.state != "gone" and
        .name == "arena-apple")][0].id')
    case $wanted in
    running) sim_change "$id" '{"state": "running"}' ;;
    stopped) sim_change "$id" '{"state": "stopped"}' ;;
    esac
}

# codes: of the errors in the last document, each once.
codes()
{
    jq -r '[.. | objects | select(has("code") and has("message")) | .code] |
        unique | join(",")' "$out"
}

# row CALL STATE STATUS CODES PODS FAULT: what `fleet CALL` comes to while the
# sim does FAULT. PODS: how many of ours there are afterwards; -: whatever.
rows=0
row()
{
    rows=$((rows + 1))
    reset_to "$2"
    sim_fault "$6"
    # shellcheck disable=SC2086
    fails_with "$3" fleet $1 --json
    equal "  $6" "$4" "$(codes)"
    [ "$5" = - ] || {
        sim_no_faults
        equal '  pods' "$5" "$(sim_machines '[.machines[] |
            select(.state != "gone" and (.name | test("^arena-")))] | length')"
        equal '  nobody else was touched' "$before" "$(strangers)"
    }
}

# rows_of: from standard input, fields between "|"; blank lines and comments
# are left out. With "long" in front: only under FLEET_TEST_LONG.
rows_of()
{
    while IFS='|' read -r kind call state status code pods fault; do
        case $kind in
        '' | '#'*) continue ;;
        long) [ -n "${FLEET_TEST_LONG:-}" ] || continue ;;
        esac
        row "$call" "$state" "$status" "$code" "$pods" "$fault" </dev/null
    done
}
