#!/bin/sh
# A provider for machines that are there already: a pod is one of them, lent out
# under a name. Each pod is a file; its name is the pod's token and its id, and
# it holds "NAME HOST:PORT USER STATE". In config.env:
#
#     EXEC_PROVIDERS="lab=/usr/local/bin/provider.sh"
#     LAB_HOSTS="10.0.0.5:22 10.0.0.6:22"
#     LAB_DIR=/var/lib/lab
set -u
hosts='' dir=''

# setting NAME: the one that ends in _NAME, whatever this provider is called.
setting()
{
    printf '%s\n' "$line" |
        sed -n 's/.*"[A-Z0-9_]*_'"$1"'":"\([^"]*\)".*/\1/p' | sed 's/\\n/ /g'
}

# text KEY: a string of the request that needs no unescaping: a name, an id.
text()
{
    printf '%s\n' "$line" | sed -n 's/.*"'"$1"'":"\([^"\\]*\)".*/\1/p'
}

ok()
{
    printf '{"id":%s,"ok":true%s}\n' "$id" "${1-}"
}

# sorry CODE MESSAGE
sorry()
{
    printf '{"id":%s,"ok":false,"error":{"code":"%s","message":"%s"}}\n' \
        "$id" "$1" "$2"
}

# pod ID: as JSON.
pod()
{
    read -r name machine user state <"$dir/$1" &&
        printf '{"id":"%s","token":"%s","name":"%s","state":"%s",' \
            "$1" "$1" "$name" "$state" &&
        printf '"ssh":{"host":"%s","port":%s,"user":"%s"}}' \
            "${machine%:*}" "${machine##*:}" "$user"
}

# save ID NAME HOST:PORT USER STATE: all of it or nothing.
save()
{
    printf '%s %s %s %s\n' "$2" "$3" "$4" "$5" >"$dir/.new" &&
        mv "$dir/.new" "$dir/$1"
}

list()
{
    pods=''
    for file in "$dir"/*; do
        [ -f "$file" ] || continue
        pods="$pods${pods:+,}$(pod "${file##*/}")"
    done
    ok ",\"pods\":[$pods]"
}

free_machine()
{
    for machine in $hosts; do
        grep -qsF " $machine " "$dir"/* || {
            echo "$machine"
            return
        }
    done
}

# A token that is known was sent before: the answer is the same pod again. A
# cloud would have to be given the key in "public_key", too.
create()
{
    token=$(text token) user=$(text ssh_user) machine=$(free_machine)
    if [ -e "$dir/$token" ]; then
        ok ",\"pod\":$(pod "$token")"
    elif [ -z "$machine" ]; then
        sorry capacity 'every machine is taken'
    elif mkdir -p "$dir" &&
        save "$token" "$(text name)" "$machine" "${user:-root}" running; then
        ok ",\"pod\":$(pod "$token")"
    else
        sorry invalid "cannot write to $dir"
    fi
}

find_pod()
{
    if [ -e "$dir/$1" ]; then
        ok ",\"pod\":$(pod "$1")"
    else
        ok ',"pod":null'
    fi
}

# change NAME STATE: the new ones; empty: as it was.
change()
{
    which=$(text pod)
    if ! [ -e "$dir/$which" ]; then
        sorry not_found "there is no pod $which"
    elif read -r name machine user state <"$dir/$which" &&
        save "$which" "${1:-$name}" "$machine" "$user" "${2:-$state}"; then
        ok
    else
        sorry transient "cannot write to $dir"
    fi
}

# Gone already is fine.
give_back()
{
    if rm -f "$dir/$(text pod)"; then
        ok
    else
        sorry transient "cannot write to $dir"
    fi
}

while IFS= read -r line; do
    id=${line#*:} id=${id%%,*}
    case $(text call) in
    open)
        hosts=$(setting HOSTS) dir=$(setting DIR)
        if [ -n "$hosts" ] && [ -n "$dir" ]; then
            ok ',"abilities":["create","find","get","start","stop","terminate","rename"]'
        else
            sorry config '..._HOSTS and ..._DIR must be set in config.env'
        fi
        ;;
    list) list ;;
    create) create ;;
    find) find_pod "$(text token)" ;;
    get) find_pod "$(text pod)" ;;
    start) change '' running ;;
    stop) change '' stopped ;;
    rename) change "$(text name)" '' ;;
    terminate) give_back ;;
    *) sorry unsupported 'no such call' ;;
    esac
done
