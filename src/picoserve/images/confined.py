"""The decoder process: reads images where nothing can be lost, and answers in turn.

Only here are image codecs loaded; the server itself never has them. It runs as
`python -P -m picoserve.images.confined`, takes requests on standard input, and ends with it.
"""

import os
import sys
from typing import BinaryIO, Final

import msgspec

from picoserve.engine.child_signals import leave_signals_to_the_server
from picoserve.generation import Image
from picoserve.images.source import Fault

HEADER_BYTES: Final = 4
_MEMORY_BYTES: Final = 2 * 1024**3


class Decode(msgspec.Struct, frozen=True, array_like=True):
    """Decode this file. The rest is as for `decoding.decode`.

    Attributes:
        is_base64: The data is Base64 of it, as it came.
    """

    data: bytes
    is_base64: bool
    max_pixels: int
    side: int


class Decoded(msgspec.Struct, frozen=True, array_like=True):
    """The image, or what is wrong with it."""

    image: Image | None
    fault: Fault | None


def frame(message: Decode | Decoded) -> bytes:
    """A message behind its length, four bytes with the highest first."""
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(HEADER_BYTES, "big") + body


def main() -> None:
    """Decode until standard input ends."""
    leave_signals_to_the_server()
    _limit_memory()
    from picoserve.images.decoding import decode  # noqa: PLC0415  # see above

    # What a codec prints must not be taken for an answer.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    while body := _read(sys.stdin.buffer):
        wanted = msgspec.msgpack.decode(body, type=Decode)
        data = wanted.data.decode() if wanted.is_base64 else wanted.data
        match decode(data, wanted.max_pixels, wanted.side):
            case Image() as image:
                answer = Decoded(image, None)
            case fault:
                answer = Decoded(None, fault)
        answers.write(frame(answer))
        answers.flush()


def _read(source: BinaryIO) -> bytes:
    return source.read(int.from_bytes(source.read(HEADER_BYTES), "big"))


def _limit_memory() -> None:
    """Headers may claim more than the pixels that are checked, and codecs ask for it at once."""
    if sys.platform == "linux":
        import resource  # noqa: PLC0415  # not everywhere

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, hard))


if __name__ == "__main__":
    main()
