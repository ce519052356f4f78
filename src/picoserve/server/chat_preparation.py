"""A chat request made ready for the engines, without keeping the event loop waiting."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from fastapi import Request

from picoserve.constraint import KnownGrammars, NotCompiledError
from picoserve.engine.engine import EngineInfo
from picoserve.openai_api.chat import ChatRequest
from picoserve.prompt.chat import ChatWork, chat_work
from picoserve.prompt.served_model import ServedModel
from picoserve.server.answering import longest_silence
from picoserve.server.disconnect import until_disconnect
from picoserve.server.request_facts import facts_of
from picoserve.server.state import ServerState

ResultT = TypeVar("ResultT")


async def prepared_work(
    request: Request, state: ServerState, body: ChatRequest, model: ServedModel, info: EngineInfo
) -> ChatWork:
    """What the request comes to; schemas that are new take seconds at worst, so that has a thread.

    Raises:
        InvalidRequestError: Something in the request cannot be served.
        ClientGoneError: The client left while its schema was compiled.
        OverloadedError: Other schemas of the caller took too long.
    """
    try:
        return chat_work(body, model, info, KnownGrammars(state.grammars))
    except NotCompiledError:
        work = partial(chat_work, body, model, info, state.grammars)
        return await at_desk(request, state, work)


async def at_desk(request: Request, state: ServerState, work: Callable[[], ResultT]) -> ResultT:
    """Have work that may compile schemas done in a thread, when it is its caller's turn.

    Raises:
        ClientGoneError: The client left first.
        OverloadedError: Its turn has not come before the client would give up.
    """
    client = request.client.host if request.client else ""
    caller = facts_of(request.scope).key_name or client
    doing = state.compiling.run(caller, work, wait_seconds=longest_silence(request))
    return await until_disconnect(request, doing)


async def with_image(request: Request, state: ServerState, work: ChatWork) -> ChatWork:
    """The work with its image read, where it has one; given up when the client leaves.

    Raises:
        InvalidRequestError: The image cannot be had or cannot be read.
    """
    if work.image is None:
        return work
    return work.with_image(await until_disconnect(request, state.images.read(work.image)))
