"""The server under fire: real processes, a model script that can be changed, and its journal."""

import asyncio
import json
import os
import time
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx
from tests.soak.asks import MODEL, Ask, plain, spoken
from tests.soak.client import http_client, make
from tests.soak.journal import Journal
from tests.soak.ledger import Ledger, Role, Seen, Verdict
from tests.soak.traffic import Traffic
from tests.standin.model_script import ModelScript, Reply
from tests.support.models import ACCESS_KEY, standin_model
from tests.support.processes import worker_pids
from tests.support.server import RunningServer, running_server

ENGINES: Final = 4
CALLERS: Final = 5
MAX_WAITING: Final = 32

_POLL_SECONDS: Final = 0.02
_PATIENCE_SECONDS: Final = 60.0
_ADMIN_KEY: Final = "the-admin-key-of-the-soak"
_MODEL: Final = ModelScript(
    model="qwen-2.5-500m-instruct [5.90 v1]",
    eos="<|im_end|>",
    context_length=100_000,
    journal="journal",
    tokens_per_second=150.0,
    delay_seconds=0.02,
    stdout_noise="loaded\n",
)
# Seconds that a product would count in minutes, so that a run ends today.
_POOL: Final[dict[str, float | int | bool]] = {
    "max_waiting": MAX_WAITING,
    "load_seconds": 10.0,
    "heartbeat_seconds": 0.2,
    "silence_seconds": 1.5,
    "first_piece_seconds": 2.0,
    "next_piece_seconds": 1.5,
    "interrupt_seconds": 0.5,
    "backoff_seconds": 0.05,
    "max_backoff_seconds": 0.2,
    "failure_window_seconds": 5.0,
    "max_failures": 1000,
    "max_worker_memory_mib": 600,
}


class Stage:
    """A running server and everybody who talks to it."""

    def __init__(
        self, server: RunningServer, folder: Path, script: ModelScript, client: httpx.AsyncClient
    ) -> None:
        self.server = server
        self.client = client
        self.ledger = Ledger()
        self.traffic = Traffic(client, self.ledger, CALLERS)
        self._script = script
        self._script_path = folder / f"{MODEL}.pllm"
        self._journal = folder / "journal"

    # ---- asking

    async def ask(self, ask: Ask) -> Seen:
        """A request that the fault is aimed at."""
        return await self.ledger.note(Role.VICTIM, lambda: make(self.client, ask))

    async def is_served(self) -> bool:
        """Whether somebody who comes now is answered."""
        ask = spoken(self.ledger.next_number())
        return (await make(self.client, ask)).verdict is Verdict.WHOLE

    # ---- looking

    async def health(self) -> dict[str, Any]:
        """The body of /health."""
        body: dict[str, Any] = (await self.client.get("/health")).json()
        return body

    async def restarts(self) -> int:
        """Workers started after the first ones."""
        return sum(engine["restarts"] for engine in (await self.health())["engines"])

    async def states(self) -> list[str]:
        """The engines' states."""
        return [engine["state"] for engine in (await self.health())["engines"]]

    def workers(self) -> list[int]:
        """The living worker processes."""
        return worker_pids(self.server)

    async def until(self, claim: Callable[[], Any]) -> None:
        """Return once the claim, which may be a coroutine function, holds."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            held = claim()
            if asyncio.iscoroutine(held):
                held = await held
            if held:
                return
            if time.monotonic() > deadline:
                raise TimeoutError("did not come true in time")
            await asyncio.sleep(_POLL_SECONDS)

    # ---- steering

    async def restart_engine(self, name: str) -> None:
        """What a person with the admin key may do."""
        answer = await self.client.post(
            f"/admin/engines/{quote(name)}/restart",
            headers={"authorization": f"Bearer {_ADMIN_KEY}"},
        )
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text

    def rearm(self) -> None:
        """Replies that are played once are played once more."""
        for counter in self._script_path.parent.glob(f"{MODEL}.pllm.*"):
            counter.unlink()

    @contextmanager
    def next_worker(self, **keys: Any) -> Generator[None, None, None]:
        """Whatever worker starts inside reads a script with these keys."""
        replace(self._script, **keys).write(self._script_path)
        try:
            yield
        finally:
            self._script.write(self._script_path)

    def journal(self) -> Journal:
        """What the engines tell from now on."""
        return Journal(self._journal)

    @asynccontextmanager
    async def held(self, mark: str, event: str) -> AsyncGenerator["Held", None]:
        """A request with this mark, once the journal tells this event of it."""
        journal = self.journal()
        seen = asyncio.ensure_future(self.ask(plain(mark)))
        await self.until(lambda: journal.worker_at(mark, event) is not None)
        try:
            yield Held(journal.worker_at(mark, event) or 0)
        finally:
            await seen


class Held:
    """A request that is at a known point on a known worker."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def signal(self, number: int) -> None:
        """Hit the worker."""
        os.kill(self._pid, number)


@asynccontextmanager
async def open_stage(
    library: Path,
    folder: Path,
    replies: Sequence[Reply] = (),
    *,
    drain_seconds: float = 20.0,
    log: Path | None = None,
    pool: Mapping[str, float | bool] | None = None,
) -> AsyncGenerator[Stage, None]:
    """Start a server with four engines and the steady load before it.

    Args:
        folder: An empty one that exists.
        replies: What the model answers to the marks of faults.
        log: Where the server writes; in the folder without it.
        pool: Settings of the pool that differ.
    """
    script = replace(_MODEL, replies=[*replies, Reply(echo=True, continues=True)])
    config = f"[server]\ndrain_seconds = {drain_seconds}\n"
    config += f'[auth]\nadmin_keys = ["{_ADMIN_KEY}"]\n[pool]\n'
    config += "".join(
        f"{key} = {json.dumps(value)}\n" for key, value in {**_POOL, **(pool or {})}.items()
    )
    config += standin_model(library, folder, script, engines=ENGINES)
    with running_server(folder, config, environment=ACCESS_KEY, log=log) as server:
        server.wait_engines()
        async with http_client(server.url) as client:
            yield Stage(server, folder, script, client)
