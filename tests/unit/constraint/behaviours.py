"""A fake model with many ways to be wrong, and the loop that a server runs over a `Document`.

Each behaviour turns a good document into what a model would write instead. The model insists: when
it is called again it goes on with its own text from the place that fits the prompt best.
"""

import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from picoserve.constraint import Document, Grammar, State, Verdict

_BUDGET: Final = 3000
_TOKENS: Final = (
    b'"', b'{"', b"}", b"]", b"[", b", ", b": ", b'": "', b'", "', b"0", b"1", b"42", b"-", b".5",
    b"true", b" false", b" null", b"e9", b"\\", b"\\n", b"\n", b"  ", b"a", b"The", b" and",
    b"\xf0", b"\xe2\x82", b"\xac", "é".encode(), "😀".encode(), b"'", b"//", b"<|eot_id|>", b"```",
    b"\x00",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Script:
    """What a model would like to write: a text, then something endless if it never stops."""

    text: bytes
    endless: bytes = b""
    insists: bool = True


Behaviour = Callable[[Any, random.Random], Script]


def _dump(value: Any, **options: Any) -> str:
    return json.dumps(value, ensure_ascii=False, **options)


def _map(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return change({key: _map(inner, change) for key, inner in value.items()})
    if isinstance(value, list):
        return change([_map(inner, change) for inner in value])
    return change(value)


def _whole(text: str) -> Script:
    return Script(text.encode(errors="replace"))


def _half(value: Any, random_: random.Random) -> bytes:
    text = _dump(value).encode()
    return text[: random_.randrange(len(text))]


def _in_string(value: Any) -> bytes:
    """Return the document up to the middle of its first string value."""
    text = _dump(value)
    found = re.search(r'(?:: |^|\[)"', text)
    return text[: found.end()].encode() if found else text[:-1].encode()


def _wrong_type(value: Any) -> Any:
    swaps: dict[type, Any] = {str: 7, int: "seven", float: [1], bool: "maybe", type(None): "none"}
    return swaps.get(type(value), value)


def _quoted(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, int | float) or value is None else value


def _reordered(value: Any) -> Any:
    return dict(reversed(value.items())) if isinstance(value, dict) else value


def _renamed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {f"{key}_value": inner for key, inner in value.items()}


def _extra(value: Any) -> Any:
    return (
        {"comment": "why not", **value, "extra": [1, {"a": 2}]}
        if isinstance(value, dict)
        else value
    )


def _upper(value: Any) -> Any:
    return value.title() if isinstance(value, str) else value


def _newlines(value: Any) -> str:
    marked = _map(value, lambda each: each + "@@ x" if isinstance(each, str) else each)
    return _dump(marked).replace("@@", "\n\t")


def _stop_phrase(value: Any) -> str:
    marked = _map(value, lambda each: each + "<|eot_id|>" if isinstance(each, str) else each)
    return _dump(marked)


BEHAVIOURS: Final[dict[str, Behaviour]] = {
    "compliant": lambda value, _: _whole(_dump(value)),
    "compact": lambda value, _: _whole(_dump(value, separators=(",", ":"))),
    "indented": lambda value, _: _whole(_dump(value, indent=4)),
    "wide blanks": lambda value, _: _whole(_dump(value, separators=(" ,\n  ", "  :\t"))),
    "prose first": lambda value, _: _whole("Sure! Here is the answer you want:\n\n" + _dump(value)),
    "fence": lambda value, _: _whole(f"```json\n{_dump(value)}\n```"),
    "prose after": lambda value, _: _whole(_dump(value) + "\n\nI hope this helps!"),
    "written twice": lambda value, _: _whole(_dump(value) * 2),
    "ascii escapes": lambda value, _: _whole(json.dumps(value)),
    "python literals": lambda value, _: _whole(repr(value).replace("'", '"')),
    "python repr": lambda value, _: _whole(repr(value)),
    "single quotes": lambda value, _: _whole(_dump(value).replace('"', "'")),
    "title case": lambda value, _: _whole(_dump(_map(value, _upper))),
    "upper case": lambda value, _: _whole(_dump(value).upper()),
    "trailing commas": lambda value, _: _whole(re.sub(r"(?<=[^{\[])([}\]])", r",\1", _dump(value))),
    "double commas": lambda value, _: _whole(_dump(value, separators=(",,", ":"))),
    "missing commas": lambda value, _: _whole(_dump(value, separators=(" ", ": "))),
    "unquoted keys": lambda value, _: _whole(re.sub(r'"(\w+)":', r"\1:", _dump(value))),
    "comments": lambda value, _: _whole(
        _dump(value, indent=1).replace(",\n", ", // so it is\n").replace("[\n", "[ /* list */\n")
    ),
    "wrong keys": lambda value, _: _whole(_dump(_map(value, _renamed))),
    "extra keys": lambda value, _: _whole(_dump(_map(value, _extra))),
    "reordered keys": lambda value, _: _whole(_dump(_map(value, _reordered))),
    "wrong types": lambda value, _: _whole(_dump(_map(value, _wrong_type))),
    "quoted numbers": lambda value, _: _whole(_dump(_map(value, _quoted))),
    "all null": lambda value, _: _whole(
        _dump(dict.fromkeys(value) if isinstance(value, dict) else None)
    ),
    "raw newlines": lambda value, _: _whole(_newlines(value)),
    "stop phrase inside": lambda value, _: _whole(_stop_phrase(value)),
    "lone surrogates": lambda value, _: _whole(_dump(value).replace("a", "\\ud83d")),
    "odd escapes": lambda value, _: _whole(_dump(value).replace("a", "\\x\\/\\'\\u00e9")),
    "broken utf-8": lambda value, random_: Script(
        b"".join(
            bytes([byte]) + (b"\xff\xe2" if random_.random() < 0.15 else b"")
            for byte in _dump(value).encode()
        )
    ),
    "cut off": lambda value, random_: Script(_half(value, random_)),
    "cut off, then elsewhere": lambda value, random_: Script(_half(value, random_), insists=False),
    "ends at once": lambda _value, _random: Script(b""),
    "endless blanks": lambda value, random_: Script(_half(value, random_), b" \n"),
    "endless blanks in string": lambda value, _: Script(_in_string(value), b"  "),
    "endless string": lambda value, _: Script(_in_string(value), b"ha "),
    "endless random string": lambda value, random_: Script(
        _in_string(value), bytes(random_.choice(b"abcdefgh ") for _ in range(997))
    ),
    "endless array": lambda value, random_: Script(_half(value, random_), b"0, "),
    "endless number": lambda value, random_: Script(_half(value, random_), b"7"),
    "endless nesting": lambda value, random_: Script(_half(value, random_), b'[{"a":'),
    "unterminated": lambda value, _: Script(_dump(value).encode().rstrip(b"}]")),
    "quotes only": lambda _value, _random: Script(b"", b'"'),
    "braces only": lambda _value, _random: Script(b"", b"{}"),
    "digits only": lambda _value, _random: Script(b"", b"31415926"),
    "random tokens": lambda _value, random_: Script(
        b"", b"".join(random_.choice(_TOKENS) for _ in range(400))
    ),
    "random bytes": lambda _value, random_: Script(b"", random_.randbytes(400)),
    "mutated": lambda value, random_: Script(_mutated(_dump(value).encode(), random_)),
    "refusal": lambda _value, _random: _whole("I'm sorry, but I can't help with that request."),
}


def _mutated(text: bytes, random_: random.Random) -> bytes:
    changed = bytearray(text)
    for _ in range(random_.randrange(1, 6)):
        at = random_.randrange(len(changed) + 1)
        changed[at : at + random_.randrange(3)] = random_.choice(_TOKENS)
    return bytes(changed)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one document came to."""

    text: str
    emitted: bytes
    calls: int
    repairs: int
    closed: bool
    read_bytes: int


class FakeModel:
    """Writes a script, a few bytes at a time, going on where the prompt fits it best."""

    def __init__(self, script: Script, random_: random.Random) -> None:
        self._script = script
        self._random = random_
        self._at = 0

    def pieces(self, prefix: bytes) -> Iterator[bytes]:
        """Continue the prefix."""
        self._at = self._aligned(prefix)
        text = self._script.text
        while self._at < len(text):
            size = self._random.choice((1, 1, 2, 3, 4, 5, 8, 13))
            piece = text[self._at : self._at + size]
            self._at += len(piece)
            yield piece
        shift = 0
        while self._script.endless:
            size = self._random.choice((1, 2, 3, 5, 8))
            cycle = self._script.endless
            yield (cycle * 9)[shift % len(cycle) : shift % len(cycle) + size]
            shift += size

    def alternatives(self) -> list[bytes]:
        """Name other tokens, as an engine's top choices."""
        return self._random.sample(_TOKENS, k=self._random.randrange(0, 8))

    def _aligned(self, prefix: bytes) -> int:
        text = self._script.text
        if not self._script.insists:
            return self._random.randrange(len(text) + 1)
        solid = [at for at, byte in enumerate(text) if byte not in b" \n\r\t"]
        tight = bytes(text[at] for at in solid).replace(b"'", b'"')
        passed = sum(at < self._at for at in solid)
        tail = bytes(byte for byte in prefix if byte not in b" \n\r\t")[-24:]
        for size in range(len(tail), 0, -1):
            at = tight.find(tail[-size:], max(0, passed - 40))
            at = tight.find(tail[-size:]) if at < 0 else at
            if at >= 0:
                return solid[at + size - 1] + 1
        return self._at


def run(
    grammar: Grammar, script: Script, random_: random.Random, *, prefill: bool = True
) -> Outcome:
    """Do what a server does, until the document is finished."""
    document = Document(grammar)
    model = FakeModel(script, random_)
    emitted = bytearray()
    calls = read = 0

    def take(verdict: Verdict) -> None:
        emitted.extend(verdict.emitted)

    if prefill:
        take(document.start())
    while document.state is not State.COMPLETE:
        calls += 1
        overshoot = random_.randrange(4)
        for piece in model.pieces(document.prefix_for_prompt().encode()):
            read += len(piece)
            take(document.feed(piece))
            if read > _BUDGET:
                take(document.close())
            overshoot -= document.state is not State.GOING
            if overshoot < 0:
                break
        take(document.end_of_text())
        if document.state is State.VIOLATION:
            take(document.repair(model.alternatives()))
    return Outcome(
        document.finish(), bytes(emitted), calls, document.repairs, document.closed, read
    )
