"""Harmony, the format of gpt-oss: one reply is several messages, each on a channel.

    <|channel|>analysis<|message|>…<|end|><|start|>assistant<|channel|>final<|message|>…<|return|>
    <|channel|>commentary to=functions.f <|constrain|>json<|message|>{…}<|call|>

`analysis` is thought, `final` is the reply, and `commentary` is a word ahead of calls or, where
the header names a recipient, a call. The recipient may stand before the channel or after it.
Source: the format's description in OpenAI's `harmony` repository, docs/format.md.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

START: Final = b"<|start|>assistant"
END: Final = b"<|end|>"
NAMESPACE: Final = "functions."

_MESSAGE: Final = b"<|message|>"
_ENDS: Final = (END, b"<|return|>", b"<|call|>", b"<|start|>", b"<|channel|>")
_LAST_ENDS: Final = (b"<|return|>", b"<|call|>")
_END: Final = re.compile(b"|".join(map(re.escape, _ENDS)))
_ROLE: Final = re.compile(r"<\|start\|>\s*(\w*)")
_CHANNEL: Final = re.compile(r"<\|channel\|>\s*(\w+)")
_RECIPIENT: Final = re.compile(r"\bto=([^\s<]+)")
# A header begins so; anything else is a reply that does without headers.
_BEGINNINGS: Final = (b"<|", b"to=")
_LONGEST_HEADER: Final = 512
_SHORTEST_HEADER: Final = re.compile(rb"\s*(?:<\|start\|>\w*)?(?:<\|channel\|>\w*)?")


class Kind(Enum):
    """What a message is for."""

    THOUGHT = auto()
    TEXT = auto()
    CALL = auto()


@dataclass(frozen=True, slots=True)
class Said:
    """Some of a message.

    Attributes:
        data: Its bytes; empty where the message begins.
        start: Their position in all that was fed.
        function: What a call's message calls.
    """

    kind: Kind
    data: bytes
    start: int
    function: str = ""


class HarmonyParser:
    """Reads what follows `<|start|>assistant`, however it is cut into pieces.

    Attributes:
        raw: All that was fed.
        header_start: Where the header of the message under way begins.
        body_start: Where its text begins.
        kind: What the message is for; None while its header is read.
        is_over: The reply has ended: by its mark, with a call, or as somebody else speaks.
    """

    def __init__(self, *, has_calls: bool) -> None:
        """Begin a reply.

        Args:
            has_calls: Whether anything may be called; what is said to others is thought otherwise.
        """
        self.raw = bytearray()
        self.header_start = 0
        self.body_start = 0
        self.kind: Kind | None = None
        self.is_over = False
        self._has_calls = has_calls
        self._function = ""
        self._read = 0

    @property
    def begun_function(self) -> str:
        """The function that an unfinished header names so far."""
        header = self.raw[self.header_start :].decode(errors="ignore")
        return _function(header) if self.kind is None else ""

    def feed(self, data: bytes) -> list[Said]:
        """Take bytes; returns what of them can be told for certain."""
        self.raw += data
        said: list[Said] = []
        while not self.is_over:
            is_whole = self._header(said) if self.kind is None else self._body(said)
            if not is_whole:
                break
        return said

    def finish(self) -> list[Said]:
        """No more comes: what was held back was no mark. Half a header is nothing."""
        if self.kind is None or self.is_over or self._read == len(self.raw):
            return []
        return [self._take(self.kind, len(self.raw))]

    def _header(self, said: list[Said]) -> bool:
        """Read on to the message's text; False where more is needed."""
        start = self.header_start
        header = bytes(self.raw[start : start + _LONGEST_HEADER])
        end = header.find(_MESSAGE)
        if _is_none(header):
            length = end = 0
        elif end >= 0:
            length = end + len(_MESSAGE)
        elif len(header) == _LONGEST_HEADER:
            found = _SHORTEST_HEADER.match(header)
            length = end = found.end() if found else 0
        else:
            return False
        self.body_start = start + length
        self._open(header[:end].decode(errors="replace"), said)
        return True

    def _open(self, header: str, said: list[Said]) -> None:
        role = _ROLE.search(header)
        if role is not None and role[1] != "assistant":
            self.is_over = True
            return
        self.kind, self._function = self._meaning(header)
        self._read = self.body_start
        said.append(Said(self.kind, b"", self.body_start, self._function))

    def _meaning(self, header: str) -> tuple[Kind, str]:
        function = _function(header)
        if function and self._has_calls:
            return Kind.CALL, function
        if _recipient(header):
            return Kind.THOUGHT, ""  # to a tool of the model's own that nobody has offered
        channels = _CHANNEL.findall(header)
        return (Kind.THOUGHT if channels[-1:] == ["analysis"] else Kind.TEXT), ""

    def _body(self, said: list[Said]) -> bool:
        """Read text; False where its end is not in sight."""
        kind = self.kind or Kind.TEXT
        found = _END.search(self.raw, self._read)
        end = _possible_start(self.raw, self._read) if found is None else found.start()
        if end > self._read:
            said.append(self._take(kind, end))
        if found is None:
            return False
        self.is_over = found[0] in _LAST_ENDS or kind is Kind.CALL
        if not self.is_over:
            self.kind = None
            self.header_start = found.end() if found[0] == END else found.start()
        return True

    def _take(self, kind: Kind, end: int) -> Said:
        start, self._read = self._read, end
        return Said(kind, bytes(self.raw[start:end]), start, self._function)


def _is_none(header: bytes) -> bool:
    begun = header.lstrip()
    return bool(begun) and not any(
        begun.startswith(beginning) or beginning.startswith(begun) for beginning in _BEGINNINGS
    )


def _recipient(header: str) -> str:
    """Whom the message is for; the last one named counts, the model itself does not."""
    named = [name for name in _RECIPIENT.findall(header) if name != "assistant"]
    return named[-1] if named else ""


def _function(header: str) -> str:
    recipient = _recipient(header)
    return recipient.removeprefix(NAMESPACE) if recipient.startswith(NAMESPACE) else ""


def _possible_start(data: bytearray, start: int) -> int:
    """Where a mark may have begun; the end of the data where none has."""
    longest = max(map(len, _ENDS))
    at = data.rfind(b"<", max(start, len(data) - longest + 1))
    begins = at >= 0 and any(mark.startswith(data[at:]) for mark in _ENDS)
    return at if begins else len(data)
