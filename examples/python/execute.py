"""Creates a LangGraph run, exactly once for its workflow id, and prints that id.

Usage: execute.py WORKFLOW_ID ASSISTANT INPUT [MORE], where INPUT and MORE are JSON objects.
"""

import asyncio
import json
import os
import sys

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.envconfig import ClientConfig
from temporalio.exceptions import WorkflowAlreadyStartedError


async def main(workflow_id: str, assistant: str, graph_input: str, more: str = "{}") -> None:
    config = {"target_host": "localhost:7233", **ClientConfig.load_client_connect_config()}
    client = await Client.connect(**config)
    try:
        await client.start_workflow(
            "executeRun",
            {"assistantId": assistant, "input": json.loads(graph_input), **json.loads(more)},
            id=workflow_id,
            task_queue=os.environ.get("TEMPORAL_TASK_QUEUE", "langgraph-runs"),
            # The id is the idempotency key: attach to an open execution, and repeat one only if it failed.
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
        )
    except WorkflowAlreadyStartedError:
        pass  # It has ended: outcome.py prints its outcome.
    print(workflow_id)
    await asyncio.sleep(0.1)  # https://github.com/temporalio/sdk-python/issues/300


asyncio.run(main(*sys.argv[1:]))
