#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
set -eu
cd "${srcdir:-.}"
command -v mandoc >/dev/null || exit 77
bad=0
# mandoc looks for the pages that ours refer to where manuals are installed, and
# ours may not be; whether those exist is asked below.
mandoc -Tlint -W style man/*.[1-9] | grep -v 'referenced manual not found' &&
    bad=1
for page in $(sed -n 's/^\.Xr \(fleet[a-z-]*\) \([1-9]\).*/\1.\2/p' \
    man/*.[1-9] | sort -u); do
    [ -f "man/$page" ] || {
        echo "man/$page is referred to and does not exist" >&2
        bad=1
    }
done
exit "$bad"
