"""Load on a server: so many requests, so many at a time or so many a second."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final

import httpx

from picoserve.client.answer import Answer
from picoserve.client.endpoint import CallError
from picoserve.client.stream import stream_chat

_WORDS: Final = tuple(
    word
    for line in (
        "the a one small old green house garden river bird dog cat boat road tree bread water",
        "letter friend day night summer rain wind light song and but then walks sees finds",
        "opens keeps likes hears over under near with into from slowly again",
    )
    for word in line.split()
)


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of the server.

    Attributes:
        concurrency: Most requests at the same time.
        rate: Requests begun per second, at random moments; 0 begins each as soon as it may.
        seconds: When to stop at the latest.
        prompt_tokens: Words of each prompt, which are about as many tokens.
    """

    model: str
    requests: int = 50
    concurrency: int = 4
    rate: float = 0.0
    seconds: float = 300.0
    prompt_tokens: int = 64
    max_tokens: int = 64
    seed: int = 0

    def body(self, number: int) -> dict[str, object]:
        """The request with this number; the same number asks the same."""
        words = random.Random(self.seed * 1_000_003 + number).choices(  # noqa: S311
            _WORDS, k=max(1, self.prompt_tokens)
        )
        return {
            "model": self.model,
            "messages": [{"role": "user", "content": " ".join(words)}],
            "max_tokens": self.max_tokens,
            "temperature": 0.0,
        }


@dataclass(slots=True)
class LoadRun:
    """What came back.

    Attributes:
        answers: The complete answers, in the order in which they ended.
        errors: How often each failure happened.
        unfinished: Requests that the end of the time cut off or never let begin.
    """

    load: Load
    answers: list[Answer] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def failed(self) -> int:
        """Requests that were refused or broke."""
        return sum(self.errors.values())

    @property
    def unfinished(self) -> int:
        """Requests without an end."""
        return self.load.requests - len(self.answers) - self.failed


async def run_load(
    client: httpx.AsyncClient, load: Load, on_end: Callable[[], None] = lambda: None
) -> LoadRun:
    """Put the load on the server; returns at the latest when its time is over.

    Args:
        on_end: Called at the end of every request.
    """
    run = LoadRun(load)
    places = asyncio.Semaphore(load.concurrency)
    waits = random.Random(load.seed)  # noqa: S311
    began = perf_counter()
    try:
        async with asyncio.timeout(load.seconds), asyncio.TaskGroup() as group:
            for number in range(load.requests):
                if load.rate and number:
                    await asyncio.sleep(waits.expovariate(load.rate))
                await places.acquire()
                group.create_task(_request(client, run, number, places, on_end))
    except TimeoutError:
        pass
    run.seconds = perf_counter() - began
    return run


async def _request(
    client: httpx.AsyncClient,
    run: LoadRun,
    number: int,
    places: asyncio.Semaphore,
    on_end: Callable[[], None],
) -> None:
    answer = Answer(perf_counter())
    try:
        async for _ in stream_chat(client, run.load.body(number), answer):
            pass
        run.answers.append(answer)
        on_end()
    except CallError as error:
        run.errors[str(error)] = run.errors.get(str(error), 0) + 1
        on_end()
    finally:
        places.release()
