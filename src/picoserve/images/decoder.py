"""A decoder process as the server sees it: started when it is wanted, replaced when it is lost."""

import asyncio
import contextlib
import sys
from typing import Final

import msgspec

from picoserve.engine.child_environment import child_environment
from picoserve.generation import Image
from picoserve.images.confined import HEADER_BYTES, Decode, Decoded, frame
from picoserve.images.source import Fault

_BUFFER_BYTES: Final = 1024 * 1024


class DecoderLostError(Exception):
    """The process ended, or was ended, over an image."""


class Decoder:
    """One process, which decodes one image at a time."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def decode(self, request: Decode) -> Image | Fault:
        """The image, or why it cannot be read. A cancelled call costs the process.

        Raises:
            DecoderLostError: The process ended.
        """
        try:
            answer = await self._asked(frame(request))
        except (OSError, asyncio.IncompleteReadError) as error:
            await self.close()
            raise DecoderLostError from error
        except BaseException:
            await self.close()
            raise
        decoded = msgspec.msgpack.decode(answer, type=Decoded)
        return decoded.image or decoded.fault or Fault("it is empty.", "empty_image_file")

    async def close(self) -> None:
        """End the process. The next image starts another."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _asked(self, request: bytes) -> bytes:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                "picoserve.images.confined",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=child_environment(),
                limit=_BUFFER_BYTES,
            )
        source, sink = self._process.stdout, self._process.stdin
        if source is None or sink is None:
            raise DecoderLostError
        sink.write(request)
        await sink.drain()
        size = int.from_bytes(await source.readexactly(HEADER_BYTES), "big")
        return await source.readexactly(size)
