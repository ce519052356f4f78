"""Arguments that are an object, or a string that holds one."""

import json

import pytest

from picoserve.output.json_arguments import JsonArguments

OBJECTS = [
    '{"city": "Paris", "days": 2}',
    '{\n\t"a": "x \\"y\\" \\\\ z/",\n\t"b": [1, {}]\n}',
    '{"a": "\\u00e9 é 😀 \\ud83d\\ude00 \\n"}',
    "{}",
]


def read(said: str, size: int) -> tuple[str, JsonArguments]:
    reader, data = JsonArguments(), said.encode()
    parts = (reader.feed(data[at : at + size]) for at in range(0, len(data), size))
    return b"".join(parts).decode(), reader


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("said", OBJECTS)
def test_object_passes_through(said: str, size: int) -> None:
    text, reader = read(f"{said}, and more", size)

    assert text == f"{said}, and more"
    assert not reader.is_over


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("said", OBJECTS)
def test_string_holds_the_object(said: str, ascii_only: bool, size: int) -> None:
    text, reader = read(f' {json.dumps(said, ensure_ascii=ascii_only)}, "and": "more"', size)

    assert json.loads(text) == json.loads(said)
    assert reader.is_over


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (r'"{\u0022a\u0022: 1}"', '{"a": 1}'),
        (r'"{\"a\": \"\u12"', r'{"a": "\u12'),
        (r'"it\'s"', "it's"),
        ('""', "{}"),
        ('"', ""),
        ('"{\\', "{"),
        ('"{\\u00', "{"),
    ],
)
def test_escapes_are_read_as_far_as_they_go(said: str, text: str) -> None:
    assert read(said, 1)[0] == read(said, 1000)[0] == text


def test_object_streams_as_it_is_read() -> None:
    reader = JsonArguments()

    assert [reader.feed(part) for part in (b' "{', b'\\"city\\": \\"Pa', b"ris")] == [
        b"{",
        b'"city": "Pa',
        b"ris",
    ]
