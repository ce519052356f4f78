"""A chat request made ready for the engines, without keeping the event loop waiting."""

import asyncio

from fastapi import Request

from picoserve.engine.engine import EngineInfo
from picoserve.openai_api.chat import ChatRequest
from picoserve.prompt.chat import ChatWork, chat_work
from picoserve.prompt.reply_plan import needs_compiling
from picoserve.prompt.served_model import ServedModel
from picoserve.server.disconnect import until_disconnect
from picoserve.server.state import ServerState


async def prepared_work(
    state: ServerState, body: ChatRequest, model: ServedModel, info: EngineInfo
) -> ChatWork:
    """What the request comes to; a schema may take seconds to compile, so that has a thread.

    Raises:
        InvalidRequestError: Something in the request cannot be served.
    """
    if needs_compiling(body):
        return await asyncio.to_thread(chat_work, body, model, info, state.grammars)
    return chat_work(body, model, info, state.grammars)


async def with_image(request: Request, state: ServerState, work: ChatWork) -> ChatWork:
    """The work with its image read, where it has one; given up when the client leaves.

    Raises:
        InvalidRequestError: The image cannot be had or cannot be read.
    """
    if work.image is None:
        return work
    return work.with_image(await until_disconnect(request, state.images.read(work.image)))
