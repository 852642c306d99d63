# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
#
# A step of the user's own: a program in whatever language its first line says.
file=$(mktemp "${TMPDIR:-/tmp}/fleet-step.XXXXXX") || failed "no room in /tmp"
trap 'rm -f "$file"' EXIT
printf '%s' "$STEP" >"$file" || failed "no room in /tmp"
chmod 700 "$file" || failed "cannot make $file a program"
[ -z "$REPO_DIR" ] || REPO_DIR=$(place "$REPO_DIR")
export REPO_DIR BRANCH
cd "$HOME" || failed "there is no $HOME"
status=0
"$file" >&3 || status=$?
exit "$status"
