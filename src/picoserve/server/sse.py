r"""Events → an event stream. The only importer of sse-starlette.

Only `data:` lines and comments, `\n` line ends, no `event:`, `id:` or `retry:`: each of these
kills a stock client. Errors after the first byte are an error object in a `data:` line, then the
end, so that no client takes a broken answer for a whole one.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Mapping
from typing import Final

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from picoserve.errors import PicoserveError
from picoserve.generation import IndexedEvents
from picoserve.logs import get_logger
from picoserve.openai_api.answer import StreamEncoder
from picoserve.openai_api.error_body import error_bytes
from picoserve.pipeline.choices import Choices

# A client that takes nothing for so long has lost its engine to those who do.
_SEND_SECONDS: Final = 30.0
_PING: Final = ServerSentEvent(comment="", sep="\n")

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
    return EventSourceResponse(
        _chunks(choices, first, encoder),
        headers=headers,
        ping=ping_seconds,
        sep="\n",
        ping_message_factory=lambda: _PING,
        send_timeout=_SEND_SECONDS,
    )


async def _chunks(
    choices: Choices, first: Awaitable[IndexedEvents], encoder: StreamEncoder
) -> AsyncGenerator[bytes, None]:
    try:
        events = await first
        while True:
            data = encoder.encode(events)
            if not choices.is_open:
                yield data + encoder.end()
                return
            if data:
                yield data
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


def _error_event(error: PicoserveError) -> bytes:
    return b"data: " + error_bytes(error) + b"\n\n"
