"""Waits until a watch or an execution has ended, and prints its outcome as JSON. Usage: outcome.py WORKFLOW_ID"""

import asyncio
import json
import sys

from temporalio.client import Client, WorkflowFailureError
from temporalio.envconfig import ClientConfig
from temporalio.exceptions import ApplicationError


async def main(workflow_id: str) -> str | None:
    config = {"target_host": "localhost:7233", **ClientConfig.load_client_connect_config()}
    client = await Client.connect(**config)
    failure = None
    try:
        outcome = await client.get_workflow_handle(workflow_id).result()
        print(json.dumps(outcome, indent=2))
    except WorkflowFailureError as error:
        cause = error.cause
        failure = f"{cause.type}: {cause.message}" if isinstance(cause, ApplicationError) else str(cause)
    await asyncio.sleep(0.1)  # https://github.com/temporalio/sdk-python/issues/300
    return failure


sys.exit(asyncio.run(main(*sys.argv[1:])))
