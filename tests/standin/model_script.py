"""Writes the scripts that the stand-in library reads in place of model files.

A field is named after its key in README.md and left out of the file while it is None, so that
the library's own default holds.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Literal

FIRST_LINE: Final = "picollm-standin 1"


class Status(StrEnum):
    """The statuses of picoLLM's C interface, by name."""

    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    IO_ERROR = "IO_ERROR"
    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    STOP_ITERATION = "STOP_ITERATION"
    KEY_ERROR = "KEY_ERROR"
    INVALID_STATE = "INVALID_STATE"
    RUNTIME_ERROR = "RUNTIME_ERROR"
    ACTIVATION_ERROR = "ACTIVATION_ERROR"
    ACTIVATION_LIMIT_REACHED = "ACTIVATION_LIMIT_REACHED"
    ACTIVATION_THROTTLED = "ACTIVATION_THROTTLED"
    ACTIVATION_REFUSED = "ACTIVATION_REFUSED"


@dataclass(frozen=True, kw_only=True)
class Top:
    """An alternative to the token at place `piece` of a reply."""

    piece: int
    log_prob: float
    token: str | bytes


@dataclass(frozen=True, kw_only=True)
class _Settings:
    """What can be set for the whole script and again for one reply."""

    tokens_per_second: float | None = None
    prefill_tokens_per_second: float | None = None
    delay_seconds: float | None = None
    gate: str | None = None
    prefill_interruptible: bool | None = None
    early_interrupt_lost: bool | None = None
    interrupt_overshoot: int | None = None
    deaf: bool | None = None
    stream: Literal["pieces", "characters"] | None = None
    context_end: Literal["limit", "error"] | None = None
    eos: str | None = None


@dataclass(frozen=True, kw_only=True)
class Reply(_Settings):
    """What the engine answers to the prompts that match, and how it fails while answering."""

    kind: Literal["any", "text", "image", "ocr"] | None = None
    match: str | None = None
    match_last: str | None = None
    match_end: str | None = None
    times: int | None = None
    text: str | bytes | None = None
    variants: Sequence[str] = ()
    pieces: Sequence[str | bytes] = ()
    piece_bytes: int | None = None
    echo: bool | None = None
    count: int | None = None
    continues: bool | None = None
    top: Sequence[Top] = ()
    log_probs: Sequence[tuple[int, float]] = ()
    crash_after: int | None = None
    abort_after: int | None = None
    hang_after: int | None = None
    exit_after: tuple[int, int] | None = None
    stall_after: tuple[int, float] | None = None
    status_after: tuple[int, Status] | None = None
    status_messages: Sequence[str] = ()
    stdout_noise: str | bytes | None = None
    stderr_noise: str | bytes | None = None


@dataclass(frozen=True, kw_only=True)
class ModelScript(_Settings):
    """A model for the stand-in library."""

    model: str | None = None
    context_length: int | None = None
    max_top_choices: int | None = None
    version: str | None = None
    file_version: str | None = None
    init_delay_seconds: float | None = None
    init_status: Status | None = None
    init_messages: Sequence[str] = ()
    init_crash: bool | None = None
    init_hang: bool | None = None
    fail_inits: int | None = None
    access_key: str | None = None
    access_key_status: Status | None = None
    access_key_messages: Sequence[str] = ()
    ballast_mib: int | None = None
    grow_mib: int | None = None
    context_caching: bool | None = None
    context_caching_unsupported: Literal["silent", "init", "generate"] | None = None
    save_fault: Status | Literal["crash", "hang"] | None = None
    load_fault: Status | Literal["crash", "hang"] | None = None
    context_file_seconds: float | None = None
    bos: str | None = None
    generate_adds_bos: bool | None = None
    specials: Sequence[str] = ()
    generate: bool | None = None
    vision: bool | None = None
    ocr: bool | None = None
    embeddings: int | None = None
    image_tokens: int | None = None
    strict_arguments: bool | None = None
    idle_interrupt_sticks: bool | None = None
    stdout_noise: str | bytes | None = None
    stderr_noise: str | bytes | None = None
    journal: str | None = None
    journal_prompts: bool | None = None
    replies: Sequence[Reply] = ()

    def render(self) -> str:
        """The text of the script."""
        lines = [FIRST_LINE, *_lines(self)]
        for reply in self.replies:
            lines += ["", "[reply]", *_lines(reply)]
        return "\n".join(lines) + "\n"

    def write(self, path: Path) -> Path:
        """Write the script to `path` and return it."""
        path.write_text(self.render(), encoding="utf-8")
        return path


def read_journal(path: Path, event: str | None = None) -> list[dict[str, Any]]:
    """The events that engines wrote to a journal so far, all or those of one name."""
    if not path.exists():
        return []
    # The last line may still be on its way.
    whole, _, _ = path.read_bytes().rpartition(b"\n")
    events = [json.loads(line) for line in whole.splitlines()]
    return [entry for entry in events if event is None or entry["event"] == event]


_KEYS: Final = {
    "init_messages": "init_message",
    "access_key_messages": "access_key_message",
    "specials": "special",
    "variants": "variant",
    "pieces": "piece",
    "log_probs": "log_prob",
    "status_messages": "status_message",
    "continues": "continue",
}


def _lines(section: ModelScript | Reply) -> Iterator[str]:
    for field in fields(section):
        value = getattr(section, field.name)
        if value is None or field.name == "replies":
            continue
        key = _KEYS.get(field.name, field.name)
        repeated = field.name in _KEYS and not isinstance(value, bool)
        for item in value if repeated or field.name == "top" else [value]:
            yield f"{key} = {_value(field.name, item)}"


def _value(name: str, value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str() | bytes():
            return escape(value)
        case Top():
            return f"{value.piece} {value.log_prob} {escape(value.token)}"
        case (int(first), second):
            return f"{first} {second}" if name == "log_probs" else f"{first}:{second}"
        case _:
            return str(value)


def escape(text: str | bytes) -> str:
    """A value as a script writes it: control characters, blank ends and odd bytes escaped."""
    encoded = text.encode("utf-8") if isinstance(text, str) else text
    if b"\0" in encoded:
        raise ValueError("a script cannot hold a zero byte: C strings end there")
    escaped = "".join(
        _escape_character(char) for char in encoded.decode("utf-8", "surrogateescape")
    )
    body = escaped.lstrip(" ")
    escaped = "\\x20" * (len(escaped) - len(body)) + body
    body = escaped.rstrip(" ")
    return body + "\\x20" * (len(escaped) - len(body))


def _escape_character(char: str) -> str:
    named = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\"}.get(char)
    if named is not None:
        return named
    if 0xDC80 <= ord(char) <= 0xDCFF:
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char if char.isprintable() else f"\\u{{{ord(char):x}}}"
