# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# find_code PATTERN FILE: the lines of its code, comments gone, that match this
# extended regular expression, with their numbers. Fails where there are none.
find_code()
{
    "${CC:-cc}" -fpreprocessed -dD -E -x c "$2" 2>/dev/null |
        PATTERN=$1 awk '
            /^# [0-9]+ "/ { line = $2 - 1; next }
            { line++ }
            $0 ~ ENVIRON["PATTERN"] { print "  " line ": " $0; found = 1 }
            END { exit !found }'
}
