# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
#
# What everybody who logs in has in the environment: ~/.config/fleet/env, a line
# for each key, which the files of the shells read. Needs no lib.sh.
#
# WHAT    push, rotate, remove or show
# NAMES   of the keys that this is about
# LINES   what they are from now on, "export NAME='VALUE'"; the others go
# NONCE   goes in front of a value whose sum is told
#
# Values go through builtins, redirections and pipes only: nothing of them
# stands in a list of processes, or is printed.
umask 077
dir=$HOME/.config/fleet
file=$dir/env
mark='# fleet: keys'
# shellcheck disable=SC2016
line='[ ! -r "$HOME/.config/fleet/env" ] || . "$HOME/.config/fleet/env" '$mark

no() { say failed "$*"; exit 0; }

sha()
{
    if command -v sha256sum >/dev/null 2>&1; then sha256sum
    elif command -v shasum >/dev/null 2>&1; then shasum -a 256
    else openssl dgst -sha256 -r; fi 2>/dev/null | cut -d ' ' -f 1
}

# line_of NAME TEXT: its line there.
line_of()
{
    printf '%s\n' "$2" | while IFS= read -r l; do
        case $l in "export $1="*) printf '%s\n' "$l" && break ;; esac
    done
}

# shell_files: those that a shell which somebody logs in to, or runs a command
# with, reads first. Those that are not there are made where nothing else is
# read in their place.
shell_files()
{
    echo "$HOME/.bashrc"
    echo "$HOME/.profile"
    for f in .bash_profile .bash_login .zshenv; do
        [ ! -e "$HOME/$f" ] || echo "$HOME/$f"
    done
    case ${SHELL##*/} in
    zsh) [ -e "$HOME/.zshenv" ] || echo "$HOME/.zshenv" ;;
    esac
}

# edit FILE AWK: the file as the program makes it, whole or not at all, with the
# mode that it had. A link stays one.
edit()
{
    real=$(readlink -f "$1") || real=$1
    [ -f "$real" ] && [ -r "$real" ] && [ -w "$real" ] ||
        no "$1 is no file that may be written"
    cp -p "$real" "$real.fleet-$$" &&
        awk -v line="$line" -v mark="$mark" "$2" "$real" >"$real.fleet-$$" &&
        mv -f "$real.fleet-$$" "$real" && return 0
    rm -f "$real.fleet-$$"
    no "$1 cannot be written"
}

ours='function ours() { return substr($0, length($0) - length(mark) + 1) == mark }'

# Before all else, for many end at once where nobody types.
read_by_shells()
{
    shell_files | while IFS= read -r f; do
        [ -e "$f" ] || (umask 022 && : >"$f") || no "$f cannot be made"
        ! grep -qxF -e "$line" "$f" || continue
        edit "$f" "$ours"'
            ours() { next }
            NR == 1 && /^#!/ { print; print line; done = 1; next }
            !done { print line; done = 1 }
            { print }
            END { if (!done) print line }'
    done
}

no_longer_read()
{
    shell_files | while IFS= read -r f; do
        grep -qsF -e "$mark" "$f" || continue
        edit "$f" "$ours"' !ours()'
    done
}

is_read()
{
    for f in .bashrc .profile; do
        grep -qsxF -e "$line" "$HOME/$f" || return 1
    done
}

# One at a time, for the file is read, changed and written.
take_turn()
{
    lock=$HOME/.fleet-keys.lock turns=0
    until mkdir "$lock" 2>/dev/null; do
        [ -d "$lock" ] || no "$HOME may not be written"
        [ -z "$(find "$lock" -prune -mmin +1 2>/dev/null)" ] ||
            rmdir "$lock" 2>/dev/null || :
        turns=$((turns + 1))
        [ "$turns" -le 20 ] || no 'somebody else changes keys there'
        sleep 1
    done
    trap 'rmdir "$lock"' EXIT
}

[ "$WHAT" = show ] || take_turn
old=$(cat "$file" 2>/dev/null)
if [ "$WHAT" = show ]; then
    for n in $(sed -n 's/^export \([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p' \
        "$file" 2>/dev/null); do
        say key "$n set"
    done
    ! is_read || say read
    exit 0
fi

# What becomes of each, before anything is done.
told=
for n in $NAMES; do
    was=$(line_of "$n" "$old") is=$(line_of "$n" "$LINES")
    case ${was:+w}${is:+i} in
    w) word=removed ;;
    i) word=set ;;
    wi) if [ "$was" = "$is" ]; then word=already; else word=changed; fi ;;
    *) word=absent ;;
    esac
    case $WHAT-$word in
    rotate-set) no "$n is not set there: push sets it" ;;
    rotate-already) no "$n: that is the old key" ;;
    esac
    told="$told $n=$word"
done

rest=$(printf '%s\n' "$old" | while IFS= read -r l; do
    n=${l#export }
    case " $NAMES " in
    *" ${n%%=*} "*) ;;
    *) [ -z "$l" ] || printf '%s\n' "$l" ;;
    esac
done)
text=$rest${rest:+${LINES:+
}}$LINES
case "
$text" in
*"
export "*)
    mkdir -p "$dir" 2>/dev/null && chmod 700 "$dir" || no "$dir cannot be made"
    if [ "$text" != "$old" ]; then
        printf '%s\n' "$text" >"$file.fleet-$$" 2>/dev/null &&
            mv -f "$file.fleet-$$" "$file" || {
            rm -f "$file.fleet-$$"
            no "$file cannot be written"
        }
    fi
    chmod 600 "$file" || no "$file belongs to somebody else"
    e=$(read_by_shells) && [ -z "$e" ] || {
        printf '%s\n' "$e"
        exit 0
    }
    ;;
*)
    rm -f "$file" || no "$file cannot be removed"
    e=$(no_longer_read) && [ -z "$e" ] || {
        printf '%s\n' "$e"
        exit 0
    }
    rmdir "$dir" 2>/dev/null
    ;;
esac

# What a shell reads there, told as a sum that says nothing of it.
for n in $NAMES; do
    [ -z "$(line_of "$n" "$LINES")" ] || say sum "$n" "$(
        (
            unset "$n"
            # shellcheck source=/dev/null
            . "$file"
            eval "printf '%s%s' \"\$NONCE\" \"\$$n\""
        ) | sha)"
done
for n in $told; do
    say key "${n%%=*} ${n#*=}"
done
