#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# A build with a prefix of its own: what make install puts there works from
# there, and is all that somebody needs to build a provider.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires make pkg-config jq sshd
[ ! -f "$srcdir/config.status" ] || skip 'a build inside the source tree'
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

# quietly CMD...: shows what it said only when it failed.
quietly()
{
    "$@" >"$work/log" 2>&1 || {
        tail -n 40 "$work/log" >&2
        fail "$*"
    }
}

prefix=$work/prefix
mkdir "$work/build"
cd "$work/build"
quietly "$srcdir/configure" --prefix="$prefix" --disable-hardening CFLAGS=-O0
quietly make -s -j2 all
quietly make -s install DESTDIR="$work/staged"
quietly make -s install
cd "$work"

staged=$work/staged$prefix
for file in bin/fleet lib/libfleet.so lib/pkgconfig/fleet.pc \
    lib/fleet/local.so lib/fleet/manual.so lib/fleet/exec.so \
    include/fleet/provider.h share/man/man1/fleet.1; do
    check "installed with DESTDIR: $file" test -f "$staged/$file"
done
equal 'both installations have the same files' \
    "$(cd "$staged" && find . | sort)" "$(cd "$prefix" && find . | sort)"

# From here on the build trees are out of sight.
rm -rf "$work/build" "$work/staged"
PATH=$prefix/bin:$(printf %s "$PATH" | sed "s,$builddir/.libs:,,")
unset LD_LIBRARY_PATH FLEET_PLUGIN_PATH
export PATH
equal 'the installed program runs' "$prefix/bin/fleet" "$(command -v fleet)"
succeeds fleet version
cohort
succeeds fleet plugins --json
equal 'it finds its modules' "$prefix/lib/fleet" \
    "$(json '[.plugins[] | select(.status == "loaded") | .file |
        sub("/[^/]*$"; "")] | unique | join(" ")')"
succeeds fleet create -n 1 --yes
succeeds fleet terminate all --yes

# A provider built with nothing but what pkg-config says.
PKG_CONFIG_PATH=$prefix/lib/pkgconfig
export PKG_CONFIG_PATH
cp -R "$srcdir/tests/plugins/demo" "$work/plugins"
chmod -R u+w "$work/plugins"
quietly make -C "$work/plugins"
export FLEET_PLUGIN_PATH="$work/plugins" LD_LIBRARY_PATH="$prefix/lib"
succeeds fleet providers demo
prints demo
