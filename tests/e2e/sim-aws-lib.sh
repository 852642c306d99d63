# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Sourced behind sim.sh by tests of the fake AWS. curl signs, so that two
# independent signers agree.
requires xmllint
form='Content-Type: application/x-www-form-urlencoded; charset=utf-8'

# call SERVICE ACTION [NAME=VALUE...]: prints the status; the answer is in
# $work/answer. $more is one more argument for curl.
more=
call()
{
    call_service=$1 call_action=$2
    shift 2
    for call_word; do
        shift
        set -- "$@" --data-urlencode "$call_word"
    done
    case $call_service in
    ec2) call_version=2016-11-15 ;;
    sts) call_version=2011-06-15 ;;
    autoscaling) call_version=2011-01-01 ;;
    *) fail "no such service: $call_service" ;;
    esac
    : >"$work/answer"
    curl -sS -o "$work/answer" -D "$work/headers" -w '%{http_code}\n' \
        --aws-sigv4 "aws:amz:$AWS_REGION:${scope-$call_service}" \
        --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" -H "$form" \
        ${more:+-H "$more"} -d "Action=$call_action" \
        -d "Version=$call_version" "$@" "$AWS_ENDPOINT_URL/" \
        2>"$work/curl.err" 7>&- || :
}

# gets SERVICE ACTION [NAME=VALUE...]: has to be 200.
gets()
{
    equal "$1:$2" 200 "$(call "$@")"
}

# refused STATUS CODE SERVICE ACTION [NAME=VALUE...]
refused()
{
    refused_status=$1 refused_code=$2
    shift 2
    equal "status of $2" "$refused_status" "$(call "$@")"
    equal "code of $2" "$refused_code" "$(told '//Code')"
}

# told XPATH: the text at each place in the answer, blanks between; names are
# those without their name space.
told()
{
    sed 's/ xmlns="[^"]*"//' "$work/answer" >"$work/plain"
    xmllint --xpath "$1/text()" "$work/plain" 2>/dev/null |
        tr '\n' ' ' | sed 's/ $//' || :
}

# counted XPATH
counted()
{
    sed 's/ xmlns="[^"]*"//' "$work/answer" >"$work/plain"
    xmllint --xpath "count($1)" "$work/plain"
}
export jammy=ami-0f1ee700000000001
