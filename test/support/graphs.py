"""The twins of graphs.mjs for Python LangGraph servers: same names, same nodes, same state."""

import asyncio
from collections import Counter
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

# Of `typing.TypedDict` the server cannot make a schema before Python 3.12.
from typing_extensions import TypedDict


class State(TypedDict, total=False):
    symbol: Any
    seconds: Any
    size: Any
    partial: Any
    answer: Any
    answer2: Any
    final: Any
    blob: Any


async def prepare(state: State):
    return {"partial": f"partial {state['symbol']}"}


async def do_work(state: State):
    await asyncio.sleep(state.get("seconds") or 0)
    blob = {"blob": "x" * state["size"]} if state.get("size") else {}
    return {"final": f"done {state['symbol']}", **blob}


async def do_fail(state: State):
    await asyncio.sleep(state.get("seconds") or 0)
    raise ValueError(f"boom for {state['symbol']}")


async def ask(state: State):
    answer = interrupt({"question": f"buy {state['symbol']}?"})
    if answer == "boom":
        raise ValueError(f"boom for {state['symbol']}")
    return {"answer": answer}


async def ask_first(state: State):
    return {"answer": interrupt("first?")}


async def ask_second(state: State):
    return {"answer2": interrupt("second?")}


async def ask_inside(state: State):
    return {"answer": interrupt({"question": "inside?"})}


def prepared():
    return StateGraph(State).add_node("prepare", prepare).add_edge(START, "prepare")


work = prepared().add_node("work", do_work).add_edge("prepare", "work").add_edge("work", END).compile()
fail = prepared().add_node("work", do_fail).add_edge("prepare", "work").add_edge("work", END).compile()


class FewState(TypedDict, total=False):
    symbol: Any


async def keep_symbol(state: FewState):
    return {"symbol": state["symbol"]}


few_channels = StateGraph(FewState).add_node("keep", keep_symbol).add_edge(START, "keep").add_edge("keep", END).compile()

human = (
    prepared()
    .add_node("ask", ask)
    .add_node("work", do_work)
    .add_edge("prepare", "ask")
    .add_edge("ask", "work")
    .add_edge("work", END)
    .compile()
)

two_humans = (
    prepared()
    .add_node("ask", ask_first)
    .add_node("ask_too", ask_second)
    .add_node("work", do_work)
    .add_edge("prepare", "ask")
    .add_edge("prepare", "ask_too")
    .add_edge(["ask", "ask_too"], "work")
    .add_edge("work", END)
    .compile()
)

asking = StateGraph(State).add_node("ask_inside", ask_inside).add_edge(START, "ask_inside").add_edge("ask_inside", END).compile()
nested_human = (
    prepared()
    .add_node("child", asking)
    .add_node("work", do_work)
    .add_edge("prepare", "child")
    .add_edge("child", "work")
    .add_edge("work", END)
    .compile()
)


attempts = Counter()


async def do_fail_again(state: State, config: RunnableConfig):
    thread = config["configurable"]["thread_id"]
    attempts[thread] += 1
    raise ValueError(f"attempt {attempts[thread]} failed")


flaky = prepared().add_node("work", do_fail_again).add_edge("prepare", "work").add_edge("work", END).compile()

counts = Counter()


def count_of(what: str, config: RunnableConfig) -> int:
    key = f"{what} {config['configurable']['thread_id']}"
    counts[key] += 1
    return counts[key]


class ModelError(Exception):
    pass


async def prepare_and_count(state: State, config: RunnableConfig):
    return {"partial": f"prepared {count_of('prepare', config)} times"}


async def do_recover(state: State, config: RunnableConfig):
    attempt = count_of("model", config)
    if state.get("answer2") in (None, attempt):
        await asyncio.sleep(state.get("seconds") or 0)
    if attempt > state["size"]:
        return {"final": f"{state['symbol']} at attempt {attempt}"}
    raise ModelError(f"attempt {attempt} failed")


async def ask_if_so(state: State):
    return {"answer": interrupt({"question": "buy?"})} if state["symbol"] == "ASK" else {}


recovering = (
    StateGraph(State)
    .add_node("prepare", prepare_and_count)
    .add_node("model", do_recover)
    .add_node("ask", ask_if_so)
    .add_edge(START, "prepare")
    .add_edge("prepare", "model")
    .add_edge("model", "ask")
    .add_edge("ask", END)
    .compile()
)


async def ask_thrice(state: State):
    return {"answer": [interrupt({"question": f"q{n}"}) for n in range(3)]}


three_questions = prepared().add_node("ask", ask_thrice).add_edge("prepare", "ask").add_edge("ask", END).compile()


async def do_half(state: State):
    await asyncio.sleep(state.get("seconds") or 0)
    return {}


async def do_other_half(state: State):
    return await (do_fail({"symbol": "boom"}) if state["symbol"] == "boom" else do_half(state))


two_at_work = (
    prepared()
    .add_node("one", do_half)
    .add_node("two", do_other_half)
    .add_edge("prepare", "one")
    .add_edge("prepare", "two")
    .add_edge(["one", "two"], END)
    .compile()
)


async def do_one(state: State):
    return {"answer2": "one"}


async def ask_late(state: State):
    await asyncio.sleep(state.get("seconds") or 0)
    return await ask(state)


one_of_two = (
    prepared()
    .add_node("one", do_one)
    .add_node("two", ask_late)
    .add_edge("prepare", "one")
    .add_edge("prepare", "two")
    .add_edge(["one", "two"], END)
    .compile()
)


class Output(TypedDict, total=False):
    final: Any


with_output = (
    StateGraph(State, output_schema=Output)
    .add_node("prepare", prepare)
    .add_node("work", do_work)
    .add_edge(START, "prepare")
    .add_edge("prepare", "work")
    .add_edge("work", END)
    .compile()
)

beyond_double = 2**53 + 1


async def ask_number(state: State):
    answer = interrupt({"order": {"id": beyond_double}}) if state.get("symbol") == "ask" else None
    return {"answer": answer, "final": {"order": {"id": beyond_double, "count": 7}}}


numbers = StateGraph(State).add_node("ask", ask_number).add_edge(START, "ask").add_edge("ask", END).compile()


async def do_overflow(state: State):
    return {"final": 2**70}


overflow = prepared().add_node("work", do_overflow).add_edge("prepare", "work").add_edge("work", END).compile()
