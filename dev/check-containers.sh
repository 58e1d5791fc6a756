#!/usr/bin/env bash
# Checks Dockerfile and docker-compose.yml as far as that is possible without a Docker engine: bash dev/check-containers.sh
# It needs hadolint and docker compose, of either version, on PATH, and runs the steps of the Dockerfile by hand in a clean folder.
set -euo pipefail
cd "$(dirname "$0")/.."

compose=(docker-compose)
if docker compose version >/dev/null 2>&1; then compose=(docker compose); fi
for profile in demo webhook codec full postgres; do "${compose[@]}" --profile "$profile" config --quiet; done
"${compose[@]}" config --quiet
hadolint Dockerfile

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/build" "$work/worker"
cp -r package.json package-lock.json tsconfig.json tsconfig.build.json src dev "$work/build"
(cd "$work/build" && npm ci --ignore-scripts --no-audit --no-fund && npm run build)
cp package.json package-lock.json "$work/worker"
(cd "$work/worker" && npm pkg delete devDependencies overrides peerDependenciesMeta &&
  npm ci --ignore-scripts --no-audit --no-fund)
cp -r "$work/build/dist" "$work/worker"

cd "$work/worker"
node dist/cli.js --help >"$work/help"
grep -q 'langgraph-runs' "$work/help"
# The worker loads all its modules before it complains about the missing configuration.
if env -u LANGGRAPH_API_URL -u LANGGRAPH_DEPLOYMENTS node dist/worker.js 2>"$work/words"; then exit 1; fi
grep -q 'LANGGRAPH_API_URL is missing' "$work/words"
if TEMPORAL_ADDRESS=127.0.0.1:1 node dist/healthcheck.js 2>"$work/words"; then exit 1; fi
if env -u WEBHOOK_SECRET node dist/webhook.js 2>"$work/words"; then exit 1; fi
grep -q 'WEBHOOK_SECRET is missing' "$work/words"
if env -u PAYLOAD_KEYS -u DATA_CONVERTER node dist/codec-server.js 2>"$work/words"; then exit 1; fi
grep -q 'PAYLOAD_KEYS is missing' "$work/words"
echo 'Dockerfile and docker-compose.yml passed the checks that need no Docker engine'
