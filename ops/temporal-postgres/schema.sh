#!/bin/sh
# Makes Temporal's two databases in Postgres, or brings their tables to the version of this tool: sh schema.sh
# It needs Temporal's temporal-sql-tool (or what TEMPORAL_SQL_TOOL names), and the variables of server.env, POSTGRES_SEEDS and
# POSTGRES_PWD. Running it again changes nothing.
set -eu

tool() {
  database=$1
  shift
  SQL_PASSWORD="$POSTGRES_PWD" "${TEMPORAL_SQL_TOOL:-temporal-sql-tool}" --plugin "$DB" --endpoint "$POSTGRES_SEEDS" --port "$DB_PORT" \
    --user "$POSTGRES_USER" --database "$database" "$@"
}

make() {
  tool "$1" create
  # The first version is no version: later ones are then the business of the update alone.
  tool "$1" update-schema --schema-name "postgresql/v12/$2" || {
    tool "$1" setup-schema --version 0.0
    tool "$1" update-schema --schema-name "postgresql/v12/$2"
  }
}

make "$DBNAME" temporal
make "$VISIBILITY_DBNAME" visibility
