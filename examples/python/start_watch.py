"""Watches a LangGraph background run, and prints its outcome as JSON. Needs a worker on the task queue."""

import argparse
import asyncio
import json
import os
import sys

from temporalio.client import Client, WorkflowFailureError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy


async def watch(thread_id: str, run_id: str, deployment: str, max_poll_time: str) -> dict:
    client = await Client.connect(
        os.environ.get("TEMPORAL_ADDRESS", "localhost:7233"),
        namespace=os.environ.get("TEMPORAL_NAMESPACE", "default"),
    )
    handle = await client.start_workflow(
        "watchRun",
        {
            "threadId": thread_id,
            "runId": run_id,
            "deployment": deployment,
            "maxPollTime": max_poll_time,
        },
        # One open watch for each run.
        id=f"watch-run/{deployment}/{thread_id}/{run_id}",
        task_queue=os.environ.get("TEMPORAL_TASK_QUEUE", "langgraph-runs"),
        # Attaches to the open watch; a watch that has closed does not stand in the way of a new one.
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        # No workflow timeout, no retry policy: a timeout would cut the watch off without an outcome.
    )
    return await handle.result()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("thread_id")
    parser.add_argument("run_id")
    parser.add_argument("--deployment", default="default", help="a LangGraph server of the worker's configuration")
    parser.add_argument("--max-poll-time", default="10m", help="how long to wait for the run, such as 1h")
    args = parser.parse_args()
    try:
        # Lower case, as the id of the watch has them.
        outcome = asyncio.run(
            watch(args.thread_id.lower(), args.run_id.lower(), args.deployment, args.max_poll_time)
        )
    except WorkflowFailureError as error:
        print(f"error: {error.cause}", file=sys.stderr)
        return 1
    print(json.dumps(outcome, indent=2))
    return 0


if __name__ == "__main__":
    exit_code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Not by the interpreter's own end, where a short-lived Temporal client now and then aborts the process although all
    # went well: https://github.com/temporalio/sdk-python/issues/300
    os._exit(exit_code)
