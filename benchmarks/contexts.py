"""Prompt tokens that saved contexts save: short calls to several agents on a few engines.

Each agent has a long system prompt of its own, and there are more agents than engines, so that a
new call seldom finds its agent's prompt in an engine's cache. The same calls are made through a
real server on the stand-in library, which models the cache, without saved contexts and with one
for each agent.

Run from the repository root: `python benchmarks/contexts.py`.
"""

import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[1]))

import httpx
from tests.standin.build import build_library
from tests.standin.model_script import ModelScript, Reply, read_journal
from tests.support.models import ACCESS_KEY, standin_model
from tests.support.server import running_server

AGENTS: Final = 6
ENGINES: Final = 2
CALLS: Final = 60
TURNS: Final = 3
DUTY: Final = "You answer the telephone of house number {}, politely and in a few words. "
SCRIPT: Final = ModelScript(
    model="llama-3.2-1b-instruct [3.85 v1]",
    context_length=8192,
    eos="<|eot_id|>",
    journal="journal",
    replies=[Reply(text="Of course, this can be done.")],
)


@dataclass(frozen=True, slots=True)
class Result:
    """What the engines did for the calls, and before them.

    Attributes:
        saving: Prompt tokens evaluated to save the contexts.
        first_turns: Prompt tokens evaluated in the first turn of a call.
        later_turns: Those in all others.
        told: Cached tokens as the answers' usage tells them.
    """

    prompt_tokens: int
    saving: int
    first_turns: int
    later_turns: int
    loads: int
    told: int


def _system(agent: int) -> dict[str, Any]:
    return {"role": "system", "content": DUTY.format(agent) * 30}


def measure(library: Path, folder: Path, agents: Sequence[int], *, with_contexts: bool) -> Result:
    """Make one call after the other, each to its agent."""
    folder.mkdir()
    config = '[contexts]\nfolder = "contexts"\n'
    config += standin_model(library, folder, SCRIPT, engines=ENGINES)
    told = 0
    with (
        running_server(folder, config, environment=ACCESS_KEY) as server,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        server.wait_engines()
        for agent in range(AGENTS) if with_contexts else ():
            body = {"model": "pico", "name": f"agent-{agent}", "messages": [_system(agent)]}
            client.post("/v1/contexts", json=body).raise_for_status()
        for call, agent in enumerate(agents):
            told += _call(client, call, agent)
    jobs = [job["evaluated_tokens"] for job in read_journal(folder / "journal", "generate")]
    turns = jobs[-len(agents) * TURNS :]
    prompts = read_journal(folder / "journal", "generate")[-len(turns) :]
    return Result(
        prompt_tokens=sum(job["prompt_tokens"] for job in prompts),
        saving=sum(jobs) - sum(turns),
        first_turns=sum(turns[::TURNS]),
        later_turns=sum(turns) - sum(turns[::TURNS]),
        loads=len(read_journal(folder / "journal", "load")),
        told=told,
    )


def _call(client: httpx.Client, call: int, agent: int) -> int:
    messages = [_system(agent)]
    cached = 0
    for turn in range(TURNS):
        messages.append({"role": "user", "content": f"This is call {call}; question {turn}?"})
        body = {"model": "pico", "messages": messages, "prompt_cache_key": f"agent-{agent}"}
        answer = client.post("/v1/chat/completions", json=body).raise_for_status().json()
        messages.append(answer["choices"][0]["message"])
        cached += answer["usage"]["prompt_tokens_details"]["cached_tokens"]
    return cached


def main() -> None:
    """Print the table."""
    rng = random.Random(1)  # noqa: S311  # the same order every time
    agents = [rng.randrange(AGENTS) for _ in range(CALLS)]
    sys.stdout.write(
        f"{CALLS} calls of {TURNS} turns to {AGENTS} agents on {ENGINES} engines\n\n"
        "| saved contexts | prompt tokens | evaluated for saving | in first turns "
        "| in later turns | loads | cached, as told |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n"
    )
    with tempfile.TemporaryDirectory() as name:
        library = build_library(Path(name) / "standin")
        for with_contexts in (False, True):
            folder = Path(name) / str(with_contexts)
            result = measure(library, folder, agents, with_contexts=with_contexts)
            cells = ("yes" if with_contexts else "no", *astuple(result))
            sys.stdout.write(f"| {' | '.join(map(str, cells))} |\n")


if __name__ == "__main__":
    main()
