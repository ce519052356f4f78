"""Decoding where nothing can be lost: what runs inside a decoder process.

Only here are image codecs loaded; the server itself never has them.
"""

import sys
from typing import Final

from picoserve.generation import Image
from picoserve.images.source import Fault

_MEMORY_BYTES: Final = 2 * 1024**3


def decode_confined(data: bytes | str, max_pixels: int, side: int) -> Image | Fault:
    """`decoding.decode` with only so much memory. For a process that may be lost."""
    if sys.platform == "linux":
        # Headers may claim more than the pixels that are checked, and codecs ask for it at once.
        import resource  # noqa: PLC0415  # not everywhere

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, hard))
    from picoserve.images.decoding import decode  # noqa: PLC0415  # see above

    return decode(data, max_pixels, side)
