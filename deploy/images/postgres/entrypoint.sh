#!/bin/sh
# Starts postgres as the user `postgres`. If $PGDATA has no cluster, it is created first.
#
# Settings, as in the official image, each also as NAME_FILE:
#   POSTGRES_PASSWORD (required, unless POSTGRES_HOST_AUTH_METHOD=trust), POSTGRES_USER, POSTGRES_DB,
#   POSTGRES_INITDB_ARGS; and POSTGRES_HOST_AUTH_METHOD.
#
# The cluster is created in $PGDATA/.init, without a reachable server, and moved up when it is complete,
# PG_VERSION last. A start that finds .init but no PG_VERSION follows an interrupted one: it deletes what
# is there and begins again.
set -eu

fail() {
    echo "postgres: $*" >&2
    exit 1
}

# Prints the setting $1, from its variable or from the file that $1_FILE names. The default is $2.
setting() {
    value=$(printenv "$1" || true)
    file=$(printenv "$1_FILE" || true)
    if [ -n "$value" ] && [ -n "$file" ]; then
        fail "both $1 and $1_FILE are set; keep one"
    elif [ -n "$file" ]; then
        cat "$file" || fail "$1_FILE names $file, which cannot be read"
    else
        printf '%s' "${value:-$2}"
    fi
}

entries() {
    find "$PGDATA" -mindepth 1 -maxdepth 1 ! -name lost+found "$@"
}

refuse_what_is_not_ours() {
    if [ ! -s "$PGDATA/PG_VERSION" ] && [ ! -d "$PGDATA/.init" ] && [ -n "$(entries)" ]; then
        fail "$PGDATA is not empty and holds no PostgreSQL database; nothing was changed"
    fi
}

make_cluster() {
    user=$(setting POSTGRES_USER postgres)
    password=$(setting POSTGRES_PASSWORD '')
    database=$(setting POSTGRES_DB "$user")
    initdb_args=$(setting POSTGRES_INITDB_ARGS '')
    method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
    if [ -z "$password" ] && [ "$method" != trust ]; then
        fail 'the database is new and has no password: set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE'
    fi
    if [ -n "$(find /docker-entrypoint-initdb.d -type f 2>/dev/null)" ]; then
        fail 'this image runs no scripts from /docker-entrypoint-initdb.d'
    fi

    new=$PGDATA/.init
    mkdir -m 0700 "$new"
    # The password is passed through a pipe, so it appears in no argument and no file.
    # shellcheck disable=SC2086 # several arguments in one setting
    if [ -n "$password" ]; then
        printf '%s\n' "$password" | initdb --pgdata="$new" --username="$user" --pwfile=/dev/stdin \
            --no-instructions --auth-local=trust --auth-host=scram-sha-256 $initdb_args
    else
        initdb --pgdata="$new" --username="$user" \
            --no-instructions --auth-local=trust --auth-host="$method" $initdb_args
    fi
    printf 'host all all all %s\n' "$method" >>"$new/pg_hba.conf"
    printf "listen_addresses = '*'\n" >>"$new/postgresql.conf"
    if [ "$database" != postgres ]; then
        quoted=$(printf '%s' "$database" | sed 's/"/""/g')
        printf 'CREATE DATABASE "%s";\n\n' "$quoted" |
            postgres --single -j -D "$new" -c log_checkpoints=off -c exit_on_error=on postgres >/dev/null
    fi

    find "$new" -mindepth 1 -maxdepth 1 ! -name PG_VERSION -exec mv -t "$PGDATA" '{}' +
    sync --file-system "$PGDATA"
    mv "$new/PG_VERSION" "$PGDATA/PG_VERSION"
    sync --file-system "$PGDATA"
    rmdir "$new"
}

prepare_data() {
    if [ -s "$PGDATA/PG_VERSION" ]; then
        rm -rf "$PGDATA/.init"
        return
    fi
    if [ -d "$PGDATA/.init" ]; then
        echo 'postgres: an earlier start was cut off while it made the database; beginning again' >&2
        # .init is removed last, so that until then the next start knows what the rest is.
        entries ! -name .init -exec rm -rf '{}' +
        rm -rf "$PGDATA/.init"
    fi
    make_cluster
}

case "${1:-}" in
-*) set -- postgres "$@" ;;
esac

if [ "${1:-}" = postgres ]; then
    mkdir -p "$PGDATA"
    refuse_what_is_not_ours
    if [ "$(id -u)" = 0 ]; then
        find "$PGDATA" \! -user postgres -exec chown postgres:postgres '{}' +
        chmod 0700 "$PGDATA"
        exec setpriv --reuid postgres --regid postgres --init-groups "$0" "$@"
    fi
    trap 'exit 130' INT TERM
    prepare_data
    trap - INT TERM
fi

exec "$@"
