"""The steady load: callers who ask one thing after another, whatever happens around them."""

import asyncio
import random
import time
from functools import partial
from types import TracebackType
from typing import Final, Self

import httpx
from tests.soak.asks import MIXTURE, Ask
from tests.soak.client import make
from tests.soak.ledger import Ledger, Role

_WEIGHTS: Final = [weight for weight, _ in MIXTURE]
_KINDS: Final = [kind for _, kind in MIXTURE]
_POLL_SECONDS: Final = 0.01
# What a caller does after an answer that came at once, so that refusals do not become a storm.
_BREATH_SECONDS: Final = 0.02


def draw(chance: random.Random, number: int) -> Ask:
    """One request of the mixture."""
    [kind] = chance.choices(_KINDS, _WEIGHTS)
    return kind(number)


class Traffic:
    """So many callers at once, from `async with` to its end, but for pauses."""

    def __init__(self, client: httpx.AsyncClient, ledger: Ledger, callers: int) -> None:
        self._client = client
        self._ledger = ledger
        self._callers = callers
        self._flowing = asyncio.Event()
        self._ending = False
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self.resume()
        self._tasks = [asyncio.create_task(self._keep_asking(i)) for i in range(self._callers)]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ending = True
        self.resume()
        await asyncio.gather(*self._tasks)

    async def pause(self) -> None:
        """Let nobody ask any more, and wait for the last answer."""
        self._flowing.clear()
        await self.settle()

    def resume(self) -> None:
        """Let callers ask again."""
        self._flowing.set()

    async def settle(self) -> None:
        """Wait until every request that was under way is over."""
        moment = time.monotonic()
        while not self._ledger.is_settled(moment):
            await asyncio.sleep(_POLL_SECONDS)

    async def _keep_asking(self, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311  # the same load in every run
        while not self._ending:
            await self._flowing.wait()
            ask = draw(chance, self._ledger.next_number())
            await self._ledger.note(Role.CALLER, partial(make, self._client, ask))
            await asyncio.sleep(_BREATH_SECONDS)
