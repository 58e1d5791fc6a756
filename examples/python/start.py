"""Starts the watch of a LangGraph run, or attaches to the open one, and prints its workflow id.

Usage: start.py THREAD RUN [MORE], where MORE is a JSON object of further inputs, such as {"maxPollTime": "1h"}.
"""

import asyncio
import json
import os
import sys

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.envconfig import ClientConfig


async def main(thread: str, run: str, more: str = "{}") -> None:
    config = {"target_host": "localhost:7233", **ClientConfig.load_client_connect_config()}
    client = await Client.connect(**config)
    # The workflow id holds the ids in lower case, so that a run has one open watch.
    thread, run = thread.lower(), run.lower()
    watch = {"threadId": thread, "runId": run, **json.loads(more)}
    handle = await client.start_workflow(
        "watchRun",
        watch,
        id=f"watch-run/{watch.get('deployment', 'default')}/{thread}/{run}",
        task_queue=os.environ.get("TEMPORAL_TASK_QUEUE", "langgraph-runs"),
        # Attach to the open watch; a closed one does not prevent a new one.
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        # No workflow timeout and no retry policy: a timeout would end the watch without an outcome.
    )
    print(handle.id)
    await asyncio.sleep(0.1)  # https://github.com/temporalio/sdk-python/issues/300


asyncio.run(main(*sys.argv[1:]))
