"""Cancels the run of a watch or an execution, waits until it has stopped, and prints what became of it as JSON.

Usage: cancel.py WORKFLOW_ID
"""

import asyncio
import json
import sys

from temporalio.client import Client
from temporalio.envconfig import ClientConfig


async def main(workflow_id: str) -> None:
    config = {"target_host": "localhost:7233", **ClientConfig.load_client_connect_config()}
    client = await Client.connect(**config)
    cancellation = await client.get_workflow_handle(workflow_id).execute_update("cancelRun", {})
    print(json.dumps(cancellation, indent=2))
    await asyncio.sleep(0.1)  # https://github.com/temporalio/sdk-python/issues/300


asyncio.run(main(*sys.argv[1:]))
