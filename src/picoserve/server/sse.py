r"""Events → an event stream. The only importer of sse-starlette.

Only `data:` lines and comments, `\n` line ends, no `event:`, `id:` or `retry:`: each of these
kills a stock client. Errors after the first byte are an error object in a `data:` line, then the
end, so that no client takes a broken answer for a whole one.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Iterator, Mapping
from typing import Final

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response
from starlette.types import Message, Send
from typing_extensions import override

from picoserve.errors import PicoserveError
from picoserve.generation import IndexedEvents
from picoserve.logs import get_logger
from picoserve.openai_api.answer import StreamEncoder
from picoserve.openai_api.error_body import error_bytes
from picoserve.pipeline.choices import Choices

_PING: Final = ServerSentEvent(comment="", sep="\n")
# Most events in one write. What a client has not taken yet waits here, where it is seen, and not
# in the transport's buffer: there a drain would not wait for it and no time would run out.
_EVENTS_PER_WRITE: Final = 256

_log = get_logger(__name__)


def stream_response(
    choices: Choices,
    first: Awaitable[IndexedEvents],
    encoder: StreamEncoder,
    *,
    ping_seconds: float,
    headers: Mapping[str, str],
) -> Response:
    """The streaming answer.

    Args:
        first: The read that is under way; it may not be finished yet.
        ping_seconds: Between comments.
    """
    response = _EventStream(
        _chunks(choices, first, encoder),
        headers=headers,
        ping=ping_seconds,
        sep="\n",
        ping_message_factory=lambda: _PING,
    )
    # sse-starlette promises to keep the connection, which is not for it to say.
    del response.headers["connection"]
    return response


class _EventStream(EventSourceResponse):
    """Without a cancel scope around every chunk.

    It would be there for `send_timeout`, which is not set: the connection itself ends when its
    client takes nothing any more. A tenth of the server's time per token.
    """

    @override
    async def _send_with_timeout(self, send: Send, message: Message) -> None:
        await send(message)


async def _chunks(
    choices: Choices, first: Awaitable[IndexedEvents], encoder: StreamEncoder
) -> AsyncGenerator[bytes, None]:
    try:
        events = await first
        while True:
            for data in _writes(encoder, events, is_last=not choices.is_open):
                yield data
            if not choices.is_open:
                return
            events = await choices.read()
    except PicoserveError as error:
        yield _error_event(error)
    except asyncio.CancelledError:
        raise
    except Exception:  # noqa: BLE001  # the stream has begun: the error must go in-band
        _log.exception("stream failed")
        yield _error_event(PicoserveError("The server had an error while answering."))
    finally:
        choices.close()


def _writes(encoder: StreamEncoder, events: IndexedEvents, *, is_last: bool) -> Iterator[bytes]:
    """The events as what goes out in one write each."""
    for place in range(0, len(events), _EVENTS_PER_WRITE):
        data = encoder.encode(events[place : place + _EVENTS_PER_WRITE])
        if is_last and place + _EVENTS_PER_WRITE >= len(events):
            data += encoder.end()
        if data:
            yield data


def _error_event(error: PicoserveError) -> bytes:
    return b"data: " + error_bytes(error) + b"\n\n"
