"""A call whose arguments stand before its name, as Hermes 3's documentation writes it.

    <tool_call>
    {"arguments": {"city": "Paris"}, "name": "get_weather"}
    </tool_call>

Nothing of it can be shown before it is known whose arguments they are.
"""

import re
from typing import Final

_NAME: Final = re.compile(rb'"name"\s*:\s*"([^"]*)"')
_LONGEST_REST: Final = 512
_OPENERS: Final = b"{["
_CLOSERS: Final = b"}]"


class NameLast:
    """Holds the arguments until the name is known.

    Attributes:
        name: The function; None until it is known, "" where it is not said.
        arguments: What was held of the arguments.
    """

    def __init__(self) -> None:
        self.name: bytes | None = None
        self._held = bytearray()
        self._read = 0
        self._depth = 0
        self._quote = 0
        self._escaped = False
        self._end = 0  # of the arguments

    @property
    def arguments(self) -> bytes:
        """The arguments, as they were said."""
        return bytes(self._held[: self._end])

    def feed(self, data: bytes) -> None:
        """Take bytes that follow the arguments' key and colon."""
        self._held += data
        while not self._end and self._read < len(self._held):
            self._scan(self._held[self._read])
            self._read += 1
        if not self._end:
            return
        found = _NAME.search(self._held, self._end)
        if found:
            self.name = bytes(found[1])
        elif len(self._held) - self._end > _LONGEST_REST:
            self.name = b""

    def _scan(self, byte: int) -> None:
        """Find the arguments' last byte: an object's brace, or a text's quote."""
        if self._quote:
            is_end = byte == self._quote and not self._escaped
            self._escaped = byte == b"\\"[0] and not self._escaped
            if not is_end:
                return
            self._quote = 0
        elif byte in b"\"'":
            self._quote = byte
            return
        elif byte in _OPENERS:
            self._depth += 1
            return
        elif byte not in _CLOSERS:
            return
        else:
            self._depth -= 1
        if self._depth <= 0:
            self._end = self._read + 1
