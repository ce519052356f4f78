"""The few facts at the head of a GGUF file: name, context length, chat template, end tokens.

The `gguf` package would do, but it loads NumPy and maps every tensor: 0.2 s and 30 MB in each
worker for six values. Format: the GGUF specification in the ggml repository, version 2 and 3.
"""

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

_MAGIC: Final = b"GGUF"
_MAX_PAIRS: Final = 65_536
_MAX_STRING: Final = 1 << 24
_MAX_ARRAY_BYTES: Final = 1 << 32
_MAX_DEPTH: Final = 8
_MAX_TENSORS: Final = 1_048_576
_MAX_DIMENSIONS: Final = 16
_ALIGNMENT: Final = 32
_STRING, _ARRAY = 8, 9
_SCALARS: Final = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}


class GGUFError(Exception):
    """The file is not a GGUF file that can be read."""


@dataclass(frozen=True, slots=True)
class GGUFHeader:
    """What the server needs to know of a GGUF file.

    Attributes:
        context_length: Tokens the model was trained for; 0 where the file does not say.
        chat_template: Jinja source, or "".
        bos_token: Text of the token that begins a sequence, or "".
        eos_token: Text of the token that ends one, or "".
        adds_bos: Whether llama.cpp puts `bos_token` before a prompt by itself; None where that
            hangs on its defaults.
    """

    name: str
    architecture: str
    context_length: int
    chat_template: str
    bos_token: str
    eos_token: str
    adds_bos: bool | None


class _Reader:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def take(self, size: int) -> bytes:
        data = self._file.read(size)
        if len(data) != size:
            raise GGUFError("the file ends inside its header; it is truncated")
        return data

    def number(self, layout: str) -> int:
        value: int = struct.unpack(layout, self.take(struct.calcsize(layout)))[0]
        return value

    def text(self) -> str:
        size = self.number("<Q")
        if size > _MAX_STRING:
            raise GGUFError("a text in the header is too long; the file is damaged")
        return self.take(size).decode("utf-8", errors="replace")

    def value(self, kind: int, *, keep_array: bool, depth: int = 0) -> object:
        if kind == _STRING:
            return self.text()
        if kind == _ARRAY:
            return self._array(keep=keep_array, depth=depth)
        if kind not in _SCALARS:
            raise GGUFError(f"the header holds a value of unknown kind {kind}")
        return self.number(_SCALARS[kind])

    def tensor_offset(self) -> int:
        """Where a tensor lies, counted from the first: the last field of its description."""
        self.text()
        dimensions = self.number("<I")
        if dimensions > _MAX_DIMENSIONS:
            raise GGUFError("a tensor in the header has too many dimensions; the file is damaged")
        self.take(8 * dimensions + 4)
        return self.number("<Q")

    def _array(self, *, keep: bool, depth: int) -> object:
        kind, count = self.number("<I"), self.number("<Q")
        size = struct.calcsize(_SCALARS[kind]) * count if kind in _SCALARS else 0
        if size > _MAX_ARRAY_BYTES or depth > _MAX_DEPTH:
            raise GGUFError("an array in the header is too large; the file is damaged")
        if kind in _SCALARS:
            self._file.seek(size, 1)
            return None
        items = []
        for _ in range(count):
            item = self.value(kind, keep_array=keep, depth=depth + 1)
            if keep:
                items.append(item)
        return items


def load_gguf_header(path: Path) -> GGUFHeader:
    """Read the head of a GGUF file.

    Raises:
        GGUFError: The file is no GGUF, of another version, or ends before its last tensor.
        OSError: The file cannot be opened.
    """
    with path.open("rb") as file:
        reader = _Reader(file)
        if reader.take(4) != _MAGIC:
            raise GGUFError("the file is not a GGUF model")
        version = reader.number("<I")
        if version not in {2, 3}:
            raise GGUFError(f"the file is GGUF version {version}; versions 2 and 3 can be read")
        tensors = reader.number("<Q")
        pairs = reader.number("<Q")
        if pairs > _MAX_PAIRS or tensors > _MAX_TENSORS:
            raise GGUFError("the header is damaged")
        fields: dict[str, object] = {}
        for _ in range(pairs):
            key = reader.text()
            kind = reader.number("<I")
            fields[key] = reader.value(kind, keep_array=key == "tokenizer.ggml.tokens")
        last = max((reader.tensor_offset() for _ in range(tensors)), default=None)
        if last is not None:
            alignment = fields.get("general.alignment")
            step = alignment if isinstance(alignment, int) and alignment > 0 else _ALIGNMENT
            begin = -(-file.tell() // step) * step
            if file.seek(0, os.SEEK_END) <= begin + last:
                raise GGUFError("the file ends inside its tensors; it is truncated")
    return _header(fields, path)


def _header(fields: dict[str, object], path: Path) -> GGUFHeader:
    architecture = _text(fields, "general.architecture")
    length = fields.get(f"{architecture}.context_length")
    return GGUFHeader(
        name=_text(fields, "general.name") or path.stem,
        architecture=architecture,
        context_length=length if isinstance(length, int) else 0,
        chat_template=_text(fields, "tokenizer.chat_template"),
        bos_token=_token(fields, "tokenizer.ggml.bos_token_id"),
        eos_token=_token(fields, "tokenizer.ggml.eos_token_id"),
        adds_bos=_adds_bos(fields),
    )


def _adds_bos(fields: dict[str, object]) -> bool | None:
    # llama.cpp does not believe files of Gemma 4 that say no.
    if "gemma4" in {_text(fields, f"tokenizer.ggml.{key}") for key in ("model", "pre")}:
        return True
    value = fields.get("tokenizer.ggml.add_bos_token")
    return None if value is None else bool(value)


def _text(fields: dict[str, object], key: str) -> str:
    value = fields.get(key)
    return value if isinstance(value, str) else ""


def _token(fields: dict[str, object], key: str) -> str:
    tokens, index = fields.get("tokenizer.ggml.tokens"), fields.get(key)
    if isinstance(tokens, list) and isinstance(index, int) and 0 <= index < len(tokens):
        return str(tokens[index])
    return ""
