"""Calls whose name comes last."""

import pytest

from picoserve.output.name_last import NameLast

ARGUMENTS = [
    "{}",
    '{"city": "Paris"}',
    ' {"a": {"name": "Bob"}, "b": [1, {"c": "}"}]}',
    "{'a': '\"}'}",
    '"{\\"city\\": \\"Paris\\"}"',
    '{"a": "\\\\"}',
]


@pytest.mark.parametrize("size", [1, 4, 1000])
@pytest.mark.parametrize("rest", [', "name": "look"}', ',\n"id": "1", "name":"look"'])
@pytest.mark.parametrize("arguments", ARGUMENTS)
def test_arguments_are_held_until_the_name(arguments: str, rest: str, size: int) -> None:
    call, data = NameLast(), f"{arguments}{rest}".encode()

    names = []
    for at in range(0, len(data), size):
        call.feed(data[at : at + size])
        names.append(call.name)

    assert names.index(b"look") >= (len(data) - 3) // size
    assert call.arguments.decode() == arguments


@pytest.mark.parametrize("said", ['{"name": "look"', '{"a": 1}}', '{"a": 1}, "name": "lo'])
def test_there_is_no_name_before_it_stands_behind_the_arguments(said: str) -> None:
    call = NameLast()
    call.feed(said.encode())

    assert call.name is None


def test_name_that_does_not_come_is_not_awaited_for_ever() -> None:
    call = NameLast()
    for _ in range(100):
        call.feed(b'{"a": 1}, "more": 1')

    assert (call.name, call.arguments) == (b"", b'{"a": 1}')
