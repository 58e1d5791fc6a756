#!/usr/bin/env bash
# Runs a full Temporal server whose database is Postgres: bash bench/postgres-temporal.sh
# It says the address, and stops both on Ctrl-C, on SIGTERM, or when the pipe ends that is its standard input. The data goes with it.
#
# It needs Go (1.21 or newer), Node and Postgres (Debian: golang, postgresql). The first start builds the server from Go's module
# proxy into the cache folder, which takes about ten minutes of one core.
set -euo pipefail
cd "$(dirname "$0")/.."

version=v1.32.2
programs="${XDG_CACHE_HOME:-$HOME/.cache}/langgraph-background-runs/temporal-server-${version#v}"
for package in cmd/tools/sql cmd/server; do
  if [ ! -x "$programs/$(basename "$package")" ]; then
    echo "Building $package of Temporal $version, once" >&2
    # Temporal needs a newer Go than most systems have; Go fetches it by itself. One package at a time leaves the machine usable.
    GOTOOLCHAIN=go1.27.3 GOBIN="$programs" nice -n 19 go install -p=1 "go.temporal.io/server/$package@$version"
  fi
done

postgres=$(command -v initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1) ||
  { echo 'Found no Postgres: install it, on Debian by apt-get install postgresql' >&2; exit 1; }
postgres=$(dirname "$(readlink -f "$postgres")")
# Postgres refuses to run as root.
as_postgres=()
if [ "$(id -u)" = 0 ]; then as_postgres=(setpriv --reuid=postgres --regid=postgres --clear-groups --); fi

work=$(mktemp -d)
server='' database='' input=''
stop() {
  trap '' INT TERM PIPE
  # Nothing is kept, so Temporal need not take its time; Postgres has memory to give back, and on SIGINT does not wait for connections.
  kill -KILL $server $input 2>/dev/null || true
  kill -INT $database 2>/dev/null || true
  wait 2>/dev/null
  rm -rf "$work"
}
trap stop EXIT
trap 'exit 0' INT TERM

# Temporal keeps its ports in a column that ends at 32767.
read -r port database_port http grpc_history grpc_matching grpc_worker member_frontend member_history member_matching member_worker < <(
  node --eval '
    const { createServer } = require("node:net")
    const free = []
    const look = () => {
      if (free.length === 10) return console.log(...free)
      const port = 10_000 + Math.floor(Math.random() * 20_000)
      const server = createServer().on("error", look).listen(port, "127.0.0.1", () => {
        if (!free.includes(port)) free.push(port)
        server.close(look)
      })
    }
    look()')

mkdir "$work/data"
if [ "$(id -u)" = 0 ]; then chown -R postgres "$work"; fi
"${as_postgres[@]}" "$postgres/initdb" --pgdata "$work/data" --username=temporal --auth=trust --encoding=UTF8 --locale=C >"$work/words" ||
  { cat "$work/words" >&2; exit 1; }
# Durable, as in production: with fsync and synchronous_commit. In a process group of its own, so that Ctrl-C reaches this script first.
setsid "${as_postgres[@]}" "$postgres/postgres" -D "$work/data" -c listen_addresses=127.0.0.1 -p "$database_port" \
  -c unix_socket_directories= -c max_connections=200 >"$work/postgres.log" 2>&1 </dev/null &
database=$!
until "$postgres/pg_isready" --quiet -h 127.0.0.1 -p "$database_port" -U temporal; do
  kill -0 "$database" || { cat "$work/postgres.log" >&2; exit 1; }
  sleep 0.1
done

# As docker-compose.yml has it in its profile `postgres`: the same tables, the same variables, and the configuration that is
# compiled into the server. Only the addresses differ.
set -a
# shellcheck source=../ops/temporal-postgres/server.env
. ops/temporal-postgres/server.env
POSTGRES_SEEDS=127.0.0.1 DB_PORT=$database_port POSTGRES_PWD=any DYNAMIC_CONFIG_FILE_PATH=ops/temporal-postgres/dynamic-config.yaml
BIND_ON_IP=127.0.0.1 FRONTEND_GRPC_PORT=$port HISTORY_GRPC_PORT=$grpc_history MATCHING_GRPC_PORT=$grpc_matching
WORKER_GRPC_PORT=$grpc_worker FRONTEND_HTTP_PORT=$http
FRONTEND_MEMBERSHIP_PORT=$member_frontend HISTORY_MEMBERSHIP_PORT=$member_history MATCHING_MEMBERSHIP_PORT=$member_matching
WORKER_MEMBERSHIP_PORT=$member_worker
set +a
TEMPORAL_SQL_TOOL="$programs/sql" sh ops/temporal-postgres/schema.sh >"$work/words" 2>&1 || { cat "$work/words" >&2; exit 1; }
setsid "$programs/server" start >"$work/temporal.log" 2>&1 </dev/null &
server=$!

node --input-type=module --eval '
  import { Connection } from "@temporalio/client"
  const [address] = process.argv.slice(1)
  const connection = await Connection.connect({ address, connectTimeout: "30s" })
  await connection.workflowService.registerNamespace({ namespace: "default", workflowExecutionRetentionPeriod: { seconds: 86400 } })
  for (;;) {
    try {
      await connection.workflowService.describeNamespace({ namespace: "default" })
      break
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  await connection.close()
' "127.0.0.1:$port" || { cat "$work/temporal.log" >&2; exit 1; }

echo "Temporal $version on Postgres serves at 127.0.0.1:$port (process $server, database process $database)"
if [ -p /dev/stdin ] || [ -S /dev/stdin ]; then
  # The end of the input ends the wait below.
  cat <&0 >"$work/input" &
  input=$!
  wait -n "$input" "$server" "$database" || true
else
  wait -n "$server" "$database" || true
fi
if ! kill -0 "$server" 2>/dev/null; then tail -n 20 "$work/temporal.log" >&2; exit 1; fi
