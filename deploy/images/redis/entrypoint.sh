#!/bin/sh
# Starts redis-server as the user `redis`, who owns /data. Any other command runs unchanged.
set -eu

# Flags or a configuration file without a command are for redis-server.
case "${1:-}" in
-* | *.conf) set -- redis-server "$@" ;;
esac

if [ "${1:-}" = redis-server ]; then
    if [ "$(id -u)" = 0 ]; then
        find . \! -user redis -exec chown redis:redis '{}' +
        exec setpriv --reuid redis --regid redis --clear-groups "$0" "$@"
    fi
    umask 0077

    # Protected mode is off, as in the official image, because it refuses other containers.
    # A setting in the arguments or the configuration file wins.
    chosen=no
    for argument in "$@"; do
        if [ "$argument" = --protected-mode ]; then chosen=yes; fi
    done
    if [ -f "${2:-}" ] && grep -qi '^[[:space:]]*protected-mode' "$2"; then chosen=yes; fi
    if [ "$chosen" = no ]; then set -- "$@" --protected-mode no; fi
fi

exec "$@"
