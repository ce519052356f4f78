"""The one module that talks to llguidance, byte by byte.

With llguidance's byte tokenizer the token id is the byte's value, so the token calls are byte
calls (read from llguidance 1.9.1 and measured).
"""

import functools
import json
import time
from typing import Any, Final, Self

from llguidance import LLMatcher, LLParserLimits, LLTokenizer

from picoserve.constraint.faults import DeadEndError, SchemaError

_BYTES: Final = LLTokenizer("byte")
# llguidance advises an option of its own, which nobody can reach here.
_ONE_OF: Final = "'oneOf' needs branches that exclude each other."
_FUEL: Final = 5_000_000
# A matcher is built for every reply, and its last bytes may be fed to another one at each repair.
_BUILD_SECONDS: Final = 0.25
_ROW_ITEMS: Final = 20_000
_STEP_ITEMS: Final = 400_000
# For each byte of the mask and each of its values: the legal bytes it stands for.
_LEGAL: Final = [
    [bytes(8 * at + bit for bit in range(8) if value >> bit & 1) for value in range(256)]
    for at in range(32)
]


def grammar_fault(text: str) -> str:
    """Say why llguidance refuses a grammar.

    Returns:
        The first line of the reason, or an empty string when the grammar compiles.
    """
    began = time.thread_time()
    matcher = _new_matcher(text)
    if time.thread_time() - began > _BUILD_SECONDS:
        return "The grammar takes too long to build."
    if not matcher.is_error():
        return ""
    reason = str(matcher.get_error()).strip().partition("\n")[0][:300]
    return _ONE_OF if reason.startswith("oneOf") else reason


@functools.lru_cache(maxsize=256)
def pattern_grammar(pattern: str) -> str:
    """The grammar of a JSON string that meets a schema's `pattern`."""
    schema = {"type": "string", "pattern": pattern}
    return str(LLMatcher.grammar_from_json_schema(json.dumps(schema)))


def schema_fault(schema: dict[str, Any]) -> str:
    """Say why llguidance refuses a schema, as `grammar_fault` does."""
    return grammar_fault(str(LLMatcher.grammar_from_json_schema(json.dumps(schema))))


def _new_matcher(text: str) -> LLMatcher:
    limits = LLParserLimits(
        max_items_in_row=_ROW_ITEMS,
        initial_lexer_fuel=_FUEL,
        step_lexer_fuel=_FUEL,
        step_max_items=_STEP_ITEMS,
        verbose_errors=False,
    )
    return LLMatcher(_BYTES, text, log_level=0, limits=limits)


class Automaton:
    """A grammar, and the bytes it has taken.

    llguidance copies share their lexer: when it runs out of fuel in one copy, all copies fail for
    ever. Every method notices this, builds a new matcher from the grammar and feeds it the text
    again, so that a copy's end is not the document's.

    Attributes:
        text: The bytes taken.
    """

    def __init__(self, grammar: str) -> None:
        self.text = bytearray()
        self._grammar = grammar
        self._inner = _new_matcher(grammar)
        if self._inner.is_error():
            raise SchemaError(grammar_fault(grammar) or "The grammar does not compile.")

    def copy(self) -> Self:
        """Return a second automaton in the same state; the two go separate ways."""
        self._revive()
        twin = object.__new__(type(self))
        twin.text = bytearray(self.text)
        twin._grammar = self._grammar
        twin._inner = self._inner.deep_copy()
        return twin

    def take(self, data: bytes) -> int:
        """Take bytes up to the first illegal one.

        Returns:
            The number of bytes taken.

        Raises:
            DeadEndError: The text taken before is refused after a rebuild.
        """
        if not data:
            return 0
        taken: int = self._inner.try_consume_tokens(list(data))
        if self._inner.is_error():
            self._rebuild()
            taken = self._inner.try_consume_tokens(list(data))
            if self._inner.is_error():
                self._rebuild()
                return 0
        self.text += data[:taken]
        return taken

    def would_take(self, data: bytes) -> bool:
        """Tell whether all these bytes are legal next, without taking them."""
        self._revive()
        count: int = self._inner.validate_tokens(list(data))
        return count == len(data)

    def legal(self) -> bytes:
        """Return the bytes that may come next, each once, in ascending order."""
        self._revive()
        if self._inner.is_stopped():
            return b""
        mask = self._inner.compute_bitmask()
        return b"".join([row[value] for row, value in zip(_LEGAL, mask, strict=False) if value])

    def only(self) -> bytes:
        """Return the bytes without any alternative, empty where there is a choice."""
        self._revive()
        return bytes(self._inner.compute_ff_bytes())

    def rollback(self, count: int) -> None:
        """Give back the last `count` bytes.

        Raises:
            ValueError: More bytes than were taken.
        """
        if not 0 <= count <= len(self.text):
            raise ValueError(f"cannot give back {count} of {len(self.text)} bytes")
        if not count:
            return
        del self.text[-count:]
        self._inner.rollback(count)
        self._revive()

    @property
    def is_accepting(self) -> bool:
        """The text may end here."""
        self._revive()
        return bool(self._inner.is_accepting())

    @property
    def is_complete(self) -> bool:
        """The text may end here and nothing may follow."""
        self._revive()
        return bool(self._inner.is_stopped())

    def _revive(self) -> None:
        if self._inner.is_error():
            self._rebuild()

    def _rebuild(self) -> None:
        self._inner = _new_matcher(self._grammar)
        if self._inner.try_consume_tokens(list(self.text)) != len(self.text):
            raise DeadEndError("The grammar's matcher ran out of memory.")
