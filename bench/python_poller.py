"""The Python poller that docs/moving-over.md replaces, for the fleet bench: one process, asyncio, one shared HTTP client.

Reads one line of JSON for each run: {"thread_id", "run_id", "wait"}. After `wait` seconds it polls the run every 10 s, first
at once, until it has ended; then it reads the thread's state. It is more patient than the original, which gives up at the
first poll that fails, and it leaves the two stream strategies out, which cost the original time.
Writes {"run_id", "ended_at", "run", "failed_polls"} for each outcome: the time in seconds, the id in the values that it read.
"""

import asyncio
import json
import sys
import time

from langgraph_sdk import get_client

POLL_INTERVAL = 10.0


async def wait_for(client, thread_id, run_id, wait):
    await asyncio.sleep(wait)
    failed_polls = 0
    while True:
        try:
            run = await client.runs.get(thread_id, run_id)
            if run["status"] not in ("pending", "running"):
                state = await client.threads.get_state(thread_id)
                break
        except Exception:
            failed_polls += 1
        await asyncio.sleep(POLL_INTERVAL)
    outcome = {"run_id": run_id, "ended_at": time.time(), "run": state["values"]["run"], "failed_polls": failed_polls}
    print(json.dumps(outcome), flush=True)


async def main(url):
    client = get_client(url=url, api_key="python")
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    print("ready", file=sys.stderr, flush=True)
    polls = set()
    while line := await lines.readline():
        poll = asyncio.create_task(wait_for(client, **json.loads(line)))
        polls.add(poll)
        poll.add_done_callback(polls.discard)


# The end of its input is the end of the bench, whatever is still polled then.
asyncio.run(main(sys.argv[1]))
