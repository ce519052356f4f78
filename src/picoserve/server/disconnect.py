"""Noticing that the client has left, before and without a stream."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request

from picoserve.errors import ClientGoneError

ResultT = TypeVar("ResultT")


async def until_disconnect(request: Request, work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Do the work, or give it up when the client leaves.

    Nothing else reads the connection before a response begins, so without this a client that
    hangs up would be noticed only after its answer was made.

    Raises:
        ClientGoneError: The client has left; the work was cancelled.
    """
    working = asyncio.ensure_future(work)
    try:
        await settled_or_gone(request, working)
        return working.result()
    finally:
        working.cancel()


async def settled_or_gone(
    request: Request, work: asyncio.Future[Any], seconds: float | None = None
) -> None:
    """Wait for the work, for so long at most; it goes on.

    Raises:
        ClientGoneError: The client has left first.
    """
    watching = asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait({work, watching}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if watching.done() and not work.done():
            raise ClientGoneError("The client has left.")
    finally:
        watching.cancel()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
