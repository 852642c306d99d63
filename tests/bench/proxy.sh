#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# proxy.sh [DIR]: what it costs to look at a proxy with many forwards, as a
# ratio to nginx's own test of the same file, turn by turn; and what becomes of
# connections while applies go on. A table in DIR (default bench-out). Nothing
# here passes or fails.
set -eu
builddir=$(cd "${builddir:-.}" && pwd)
mkdir -p "${1:-bench-out}"
results=$(cd "${1:-bench-out}" && pwd)
turns=${FLEET_BENCH_PAIRS:-9}
forwards=${FLEET_BENCH_FORWARDS:-5000}
applies=${FLEET_BENCH_APPLIES:-40}
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
for program in nginx sshd jq awk ssh-keygen; do
    command -v "$program" >/dev/null || {
        echo "bench: no $program here: the part with the proxy is left out" >&2
        exit 0
    }
done
# shellcheck disable=SC3045 # dash and bash have it
ulimit -n "$(ulimit -Hn)" # a descriptor for each listener

work=$(mktemp -d "${TMPDIR:-/tmp}/fleet-bench.XXXXXX")
end()
{
    exec 7>&- 8>&-
    for pid in "$work/nginx/pid" "$work/sshd.pid"; do
        [ ! -s "$pid" ] || kill "$(cat "$pid")" || :
    done
    wait
    patience=200 # theirs to remove
    while [ -e "$work/nginx/pid" ] && [ "$patience" -gt 0 ]; do
        patience=$((patience - 1))
        sleep 0.05
    done
    rm -rf "$work"
}
exec 7>/dev/null 8>/dev/null
trap end EXIT
trap 'exit 130' INT TERM HUP
export HOME="$work" LD_LIBRARY_PATH="$builddir/.libs"
export FLEET_CONFIG="$work/config.env"
fleet=$builddir/.libs/fleet
table=$results/proxy.txt
: >"$table"

row()
{
    # shellcheck disable=SC2059
    printf "$@" | tee -a "$table"
}

# run COMMAND...: has to succeed, or to end with 8 where that is what it means.
run()
{
    "$@" >"$work/stdout" 2>"$work/stderr" || [ "$?" -eq 8 ] || {
        cat "$work/stderr" >&2
        echo "bench: failed: $*" >&2
        exit 1
    }
}

# seconds COMMAND...
seconds()
{
    begun=$(date +%s.%N)
    run "$@"
    echo "$begun $(date +%s.%N)" | awk '{ printf "%.6f\n", $2 - $1 }'
}

median()
{
    sort -n | awk '{ at[NR] = $1 } END { print at[int((NR + 1) / 2)] }'
}

# pods N: what the provider lists from now on; all of them are one sshd.
pods()
{
    awk -v n="$1" -v port="$door" 'BEGIN {
        printf "{\"id\":2,\"ok\":true,\"pods\":["
        for (i = 0; i < n; i++)
            printf "%s{\"name\":\"arena-p%d\",\"id\":\"i-%d\"," \
                "\"state\":\"running\",\"ssh\":{\"host\":\"127.0.0.1\"," \
                "\"port\":%d,\"user\":\"root\"}}", (i ? "," : ""), i, i, port
        print "]}"
    }' >"$work/pods.new"
    mv "$work/pods.new" "$work/pods.json"
}

