#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# HTTPS as at a real provider: a real nginx in front of a fake one. A certificate
# that nobody vouches for is refused, HTTP/2 is spoken, connections are kept, and
# a proxy of the environment is used.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/sim.sh"
. "$srcdir/tests/e2e/format-lib.sh"
requires nginx openssl
sim_start runpod --no-ssh --pods 3 --prefix arena
sim_cohort runpod

port=$(free_ports 2)
proxy=$((port + 1))

mkdir "$work/nginx"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
    -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -keyout "$work/nginx/key" -out "$work/nginx/cert" 2>/dev/null
cat >"$work/nginx/nginx.conf" <<END
daemon off;
pid $work/nginx/pid;
error_log $work/nginx/error.log;
events { worker_connections 64; }
http {
    log_format how '\$server_protocol \$connection \$connection_requests';
    access_log $work/nginx/access.log how;
    client_body_temp_path $work/nginx/body;
    proxy_temp_path $work/nginx/proxy;
    fastcgi_temp_path $work/nginx/fastcgi;
    uwsgi_temp_path $work/nginx/uwsgi;
    scgi_temp_path $work/nginx/scgi;
    gzip on;
    gzip_types application/json;
    gzip_min_length 1;
    gzip_proxied any;
    server {
        listen 127.0.0.1:$port ssl http2;
        ssl_certificate $work/nginx/cert;
        ssl_certificate_key $work/nginx/key;
        location / {
            proxy_pass $sim_url;
        }
    }
    # Refuses what a proxy would do, and writes down what that was.
    log_format asked '\$request';
    server {
        listen 127.0.0.1:$proxy;
        access_log $work/nginx/proxy.log asked;
        return 403;
    }
}
END
nginx -p "$work/nginx" -c "$work/nginx/nginx.conf" -e "$work/nginx/error.log" \
    >"$work/nginx/out" 2>&1 7>&- &
on_exit kill $!
listens()
{
    curl -s -o "$work/hello" --cacert "$work/nginx/cert" \
        "https://localhost:$port/" 7>&-
}
wait_for 20 listens

export RUNPOD_API_URL="https://localhost:$port"
fails_with 7 fleet list --json
equal 'nobody vouches for it' transient "$(json '.errors[0].code')"
says certificate

export SSL_CERT_FILE="$work/nginx/cert"
: >"$work/nginx/access.log"
succeeds fleet list --json
equal 'all pods, unzipped' 3 "$(json '.pods | length')"
check 'HTTP/2' grep -q '^HTTP/2' "$work/nginx/access.log"
check_not 'nothing else' grep -qv '^HTTP/2' "$work/nginx/access.log"
equal 'one connection for all requests' 1 \
    "$(cut -d' ' -f2 "$work/nginx/access.log" | sort -u | wc -l)"

RUNPOD_API_URL="https://127.0.0.1:$port" fails_with 7 fleet list
says certificate

# A proxy is spoken to for hosts that are elsewhere, and for nobody here.
export https_proxy="http://127.0.0.1:$proxy" http_proxy="http://127.0.0.1:$proxy"
RUNPOD_API_URL=https://api.example.com fails_with 7 fleet list
check 'through the proxy' grep -qx 'CONNECT api.example.com:443 HTTP/1.1' \
    "$work/nginx/proxy.log"
before=$(wc -l <"$work/nginx/proxy.log")
RUNPOD_API_URL=$sim_url succeeds fleet list
RUNPOD_API_URL="https://localhost:$port" succeeds fleet list
equal 'not to the loopback' "$before" "$(wc -l <"$work/nginx/proxy.log")"

# What is traced has no secret in it.
succeeds fleet -vv --trace=http list
says 'GET https://localhost'
for file in "$out" "$err" "$work/nginx/access.log"; do
    check_not "no key in $file" grep -qF "$RUNPOD_API_KEY" "$file"
done
