"""Images of requests, read without keeping the event loop waiting.

Decoding happens in processes of their own, one per image at a time: a native crash, a hang or a
bomb in a codec costs the request that brought it and nothing else.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from anyio import BrokenWorkerProcess, to_process

from picoserve.errors import OverloadedError
from picoserve.generation import Image
from picoserve.images.confined import decode_confined
from picoserve.images.remote import RemoteError, RemoteImages
from picoserve.images.source import Fault, ImageSource, data_of
from picoserve.logs import get_logger

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
    """Reads the images that requests hold."""

    def __init__(self, limits: ImageLimits | None = None) -> None:
        self._limits = limits or ImageLimits()
        self._remote = (
            RemoteImages(max_bytes=self._limits.max_bytes, seconds=self._limits.remote_seconds)
            if self._limits.remote
            else None
        )
        self._turns = asyncio.Semaphore(_PROCESSES)
        self._waiting = 0

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
            await self._turns.acquire()
            decoding = asyncio.create_task(self._decoded(data, source))
            decoding.add_done_callback(lambda _: self._turns.release())
            # A client that leaves costs no decoder: a new one takes longer than most images.
            result = await asyncio.shield(decoding)
        finally:
            self._waiting -= 1
        if isinstance(result, Fault):
            raise source.error(result.message, result.code)
        return result

    async def _data(self, source: ImageSource) -> bytes | str:
        if not source.is_remote:
            return data_of(source, self._limits.max_bytes)
        if self._remote is None:
            raise source.error(
                "this server fetches no images (images.remote); send a data URL.",
                "invalid_image_url",
            )
        try:
            return await self._remote.fetch(source.url)
        except RemoteError as error:
            raise source.error(str(error), error.code) from None

    async def _decoded(self, data: bytes | str, source: ImageSource) -> Image | Fault:
        limits = self._limits
        try:
            async with asyncio.timeout(limits.decode_seconds):
                return await to_process.run_sync(
                    decode_confined, data, limits.max_pixels, source.side, cancellable=True
                )
        except TimeoutError:
            _log.warning("image decoder killed", seconds=limits.decode_seconds)
            return Fault(
                f"it could not be decoded within {limits.decode_seconds:g} s.", "image_parse_error"
            )
        except BrokenWorkerProcess:
            _log.warning("image decoder died")
            return Fault("it could not be decoded.", "image_parse_error")
