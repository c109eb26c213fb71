#!/bin/sh
# Starts redis-server as the user `redis`, whose folder /data is; another command runs as it is.
set -eu

# Flags or a configuration file alone are for redis-server.
case "${1:-}" in
-* | *.conf) set -- redis-server "$@" ;;
esac

if [ "${1:-}" = redis-server ]; then
    if [ "$(id -u)" = 0 ]; then
        find . \! -user redis -exec chown redis:redis '{}' +
        exec setpriv --reuid redis --regid redis --clear-groups "$0" "$@"
    fi
    umask 0077

    # The official image is built without protected mode, which would answer no other container.
    # A choice made by argument or in the configuration file stands.
    chosen=no
    for argument in "$@"; do
        if [ "$argument" = --protected-mode ]; then chosen=yes; fi
    done
    if [ -f "${2:-}" ] && grep -qi '^[[:space:]]*protected-mode' "$2"; then chosen=yes; fi
    if [ "$chosen" = no ]; then set -- "$@" --protected-mode no; fi
fi

exec "$@"
