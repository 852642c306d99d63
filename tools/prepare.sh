# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Sourced by quickstart and runtests, from the top of the tree: packages, and a
# build outside the source tree.
set -eu
# Plugins in a directory that others may write are refused.
umask 022

# shellcheck disable=SC2034
build_packages='gcc libc6-dev make autoconf automake libtool pkg-config
libinih-dev libjansson-dev libmicrohttpd-dev libsqlite3-dev libssh2-1-dev
libssl-dev libcurl4-openssl-dev libxml2-dev'
# shellcheck disable=SC2034
run_packages='openssh-server openssh-client'

say()
{
    printf '%s\n' "$*" >&2
}

die()
{
    say "$(basename "$0"): $*"
    exit 1
}

missing_packages()
{
    for package in "$@"; do
        case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
        installed) ;;
        *) printf '%s ' "$package" ;;
        esac
    done
}

# apt_get ARGS...: apt-get as root, asking for a password only if it must.
apt_get()
{
    if [ "$(id -u)" -eq 0 ]; then
        say "\$ apt-get $*"
        DEBIAN_FRONTEND=noninteractive apt-get "$@" >&2
    else
        say "\$ sudo apt-get $*"
        sudo DEBIAN_FRONTEND=noninteractive apt-get "$@" >&2
    fi
}

# install_missing PACKAGE...: those that are not there yet.
install_missing()
{
    if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null
    then
        say "This is no Debian or Ubuntu; these packages, or what is like them"
        say "here, have to be there already:" "$@"
        return 0
    fi
    wanted=$(missing_packages "$@")
    [ -n "$wanted" ] || return 0
    say "These packages are missing and will be installed: $wanted"
    case " $wanted" in
    *' openssh-server '*)
        say "(openssh-server: local pods run its sshd. Debian also starts a" \
            "server of its own with it; if you do not want that:" \
            "sudo systemctl disable --now ssh)"
        ;;
    esac
    case " $wanted" in
    *' nginx '*)
        say "(nginx: tests run it as a proxy. Debian also starts a server of" \
            "its own with it; if you do not want that:" \
            "sudo systemctl disable --now nginx)"
        ;;
    esac
    [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
        die "no sudo here; ask an administrator for: apt-get install $wanted"
    apt_get update -q
    # shellcheck disable=SC2086
    apt_get install -q -y --no-install-recommends $wanted
}

# our_dir NAME: NAME, or NAME-UID where somebody else has made NAME already.
our_dir()
{
    if [ ! -e "$1" ] || [ -O "$1" ]; then
        printf '%s\n' "$1"
    else
        printf '%s-%s\n' "$1" "$(id -u)"
    fi
}

# A configure script that is missing or older than what it is made from.
configure_is_stale()
{
    [ -f configure ] && [ -f Makefile.in ] && [ -f config.h.in ] &&
        [ -f build-aux/ltmain.sh ] || return 0
    [ -n "$(find configure.ac Makefile.am core providers tests man \
        \( -name '*.mk' -o -name 'Makefile.am' -o -name configure.ac \) \
        -newer Makefile.in)" ]
}

# build_in DIR ARGS...: configures there with ARGS, if that is not done yet, and
# makes everything.
build_in()
{
    build=$1
    shift
    case $PWD in
    *[!A-Za-z0-9_/.,:@%+=-]*)
        die "autoconf cannot build in $PWD: it has blanks or odd characters" \
            "in its name; move it"
        ;;
    esac
    # A clone made under umask 002 may be written by its group, and what others
    # may write is no place for plugins.
    if [ -O . ] && [ -n "$(find . -prune -perm -020)" ]; then
        say "\$ chmod g-w $PWD"
        chmod g-w .
    fi
    if configure_is_stale; then
        say "\$ autoreconf -fi"
        autoreconf -fi >&2 || return 1
    fi
    mkdir -p "$build"
    # The same words again: nothing to do. make itself sees a newer configure.
    if [ ! -f "$build/Makefile" ] ||
        [ "$(cat "$build/.configured" 2>/dev/null)" != "$*" ]; then
        say "\$ cd $build && $PWD/configure $*"
        rm -f "$build/.configured"
        (top=$PWD && cd "$build" && "$top/configure" -q "$@" >&2) || return 1
        printf '%s\n' "$*" >"$build/.configured"
    fi
    say "\$ make -C $build -j$(jobs)"
    make -C "$build" -s -j"$(jobs)" >&2
}

jobs()
{
    getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2
}
