#!/bin/sh
# Usage: follow-replicas.sh NAME
#
# Runs nginx, and reloads it gracefully when the addresses behind NAME change: after a restart or a change of
# scale. nginx itself reads a name's addresses only when it reads its configuration.
set -eu
name=$1

# The addresses, one a line; nothing when the name is not known now.
addresses() {
    getent ahostsv4 "$name" | awk '$2 == "STREAM" { print $1 }' | sort -u
}

follow() {
    seen=$1
    while sleep 1; do
        now=$(addresses)
        if [ -n "$now" ] && [ "$now" != "$seen" ] && nginx -s reload; then
            echo "follow-replicas: $name is now at $(echo "$now" | tr '\n' ' ')" >&2
            seen=$now
        fi
    done
}

# nginx does not start with a name that has no address.
first=$(addresses)
while [ -z "$first" ]; do
    echo "follow-replicas: $name has no address yet" >&2
    sleep 1
    first=$(addresses)
done

# nginx is process 1 and gets the engine's signals; the follower ends with it.
follow "$first" &
exec nginx -g 'daemon off;'
