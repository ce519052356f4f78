"""Prompt tokens that engines evaluate again: 8 conversations of 10 turns on 4 engines.

The prompts run through a real server on the stand-in library, which models a prefix cache, and
then again on engines of the same library in an ideal order and in turn (round robin).

Run from the repository root: `python benchmarks/affinity.py`.
"""

import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[1]))

import httpx
from benchmarks.silent_sink import SilentSink
from tests.standin.build import build_library
from tests.standin.model_script import ModelScript, Reply, read_journal
from tests.support.models import ACCESS_KEY, standin_model
from tests.support.server import running_server

from picoserve.engine.engine import EngineKind, EngineSpec
from picoserve.engine.picollm import PicoLLMEngine
from picoserve.generation import Job

CONVERSATIONS: Final = 8
TURNS: Final = 10
ENGINES: Final = 4
SYSTEM: Final = "You answer the telephone of a small hotel near the sea. " * 12
SCRIPT: Final = ModelScript(
    model="llama-3.2-1b-instruct [3.85 v1]",
    context_length=8192,
    eos="<|eot_id|>",
    journal="journal",
    journal_prompts=True,
    replies=[Reply(text="Of course, this can be done, and here is what you asked me for.")],
)


@dataclass(frozen=True, slots=True)
class Result:
    """Prompt tokens that were evaluated, all turns together."""

    prompt_tokens: int
    ideal: int
    affinity: int
    round_robin: int


def four_lines(rng: random.Random) -> Iterator[int]:
    """Four telephone lines: each takes a second call one round after its first has ended."""
    starts = {caller: 2 * caller for caller in range(ENGINES)}
    starts |= {caller + ENGINES: start + TURNS + 1 for caller, start in starts.items()}
    for moment in range(max(starts.values()) + TURNS):
        live = [caller for caller, start in starts.items() if start <= moment < start + TURNS]
        rng.shuffle(live)
        yield from live


def all_at_once(rng: random.Random) -> Iterator[int]:
    """Eight callers talk at the same time; four contexts cannot hold them all."""
    for _ in range(TURNS):
        callers = list(range(CONVERSATIONS))
        rng.shuffle(callers)
        yield from callers


SCHEDULES: Final[dict[str, tuple[Callable[[random.Random], Iterator[int]], int]]] = {
    "four lines, 8 calls in turn": (four_lines, ENGINES),
    "all 8 at once": (all_at_once, CONVERSATIONS),
}


def measure(library: Path, folder: Path, callers: Sequence[int], *, lines: int) -> Result:
    """Run the callers' turns in this order.

    Args:
        library: The stand-in library.
        folder: An empty folder.
        lines: Engines of the ideal order: caller c has number c modulo this to itself.
    """
    served = _serve(library, folder, callers)
    prompts = [entry["prompt"] for entry in served]

    def replay(name: str, engine_of: Callable[[int], int], engines: int) -> int:
        journal = _replay(library, folder / name, prompts, engine_of, engines)
        return sum(entry["evaluated_tokens"] for entry in journal)

    return Result(
        prompt_tokens=sum(entry["prompt_tokens"] for entry in served),
        ideal=replay("ideal", lambda turn: callers[turn] % lines, lines),
        affinity=sum(entry["evaluated_tokens"] for entry in served),
        round_robin=replay("robin", lambda turn: turn % ENGINES, ENGINES),
    )


def _serve(library: Path, folder: Path, callers: Sequence[int]) -> list[dict[str, Any]]:
    histories: dict[int, list[dict[str, Any]]] = {
        caller: [{"role": "system", "content": SYSTEM}] for caller in callers
    }
    config = standin_model(library, folder, SCRIPT, engines=ENGINES)
    with (
        running_server(folder, config, environment=ACCESS_KEY) as server,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        server.wait_engines()
        for caller in callers:
            messages = histories[caller]
            question = f"I am guest {caller}; question {len(messages)}: what about the room?"
            messages.append({"role": "user", "content": question})
            body = {"model": "pico", "messages": messages}
            answer = client.post("/v1/chat/completions", json=body).raise_for_status().json()
            messages.append(answer["choices"][0]["message"])
    return read_journal(folder / "journal", "generate")


def _replay(
    library: Path,
    folder: Path,
    prompts: Sequence[str],
    engine_of: Callable[[int], int],
    engines: int,
) -> list[dict[str, Any]]:
    folder.mkdir()
    spec = EngineSpec(
        kind=EngineKind.PICOLLM,
        name="replay",
        path=str(SCRIPT.write(folder / "model.pllm")),
        device="cpu:1",
        access_key="none",
        library_path=str(library),
    )
    loaded = [PicoLLMEngine(spec) for _ in range(engines)]
    for turn, prompt in enumerate(prompts):
        loaded[engine_of(turn)].generate(Job(prompt), SilentSink())
    for engine in loaded:
        engine.close()
    return read_journal(folder / "journal", "generate")


def run(schedule: str, library: Path, folder: Path) -> Result:
    """Measure one of SCHEDULES, the same order every time."""
    callers, lines = SCHEDULES[schedule]
    rng = random.Random(1)  # noqa: S311
    return measure(library, folder, list(callers(rng)), lines=lines)


def main() -> None:
    """Print the table."""
    sys.stdout.write(
        "| schedule | prompt tokens | ideal | picoserve | of ideal | round robin | of ideal |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n"
    )
    with tempfile.TemporaryDirectory() as name:
        library = build_library(Path(name) / "standin")
        for number, title in enumerate(SCHEDULES):
            folder = Path(name) / str(number)
            folder.mkdir()
            result = run(title, library, folder)
            sys.stdout.write(
                f"| {title} | {result.prompt_tokens} | {result.ideal} | {result.affinity} | "
                f"{result.affinity / result.ideal:.2f} | {result.round_robin} | "
                f"{result.round_robin / result.ideal:.2f} |\n"
            )


if __name__ == "__main__":
    main()