# nginx_with CONNECTIONS: a main file of so many.
nginx_with()
{
    for module in /usr/lib/nginx/modules/ngx_stream_module.so \
        /usr/lib64/nginx/modules/ngx_stream_module.so; do
        [ ! -e "$module" ] || echo "load_module $module;"
    done >"$work/nginx.conf"
    cat >>"$work/nginx.conf" <<END
pid $work/nginx/pid;
error_log $work/nginx/main.log;
worker_processes 1;
events { worker_connections $1; }
stream { include $work/tree/*.conf; }
END
}

mkdir "$work/nginx" "$work/tree"
nginx="nginx -p $work/nginx -c $work/nginx.conf"
nginx_with 1024
$nginx -t -q 2>"$work/stderr" || {
    echo "bench: this nginx has no stream module: the part with the proxy is" \
        "left out" >&2
    exit 0
}
first=$((10000 + $$ % 900 * 10))
door=$((first - 1))
for key in key host_key; do
    ssh-keygen -q -t ed25519 -N '' -f "$work/$key"
done
cat >"$work/provider" <<END
#!/bin/sh
read -r line
echo '{"id":1,"ok":true,"abilities":[]}'
read -r line
exec cat '$work/pods.json'
END
chmod 755 "$work/provider"
cat >"$FLEET_CONFIG" <<END
MACHINE_NAME_PREFIX=arena
PROVIDERS=cloud
EXEC_PROVIDERS="cloud=$work/provider"
SHARED_SSH_KEY_PATH=$work/key
FLEET_STATE_DIR=$work/state
SSH_PROXY_HOST=127.0.0.1
SSH_PROXY_STARTING_PORT=$first
SSH_PROXY_NGINX_CONFIG_PATH=$work/tree/fleet.conf
SSH_PROXY_NGINX_CMD="$nginx"
NGINX_LISTEN=127.0.0.1
NGINX_ACCESS_LOG=off
NGINX_ERROR_LOG=$work/error.log
END

### A plan against nginx -t

pods "$forwards"
nginx_with $((18 * forwards)) # what the file says that it needs
run "$fleet" nginx --out "$work/tree/fleet.conf"
run "$fleet" proxy plan
row '%-44s %12s %12s   %5s\n' "medians of $turns interleaved pairs" ours nginx \
    ratio
log=$results/proxy-plan.txt
: >"$log"
turn=0
# shellcheck disable=SC2086
while [ "$turn" -lt "$turns" ]; do
    ours=$(seconds "$fleet" proxy plan)
    theirs=$(seconds $nginx -t)
    echo "$ours $theirs" >>"$log"
    turn=$((turn + 1))
done
row '%-44s %9.1f ms %9.1f ms   %5.2f\n' "plan for $forwards forwards : nginx -t" \
    "$(awk '{ print $1 * 1000 }' "$log" | median)" \
    "$(awk '{ print $2 * 1000 }' "$log" | median)" \
    "$(awk '{ print $1 / $2 }' "$log" | median)"

### Connections while applies go on

rm "$work/tree/fleet.conf"
nginx_with 1024
[ -d /run/sshd ] || mkdir /run/sshd 2>/dev/null || :
cat >"$work/sshd.conf" <<END
Port $door
ListenAddress 127.0.0.1
HostKey $work/host_key
PidFile $work/sshd.pid
AuthorizedKeysFile $work/key.pub
StrictModes no
UsePAM no
PasswordAuthentication no
MaxStartups 10000
LoginGraceTime 0
LogLevel ERROR
END
"$(command -v sshd)" -f "$work/sshd.conf" -E "$work/sshd.log"
until [ -s "$work/sshd.pid" ]; do sleep 0.05; done
# shellcheck disable=SC2086
$nginx
until [ -s "$work/nginx/pid" ]; do sleep 0.05; done
pods 10
run "$fleet" proxy apply --yes
mkfifo "$work/knocking"
"$builddir/tests/bench/knock" "$first" 100 4 <"$work/knocking" \
    >"$work/knocked" 7>&- 8>&- &
exec 7>"$work/knocking"
until grep -q ready "$work/knocked"; do sleep 0.05; done
turn=0
while [ "$turn" -lt "$applies" ]; do
    pods $((10 + 10 * ((turn + 1) % 2)))
    run "$fleet" proxy apply --yes
    turn=$((turn + 1))
done
exec 7>&-
wait "$!"
cp "$work/knocked" "$results/proxy-knocked.txt"
# shellcheck disable=SC2046
set -- $(tail -n 1 "$work/knocked")
row '\n%-44s %12s %12s\n' "during $applies applies" good failed
row '%-44s %12d %12d\n' 'connections that were opened meanwhile' "$1" "$2"
row '%-44s %12d %12d\n' 'connections that were open' $((100 - $3)) "$3"
echo "kept in $results" >&2
