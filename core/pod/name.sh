# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
#
# ~/.name says which pod this is.
[ "$(cat "$HOME/.name" 2>/dev/null)" != "$SHORT_NAME" ] || already "$SHORT_NAME"
put "$HOME/.name" 644 "$SHORT_NAME"
changed "$SHORT_NAME"
