import contextlib
import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.models import SHIPPED

from picoserve.engine.gguf_header import GGUFError, load_gguf_header

HEADER = SHIPPED.read_bytes()[:4096]


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def header(*pairs: bytes, version: int = 3, magic: bytes = b"GGUF") -> bytes:
    return magic + struct.pack("<IQQ", version, 0, len(pairs)) + b"".join(pairs)


def pair(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def load(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(data)
    load_gguf_header(path)


def test_shipped_model_tells_its_facts() -> None:
    found = load_gguf_header(SHIPPED)

    assert found.context_length >= 1024
    assert found.chat_template
    assert found.eos_token


def test_every_kind_of_value_is_read_past(tmp_path: Path) -> None:
    pairs = [
        *(
            pair(f"k{kind}", kind, bytes(size))
            for kind, size in enumerate([1, 1, 2, 2, 4, 4, 4, 1])
        ),
        *(pair(f"k{kind}", kind, bytes(8)) for kind in (10, 11, 12)),
        pair("numbers", 9, struct.pack("<IQ", 4, 3) + bytes(12)),
        pair("texts", 9, struct.pack("<IQ", 8, 2) + text("a") + text("b")),
        pair("nested", 9, struct.pack("<IQ", 9, 1) + struct.pack("<IQ", 0, 2) + bytes(2)),
        pair("general.architecture", 8, text("llama")),
        pair("llama.context_length", 4, struct.pack("<I", 777)),
        pair("tokenizer.ggml.tokens", 9, struct.pack("<IQ", 8, 2) + text("<s>") + text("</s>")),
        pair("tokenizer.ggml.eos_token_id", 4, struct.pack("<I", 1)),
    ]
    path = tmp_path / "some-name.gguf"
    path.write_bytes(header(*pairs, version=2))

    found = load_gguf_header(path)

    assert (found.name, found.architecture) == ("some-name", "llama")
    assert (found.context_length, found.eos_token, found.bos_token) == (777, "</s>", "")


@pytest.mark.parametrize(
    ("pre", "flag", "adds_bos"),
    [
        ("gpt-2", b"\0", False),
        ("gpt-2", b"\1", True),
        ("gpt-2", b"", None),
        ("gemma4", b"\0", True),
    ],
)
def test_who_puts_the_beginning_is_told(
    tmp_path: Path, pre: str, flag: bytes, adds_bos: bool | None
) -> None:
    pairs = [pair("tokenizer.ggml.pre", 8, text(pre))]
    if flag:
        pairs.append(pair("tokenizer.ggml.add_bos_token", 7, flag))
    path = tmp_path / "model.gguf"
    path.write_bytes(header(*pairs))

    assert load_gguf_header(path).adds_bos is adds_bos


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "truncated"),
        (b"PK\x03\x04", "not a GGUF"),
        (header(version=1), "version 1"),
        (header(version=2**31), "version"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 2**40), "damaged"),
        (header(pair("k", 99, b"")), "unknown kind"),
        (header(struct.pack("<Q", 2**60)), "too long"),
        (header(pair("k", 9, struct.pack("<IQ", 10, 2**63))), "damaged|truncated"),
        (header(pair("k", 9, struct.pack("<IQ", 10, 2**64 - 1))), "damaged|truncated"),
        (header(pair("k", 9, struct.pack("<IQ", 9, 1) * 5000)), "damaged|truncated"),
    ],
)
def test_damaged_header_is_told(tmp_path: Path, data: bytes, says: str) -> None:
    with pytest.raises(GGUFError, match=says):
        load(tmp_path, data)


@pytest.mark.parametrize("size", [*range(0, 200, 7), 1000, 4000])
def test_header_cut_anywhere_is_truncated(tmp_path: Path, size: int) -> None:
    with pytest.raises(GGUFError, match="truncated"):
        load(tmp_path, HEADER[:size])


@given(position=st.integers(0, 600), value=st.integers(0, 255))
@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_wrong_byte_is_never_anything_but_a_gguf_error(
    tmp_path: Path, position: int, value: int
) -> None:
    data = bytearray(HEADER)
    data[position] = value

    with contextlib.suppress(GGUFError):
        load(tmp_path, bytes(data))
