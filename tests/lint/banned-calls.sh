#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Calls that invite overruns, injection or surprises, and marks of unfinished
# work.
set -eu
cd "${srcdir:-.}"
. tests/lint/code.sh
bad=0

# look PATTERN WHY FOLDER...: the code without its comments.
look()
{
    pattern=$1 why=$2
    shift 2
    # shellcheck disable=SC2044
    for file in $(find "$@" -name '*.[ch]'); do
        found=$(find_code "$pattern" "$file") || continue
        printf '%s: %s:\n%s\n' "$file" "$why" "$found" >&2
        bad=1
    done
}

banned='sprintf|vsprintf|strcpy|stpcpy|strcat|strncat|strtok|gets|alloca|system'
banned="$banned|popen|mktemp|tmpnam|tempnam|atoi|atol|atoll|atof|rand|srand"
banned="$banned|gethostbyname|inet_ntoa|asctime|ctime|gmtime|localtime"
look "(^|[^A-Za-z0-9_.>])($banned) *\\(" 'a banned call' core plugins providers
# The library returns; only the program prints and ends.
look '(^|[^A-Za-z0-9_.>])(printf|puts|putchar|perror|exit|abort) *\(' \
    'only core/cmd prints and exits' \
    core/base core/model core/net core/engine plugins providers
# A return above the first assignment would clean up what is on the stack.
look '^ .*FL_AUTO[A-Z_]*(\([a-z_]+\))? [^=]*;' \
    'cleaned up by itself, so it needs a value from the start' core plugins providers

if grep -rnE '\b(TODO|FIXME|XXX|HACK)\b' core include plugins providers man tests \
    --include='*.[ch137]' --include='*.sh' --exclude=banned-calls.sh >&2; then
    echo 'unfinished work is an issue, not a comment' >&2
    bad=1
fi
exit "$bad"
