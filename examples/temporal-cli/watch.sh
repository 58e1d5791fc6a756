#!/bin/sh
# Watches a LangGraph background run with the Temporal CLI, and prints how the workflow ended as JSON: the outcome is its
# `result`. Needs a worker on the task queue.
# Usage: watch.sh THREAD RUN [DEPLOYMENT]. The CLI reads TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE itself.
set -eu

if [ $# -lt 2 ]; then
  echo "usage: $0 THREAD RUN [DEPLOYMENT]" >&2
  exit 64
fi

# The workflow id holds the ids in lower case.
thread=$(printf %s "$1" | tr '[:upper:]' '[:lower:]')
run=$(printf %s "$2" | tr '[:upper:]' '[:lower:]')
deployment=${3:-default}
# The workflow id makes sure that a run has one open watch.
watch="watch-run/$deployment/$thread/$run"

# Attach to the open watch; a closed one does not prevent a new one. Set no workflow timeout: it would end the watch
# without an outcome.
temporal workflow start \
  --type watchRun \
  --workflow-id "$watch" \
  --task-queue "${TEMPORAL_TASK_QUEUE:-langgraph-runs}" \
  --id-conflict-policy UseExisting \
  --id-reuse-policy AllowDuplicate \
  --input "{\"threadId\":\"$thread\",\"runId\":\"$run\",\"deployment\":\"$deployment\"}" >&2

temporal workflow result --workflow-id "$watch" --output json
