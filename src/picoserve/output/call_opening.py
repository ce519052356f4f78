"""What begins a call, read: a JSON object up to its name, or a name in a way of the model's own."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_NAME_KEY: Final = re.compile(rb'"name"\s*:\s*"\Z')
# Nobody writes these but to call; a fence or a list may hold any JSON.
_CALL_MARKS: Final = (b"<", b"[TOOL_CALLS]", b"functools", b"```tool_c")
_AFTER_NAME: Final = re.compile(rb"(?:\.call)?\(\Z|(?:\[CALL_ID\]\w*)?(?:\[ARGS\]|>)?\s*\{\Z")


@dataclass(frozen=True, slots=True)
class CallOpening:
    """The beginning of a call.

    Attributes:
        said: What the model has said.
        name: The function, where it has been named; "" where its name follows.
        is_python: The arguments follow in Python's syntax.
    """

    said: bytes
    name: str = ""
    is_python: bool = False

    def is_doubtful(self, *, in_text: bool) -> bool:
        """Whether it is a call only if the name that follows is known.

        Args:
            in_text: Text stands before it.
        """
        if self.name or self.said.startswith(_CALL_MARKS):
            return False
        return in_text or not self.said.startswith(b"{") or not _NAME_KEY.search(self.said)


@dataclass(slots=True)
class DoubtfulCall:
    """JSON in a text, a fence or a list: a call only if a known name follows.

    Attributes:
        said: All of it so far.
        opening: What of it stands before the name.
        start: The position of its first byte.
    """

    said: bytes
    opening: bytes
    start: int


def read_opening(said: bytes, names: Iterable[str]) -> CallOpening:
    """Read what a trigger's grammar has taken."""
    found = _AFTER_NAME.search(said)
    if said.endswith(b'"') or found is None:
        return CallOpening(said)
    before = said[: found.start()]
    name = max((name for name in names if before.endswith(name.encode())), key=len)
    return CallOpening(said, name, is_python=said.endswith(b"("))
