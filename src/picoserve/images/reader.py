"""Images of requests, read without keeping the event loop waiting.

Decoding happens in processes of their own, one per image at a time: a native crash, a hang or a
bomb in a codec costs the request that brought it and nothing else.
"""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from picoserve.errors import OverloadedError
from picoserve.generation import Image
from picoserve.images.confined import Decode
from picoserve.images.decoder import Decoder, DecoderLostError
from picoserve.images.source import Fault, ImageSource, RemoteError, data_of
from picoserve.logs import get_logger

if TYPE_CHECKING:
    from picoserve.images.remote import RemoteImages

_PROCESSES: Final = 2
_MOST_WAITING: Final = 32

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """What an image may cost.

    Attributes:
        max_bytes: The largest file.
        max_pixels: The largest image, before it is scaled down.
        decode_seconds: The longest time that decoding may take.
        remote: Whether images are fetched from public addresses.
        remote_seconds: The longest time that fetching may take.
    """

    max_bytes: int = 10 * 1024 * 1024
    max_pixels: int = 40_000_000
    decode_seconds: float = 10.0
    remote: bool = False
    remote_seconds: float = 5.0


class ImageReader:
    """Reads the images that requests hold. Leaving its context ends its processes."""

    def __init__(self, limits: ImageLimits | None = None) -> None:
        self._limits = limits or ImageLimits()
        self._remote = _remote_images(self._limits) if self._limits.remote else None
        self._decoders = [Decoder() for _ in range(_PROCESSES)]
        # The one used last is taken first, so that a second one starts only when it must.
        self._free: asyncio.LifoQueue[Decoder] = asyncio.LifoQueue()
        for decoder in reversed(self._decoders):
            self._free.put_nowait(decoder)
        self._waiting = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for decoder in self._decoders:
            await decoder.close()

    async def read(self, source: ImageSource) -> Image:
        """The image as engines read it.

        Raises:
            InvalidRequestError: It cannot be had, cannot be read or is too large.
            OverloadedError: Too many images wait to be decoded.
        """
        data = await self._data(source)
        if self._waiting >= _MOST_WAITING:
            raise OverloadedError(
                "Too many images are waiting. Please try again later.", retry_after=1.0
            )
        self._waiting += 1
        try:
            decoder = await self._free.get()
            request = Decode(data, not source.is_remote, self._limits.max_pixels, source.side)
            decoding = asyncio.create_task(self._decoded(decoder, request))
            decoding.add_done_callback(lambda _: self._free.put_nowait(decoder))
            # A client that leaves costs no decoder: a new one takes longer than most images.
            result = await asyncio.shield(decoding)
        finally:
            self._waiting -= 1
        if isinstance(result, Fault):
            raise source.error(result.message, result.code)
        return result

    async def _data(self, source: ImageSource) -> bytes:
        if not source.is_remote:
            # A lone surrogate, legal in JSON, is no Base64 either.
            return data_of(source, self._limits.max_bytes).encode(errors="replace")
        if self._remote is None:
            raise source.error(
                "this server fetches no images (images.remote); send a data URL.",
                "invalid_image_url",
            )
        try:
            return await self._remote.fetch(source.url)
        except RemoteError as error:
            raise source.error(str(error), error.code) from None

    async def _decoded(self, decoder: Decoder, request: Decode) -> Image | Fault:
        seconds = self._limits.decode_seconds
        try:
            async with asyncio.timeout(seconds):
                return await decoder.decode(request)
        except TimeoutError:
            _log.warning("image decoder killed", seconds=seconds)
            return Fault(f"it could not be decoded within {seconds:g} s.", "image_parse_error")
        except DecoderLostError:
            _log.warning("image decoder died")
            return Fault("it could not be decoded.", "image_parse_error")


def _remote_images(limits: ImageLimits) -> "RemoteImages":
    # The HTTP client takes 40 ms of the start, and few servers fetch images.
    from picoserve.images.remote import RemoteImages  # noqa: PLC0415

    return RemoteImages(max_bytes=limits.max_bytes, seconds=limits.remote_seconds)
