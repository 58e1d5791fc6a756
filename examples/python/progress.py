"""Prints how far a watch or an execution is, as JSON. Usage: progress.py WORKFLOW_ID"""

import asyncio
import json
import sys

from temporalio.client import Client
from temporalio.envconfig import ClientConfig


async def main(workflow_id: str) -> None:
    config = {"target_host": "localhost:7233", **ClientConfig.load_client_connect_config()}
    client = await Client.connect(**config)
    progress = await client.get_workflow_handle(workflow_id).query("progress")
    print(json.dumps(progress, indent=2))
    await asyncio.sleep(0.1)  # https://github.com/temporalio/sdk-python/issues/300


asyncio.run(main(*sys.argv[1:]))
