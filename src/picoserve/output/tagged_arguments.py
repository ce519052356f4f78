"""Arguments of a call in tags, one value after the other, as the JSON object that they mean.

    <function=get_weather>                        Qwen3-Coder, Qwen3.5, Nemotron 3
    <parameter=city>
    Paris
    </parameter>
    </function>

    <tool_call>get_weather                        GLM
    <arg_key>city</arg_key>
    <arg_value>Paris</arg_value>
    </tool_call>

Values are bare text (chat templates of Qwen3-Coder and GLM-4.6): what they are, the schema says.
"""

import re
from dataclasses import dataclass
from typing import Final

from picoserve.output.bare_values import BareValues, escaped
from picoserve.output.ordered_object import OrderedObject

_BLANKS: Final = b" \t\r\n"
_LINE_BREAK: Final = b"\n"
_QUOTE: Final = b'"'
_LONGEST_OPENING: Final = 256


@dataclass(frozen=True, slots=True)
class TagStyle:
    """How keys and values are marked.

    Attributes:
        begin: The beginning of `opening`.
        opening: What stands before a value; its group is the key.
        closing: What stands behind a value.
        ends: What may end the arguments.
    """

    begin: bytes
    opening: re.Pattern[bytes]
    closing: bytes
    ends: tuple[bytes, ...]


PARAMETERS: Final = TagStyle(
    begin=b"<parameter=",
    opening=re.compile(rb'<parameter="?([^>"\n]{1,128})"?>'),
    closing=b"</parameter>",
    ends=(b"</function>", b"</tool_call>"),
)
ARG_KEYS: Final = TagStyle(
    begin=b"<arg_key>",
    opening=re.compile(rb"<arg_key>\s*([^<]{1,128}?)\s*</arg_key>\s*<arg_value>"),
    closing=b"</arg_value>",
    ends=(b"</tool_call>",),
)


class TaggedArguments:
    """Reads what follows a call's opening; texts stream.

    Attributes:
        is_over: The end was read.
        end_byte: With which it ends.
    """

    end_byte = b">"

    def __init__(self, style: TagStyle, values: BareValues) -> None:
        """Begin.

        Args:
            style: How keys and values are marked.
            values: What the values are.
        """
        self.is_over = False
        self._style = style
        self._values = values
        # An end stands for a closing tag that is missing.
        self._marks = (style.closing, *style.ends)
        self._held = b""
        self._key: str | None = None  # None between two values
        self._at_start = True
        self._is_text = self._is_json = False
        self._value = bytearray()  # of one that may be either
        self._object = OrderedObject(values.names)

    def feed(self, data: bytes) -> bytes:
        """Take bytes up to the end; returns JSON."""
        self._held += data
        while not self.is_over and self._step():
            continue
        return self._object.take()

    def _step(self) -> bool:
        """Read one thing; False if more has to come for it."""
        if self._key is not None:
            return self._read_value(self._key)
        self._held = self._held.lstrip(_BLANKS)
        opening = self._style.opening.match(self._held)
        if opening:
            self._held = self._held[opening.end() :]
            self._open_value(opening[1].strip().decode(errors="replace"))
            return True
        if self._held.startswith(self._style.ends):
            self._object.end()
            self.is_over = True
        elif not self._may_begin(self._held):
            self._object.add(self._held)
            self._held = b""
        return False

    def _may_begin(self, held: bytes) -> bool:
        if held.startswith(self._style.begin):
            return len(held) <= _LONGEST_OPENING
        return any(mark.startswith(held) for mark in (self._style.begin, *self._style.ends))

    def _open_value(self, key: str) -> None:
        self._key = key
        self._at_start = True
        self._value.clear()
        self._object.open(key)
        self._is_text, self._is_json = self._values.is_text(key), self._values.is_json(key)
        if self._is_text:
            self._object.add(_QUOTE)

    def _read_value(self, key: str) -> bool:
        if self._at_start and self._held:
            # A line break on either side belongs to the tags.
            self._held = self._held.removeprefix(_LINE_BREAK)
            self._at_start = False
        found = [at for mark in self._marks if (at := self._held.find(mark)) >= 0]
        if not found:
            end = _certain_end(self._held, self._marks)
            self._take(self._held[:end])
            self._held = self._held[end:]
            return False
        at = min(found)
        self._take(self._held[:at].removesuffix(_LINE_BREAK))
        self._held = self._held[at:].removeprefix(self._style.closing)
        self._close_value(key)
        return True

    def _take(self, value: bytes) -> None:
        if self._is_text:
            self._object.add(escaped(value))
        elif self._is_json:
            self._object.add(value)
        else:
            self._value += value

    def _close_value(self, key: str) -> None:
        self._key = None
        if self._is_text:
            self._object.add(_QUOTE)
        elif not self._is_json:
            value = self._values.json(key, self._value.decode(errors="replace"))
            self._object.add(value.encode())
        self._object.close()


def _certain_end(data: bytes, marks: tuple[bytes, ...]) -> int:
    """Where the bytes end that belong to a value whatever follows."""
    for start in range(max(0, len(data) - max(map(len, marks))), len(data)):
        rest = data[start:].removeprefix(_LINE_BREAK)
        if any(mark.startswith(rest) for mark in marks):
            return start
    return len(data)
