#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# fleet proxy install: a main file of nginx that knows of no proxy becomes one
# that does, once. What is installed comes from a stand-in for apt-get.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/format-lib.sh"
. "$srcdir/tests/e2e/proxy-lib.sh"
requires jq ssh-keyscan sshd dpkg
nginx_is_here
grep -qsE '^ID(_LIKE)?=.*(debian|ubuntu)' /etc/os-release || skip 'no Debian here'
proxy_cohort apple birch

# A bare machine: the nginx that is called is not there before it is installed.
real=$(command -v nginx)
cat >"$work/bin/apt-get" <<END
#!/bin/sh
echo "\$*" >>"$work/apt"
case \$* in
*update*) exit 0 ;;
*' nginx'*) printf '#!/bin/sh\nexec $real "\$@"\n' >"$work/bin/proxy-nginx"
    chmod 755 "$work/bin/proxy-nginx" ;;
esac
case \$* in
*install*logrotate*) cp "$work/bin/dpkg" "$work/bin/logrotate" ;;
esac
END
cat >"$work/bin/dpkg" <<END
#!/bin/sh
[ ! -e "$work/bin/proxy-nginx" ] || echo 'Status: install ok installed'
END
chmod 755 "$work/bin/apt-get" "$work/bin/dpkg"
# Rules for logrotate go where the script that calls nginx so finds ROTATE.
mkdir "$work/rotate"
echo "SSH_PROXY_NGINX_CMD=\"ROTATE=$work/rotate; proxy-nginx -p $work/nginx -c $work/nginx.conf\"" \
    >>"$FLEET_CONFIG"
on_exit stop_nginx
sed -i '/^stream/d; s/worker_connections 1024/worker_connections 100/' \
    "$work/nginx.conf"
echo '# worker_connections 7 and a stream {} are only spoken of' \
    >>"$work/nginx.conf"
cp "$work/nginx.conf" "$work/bare.conf"
rmdir "$work/tree"
fails_with 4 fleet proxy install
succeeds fleet proxy install --dry-run
check 'nothing is changed' cmp "$work/bare.conf" "$work/nginx.conf"
[ "$(id -u)" = 0 ] || {
    fails_with 2 fleet proxy install --yes
    says 'takes root'
    printf '#!/bin/sh\nexec %s "$@"\n' "$real" >"$work/bin/proxy-nginx"
    chmod 755 "$work/bin/proxy-nginx"
}
succeeds fleet proxy install --yes
says 'worker_connections 1024'
says 'started nginx'
[ "$(id -u)" != 0 ] || check 'packages' grep -q 'install nginx' "$work/apt"
check 'the limit' grep -q '^worker_rlimit_nofile 2048;' "$work/nginx.conf"
check 'comments stay' grep -q 'worker_connections 7 and' "$work/nginx.conf"
check 'what was there is kept' cmp "$work/bare.conf" "$work/nginx.conf.before-fleet"
rule=$work/rotate/fleet-fleet
equal 'the logs are rotated' "$work/access.log $work/error.log {" \
    "$(head -n 1 "$rule")"
check 'by nginx' grep -q 'proxy-nginx .*-s reopen' "$rule"
equal 'by nothing half' "$rule" "$(find "$work/rotate" -type f)"
equal 'nothing else is left' "$deployed" "$(find "$work/tree" -type f)"

# Then it serves.
succeeds fleet create apple --yes
says '1 added'
check 'apple' serves "$first"

# Again: nothing is done twice.
cp "$work/nginx.conf" "$work/once.conf"
succeeds fleet proxy install --yes --json
check 'the main file stays' cmp "$work/once.conf" "$work/nginx.conf"
check 'apple still' serves "$first"
equal 'nothing was done' '[]' "$(jq -c .did "$out")"

# Rotation: what another rule speaks of is left to that one, for a log in two
# rules is rotated by neither.
printf '# %s\n"%s" "%s"/*.log {\n    daily\n}\n' "$work/error.log" \
    "$work/other.log" "$work/nginx" >"$work/rotate/other"
succeeds fleet proxy install --yes --json
equal 'others say nothing of them' '[]' "$(jq -c .did "$out")"
printf '%s/a*.log {\n    daily\n}\n' "$work" >"$work/rotate/other"
succeeds fleet proxy install --yes
says "see to the rotation of $work/error.log"
equal 'one of them' "$work/error.log {" "$(head -n 1 "$rule")"
printf '%s/*.log\n{\n    daily\n}\n' "$work" >"$work/rotate/other"
succeeds fleet proxy install --yes
check_not 'none is left' test -e "$rule"
rm "$work/rotate/other"
chmod 555 "$work/rotate"
[ "$(id -u)" = 0 ] || {
    succeeds fleet proxy install --yes
    says 'no log rotation'
}
chmod 755 "$work/rotate"
NGINX_ACCESS_LOG=off succeeds fleet proxy install --yes
equal 'no log, no rule' "$work/error.log {" "$(head -n 1 "$rule")"

# Nor is there a limit in the main file, or a low one.
sed -i 's/worker_connections 1024;//; s/worker_rlimit_nofile.*/worker_rlimit_nofile 64;/' \
    "$work/nginx.conf"
succeeds fleet proxy install --yes
check 'a limit of its own' grep -q '^events { worker_connections 1024;' \
    "$work/nginx.conf"
equal 'one limit of files' 'worker_rlimit_nofile 2048;' \
    "$(grep rlimit "$work/nginx.conf")"

# A stream block that is there is used, and files that nginx refuses stay.
SSH_PROXY_NGINX_CONFIG_PATH=$work/tree/second.conf succeeds \
    fleet proxy install --yes
equal 'one stream block' 1 "$(grep -c '^stream' "$work/nginx.conf")"
check 'with both' grep -q "include $work/tree/second.conf;" "$work/nginx.conf"
echo 'nonsense here;' >>"$work/nginx.conf"
cp "$work/nginx.conf" "$work/bad.conf"
SSH_PROXY_NGINX_CONFIG_PATH=$work/tree/third.conf fails_with 2 \
    fleet proxy install --yes
says 'nonsense'
check 'it stays as it is' cmp "$work/bad.conf" "$work/nginx.conf"
cp "$work/once.conf" "$work/nginx.conf"
