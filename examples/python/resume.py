"""Answers the question that a run asks, and prints the receipt as JSON.

Usage: resume.py WORKFLOW_ID ANSWER [INTERRUPT_ID], where ANSWER is any JSON but null.
"""

import asyncio
import json
import sys

from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.envconfig import ClientConfig


async def main(workflow_id: str, answer: str, interrupt_id: str | None = None) -> str | None:
    config = {"target_host": "localhost:7233", **ClientConfig.load_client_connect_config()}
    client = await Client.connect(**config)
    failure = None
    try:
        reply = {"value": json.loads(answer), "interruptId": interrupt_id}
        receipt = await client.get_workflow_handle(workflow_id).execute_update("resume", reply)
        print(json.dumps(receipt, indent=2))
    except WorkflowUpdateFailedError as error:
        failure = str(error.cause)
    await asyncio.sleep(0.1)  # https://github.com/temporalio/sdk-python/issues/300
    return failure


sys.exit(asyncio.run(main(*sys.argv[1:])))
