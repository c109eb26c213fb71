#!/bin/sh
# Usage: follow-replicas.sh NAME
#
# Runs nginx, and reloads it gracefully when the addresses behind NAME change, which happens after a restart or a
# change of scale. nginx itself resolves a name only when it reads its configuration.
set -eu
name=$1

# Prints the addresses, one per line, or nothing if the name cannot be resolved.
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

# nginx does not start if a name has no address.
first=$(addresses)
while [ -z "$first" ]; do
    echo "follow-replicas: $name has no address yet" >&2
    sleep 1
    first=$(addresses)
done

# nginx is process 1, so it gets the engine's signals. The follower ends with it.
follow "$first" &
exec nginx -g 'daemon off;'
