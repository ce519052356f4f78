"""The ASGI function on picoserve's own workers: a prebuilt chunk for each piece from the pipe.

What is left of picoserve when everything between pipe and socket is taken away. There is no line:
nobody may ask for more streams than there are workers.
"""

import asyncio
from collections.abc import Sequence

from benchmarks.floors.answers import CHUNK, DONE
from benchmarks.floors.bare import STREAM_HEAD, part, read_json
from starlette.types import Receive, Scope, Send

from picoserve.engine.engine import EngineSpec
from picoserve.generation import Job
from picoserve.pool.process import WorkerPipe, start_worker
from picoserve.pool.worker_output import WorkerOutput
from picoserve.worker.messages import Done, Failed, Generate, Load, Piece, Ready, Report


class Piped:
    """The ASGI function; `start` comes first."""

    def __init__(self, specs: Sequence[EngineSpec]) -> None:
        self._specs = specs
        self._free: list[_Worker] = []

    async def start(self) -> None:
        """Start the workers and wait until each has loaded its engine."""
        workers = [_Worker() for _ in self._specs]
        for worker, spec in zip(workers, self._specs, strict=True):
            await worker.start(spec)
        for worker in workers:
            await worker.news()
        self._free = workers

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Stream what a worker says."""
        request = await read_json(receive)
        await send(STREAM_HEAD)
        if request:
            worker = self._free.pop()
            worker.generate(Job(request["messages"][0]["content"], request["max_tokens"]))
            while not worker.idle:
                await send(part(CHUNK * await worker.news()))
            self._free.append(worker)
        await send(part(DONE, more=False))


class _Worker:
    def __init__(self) -> None:
        self.idle = True
        self._news = asyncio.Event()
        self._pieces = 0
        self._pipe: WorkerPipe | None = None
        self._number = 0

    async def start(self, spec: EngineSpec) -> None:
        output = WorkerOutput(spec.name, spec.access_key)
        self._child, self._pipe = await start_worker(output, self._on_report, self._news.set)
        self._pipe.send(Load(spec))

    def generate(self, job: Job) -> None:
        assert self._pipe is not None
        self._number += 1
        self.idle = False
        self._pipe.send(Generate(self._number, job))

    async def news(self) -> int:
        """Wait for a report; how many pieces have come."""
        await self._news.wait()
        self._news.clear()
        pieces, self._pieces = self._pieces, 0
        return pieces

    def _on_report(self, report: Report) -> None:
        match report:
            case Piece():
                self._pieces += 1
            case Done() | Failed() | Ready():
                self.idle = True
            case _:
                return
        self._news.set()
