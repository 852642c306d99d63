#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# Machines typed into a file are listed as pods; a wrong line is told by number.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq

cat >"$FLEET_CONFIG" <<END
PROVIDERS=manual
MACHINE_NAME_PREFIX=arena
MANUAL_PODS=machines.csv
FLEET_STATE_DIR=$work/state
END
chmod 600 "$FLEET_CONFIG"

# What a spreadsheet writes, and what people add.
printf '%b' '\0357\0273\0277name,host,port,user,gpu,price_per_hour\r\n' \
    '# by the window\r\n' \
    'arena-apple,10.0.0.5,22,root,"RTX ""A"", 4000",0.000001\r\n' \
    '\r\n' \
    'arena-arrow, gpu.example.org ,40022,ubuntu\n' \
    '"arena-autumn",2001:db8::1,65535,me,,1.5' >machines.csv
succeeds fleet list --json
equal "every machine" 'arena-apple arena-arrow arena-autumn' \
    "$(json '[.pods[].name] | join(" ")')"
equal "address, port and user" '10.0.0.5 22 root' \
    "$(json '.pods[0].ssh | "\(.host) \(.port) \(.user)"')"
equal "blanks around a field do not count" gpu.example.org \
    "$(json '.pods[1].ssh.host')"
equal "quotes and commas in quotes" 'RTX "A", 4000' "$(json '.pods[0].gpu')"
equal "a price to the last digit" true \
    "$(json '.pods[0].price_per_hour == 0.000001')"
equal "a price in dollars" 'true USD' \
    "$(json '.pods[2] | "\(.price_per_hour == 1.5) \(.currency)"')"
equal "no price is not a price of 0" null \
    "$(jq '.pods[1].price_per_hour' "$out")"
equal "nobody knows whether it runs" listed "$(json '.pods[0].provider_state')"

fails_with 1 fleet terminate apple --yes
says "manual cannot terminate"

bad() # LINE TEXT...: the listing fails, and names line 2 and what is wrong
{
    printf 'name,host,port,user,gpu,price_per_hour\n%b\n' "$1" >machines.csv
    shift
    status=0
    fleet list --json >"$out" 2>"$err" || status=$?
    check_not "a bad line is no success" [ "$status" -eq 0 ]
    says "machines.csv:2: "
    for text in "$@"; do
        says "$text"
    done
    equal "no machine passes for listed" 0 \
        "$(jq '[.pods[] | select(.state != "unknown")] | length' "$out")"
    equal "the listing says that it lacks some" false "$(jq .complete "$out")"
}
bad 'arena-apple,h,99999,root' "port: '99999' is not"
bad 'arena-apple,h,0,root' "port: '0' is not"
bad 'arena-apple,h,22x,root' "port: '22x' is not"
bad 'arena-apple,h,,root' "port: '' is not"
bad 'Arena Apple,h,22,root' "name: 'Arena Apple' is not"
bad '../apple,h,22,root' "name: '../apple' is not"
bad 'arena-apple,-oProxyCommand=x,22,root' "host: '-oProxyCommand=x' is not"
bad 'arena-apple,h;reboot,22,root' "host: 'h;reboot' is not"
bad 'arena-apple,h,22,-root' "user: '-root' is not"
bad 'arena-apple,h,22' "user: '' is not"
bad 'arena-apple,h,22,root,,1.2345678' "price_per_hour: '1.2345678' is not"
bad 'arena-apple,h,22,root,,-1' "price_per_hour: '-1' is not"
bad 'arena-apple,h,22,root,,1,more' 'more fields'
bad '"arena-apple,h,22,root' 'not closed'
bad 'arena-"apple",h,22,root' 'quote'

printf 'name,host,port,user\na,h,1,u\na,h,1,u\nb,h,0,u\n' >machines.csv
check_not "a name twice" fleet list >"$out" 2>"$err"
says "machines.csv:3: name: 'a' stands on an earlier line too"
says "machines.csv:4: port: '0'"
for text in '' '# nothing but this\n' 'arena-apple,h,22,root\n' \
    'name,host,port\n' 'name,host,port,user,colour\n'; do
    printf '%b' "$text" >machines.csv
    check_not "a file without the header" fleet list >"$out" 2>"$err"
    says 'name,host,port,user[,gpu[,price_per_hour]]'
done
printf 'name,host,port,user\n\0' >machines.csv
check_not "a NUL byte" fleet list >"$out" 2>"$err"
says 'NUL byte'
rm machines.csv
check_not "no file" fleet list >"$out" 2>"$err"
says machines.csv
