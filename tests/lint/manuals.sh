#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
set -eu
cd "${srcdir:-.}"
command -v mandoc >/dev/null || exit 77
# The pages may not be installed yet, so references to them prove nothing.
if mandoc -Tlint -W style man/*.[1-9] | grep -v 'referenced manual not found'
then
    exit 1
fi
