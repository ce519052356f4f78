"""Arguments of a call as Gemma 4 writes them, as the JSON object that they mean.

    <|tool_call>call:get_weather{city:<|"|>Paris<|"|>,days:2}<tool_call|>

Keys stand bare, texts between marks of their own (the model's chat template); all else is JSON.
"""

import re
from collections.abc import Iterable
from typing import Final

from picoserve.output.bare_values import escaped
from picoserve.output.ordered_object import OrderedObject

_MARK: Final = b'<|"|>'
_KEY: Final = re.compile(rb"\s*([A-Za-z_][\w.-]{0,127})\s*:")
_KEY_BEGUN: Final = re.compile(rb"\s*(?:[A-Za-z_][\w.-]{0,127}\s*)?")
_PLAIN: Final = re.compile(rb'[^<{}\[\],"]+')
_JSON_TEXT: Final = re.compile(rb'(?:[^"\\]|\\.)+', re.DOTALL)
_QUOTE: Final = b'"'


class GemmaArguments:
    """Reads what follows a call's opening brace.

    Attributes:
        is_over: The closing brace was read.
        end_byte: With which it ends.
    """

    end_byte = b"}"

    def __init__(self, names: Iterable[str]) -> None:
        """Begin.

        Args:
            names: The parameters in order.
        """
        self.is_over = False
        self._held = b""
        self._object = OrderedObject(names)
        self._open = bytearray(b"{")  # the brackets around what comes next
        self._closing = b""  # of the text that is open
        self._wants_key = True

    def feed(self, data: bytes) -> bytes:
        """Take bytes up to the closing brace; returns JSON."""
        self._held += data
        while self._held and not self.is_over and self._step():
            continue
        return self._object.take()

    def _step(self) -> bool:
        """Read one thing; False if more has to come for it."""
        if self._closing:
            return self._read_text() if self._closing == _MARK else self._read_json_text()
        if self._held.startswith(_MARK):
            self._closing = _MARK
            return self._pass(len(_MARK), _QUOTE)
        if _MARK.startswith(self._held):
            return False
        if self._wants_key:
            return self._read_key()
        if self._held.startswith(_QUOTE):
            self._closing = _QUOTE
            return self._pass(1, _QUOTE)
        found = _PLAIN.match(self._held)
        return self._pass(found.end(), found[0]) if found else self._read_bracket()

    def _read_text(self) -> bool:
        at = self._held.find(_MARK)
        if at >= 0:
            self._closing = b""
            return self._pass(at + len(_MARK), escaped(self._held[:at]) + _QUOTE)
        sizes = range(min(len(_MARK), len(self._held)), 0, -1)
        kept = next((size for size in sizes if _MARK.startswith(self._held[-size:])), 0)
        end = len(self._held) - kept
        self._pass(end, escaped(self._held[:end]))
        return False

    def _read_json_text(self) -> bool:
        found = _JSON_TEXT.match(self._held)
        if found:
            return self._pass(found.end(), found[0])
        if not self._held.startswith(_QUOTE):
            return False
        self._closing = b""
        return self._pass(1, _QUOTE)

    def _read_key(self) -> bool:
        found = _KEY.match(self._held)
        if found is None and _KEY_BEGUN.fullmatch(self._held):
            return False
        self._wants_key = False
        if found is None:
            return True
        if self._is_inside:
            return self._pass(found.end(), b'"%b": ' % found[1])
        self._object.open(found[1].decode())
        return self._pass(found.end(), b"")

    def _read_bracket(self) -> bool:
        byte = self._held[:1]
        if byte == b"," and self._object.is_open and not self._is_inside:
            self._object.close()
            self._wants_key = True
            return self._pass(1, b"")
        if byte in b"{[":
            self._open += byte
        elif byte in b"}]":
            del self._open[-1:]
        if not self._open:
            self.is_over = True
            self._object.end()
            return self._pass(1, b"")
        self._wants_key = byte in b"{," and self._open.endswith(b"{")
        return self._pass(1, b", " if byte == b"," and self._wants_key else byte)

    @property
    def _is_inside(self) -> bool:
        """Inside a value that is an object or a list itself."""
        return len(self._open) > 1

    def _pass(self, count: int, json_bytes: bytes) -> bool:
        self._held = self._held[count:]
        self._object.add(json_bytes)
        return True
