"""Arguments in Python's syntax as JSON."""

import pytest

from picoserve.output.python_arguments import PythonArguments

NAMES = ("city", "days")
SHAPES = {
    "": "{",
    'city="Paris", days=2': '{"city": "Paris", "days": 2',
    "city='Paris' ,\n days = 2": '{"city": \'Paris\' , "days":  2',
    '"Paris", 2': '{"city": "Paris", "days": 2',
    "Paris, days=2": '{"city": Paris, "days": 2',
    'city="a, (b) = c]", days=[1, (2, 3)]': '{"city": "a, (b) = c]", "days": [1, [2, 3]]',
    r'city="a \" ), b", days=1': r'{"city": "a \" ), b", "days": 1',
    "city={'a': 1, 'b': f(x)}": "{\"city\": {'a': 1, 'b': f[x]}",
    "city='é',": "{\"city\": 'é'",
}


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("said", SHAPES)
def test_frame_is_written_as_json(said: str, size: int) -> None:
    reader, data = PythonArguments(NAMES), f"{said}) and more".encode()

    written = b"".join(reader.feed(data[at : at + size]) for at in range(0, len(data), size))

    assert written.decode() == SHAPES[said] + "}"
    assert reader.is_over


def test_value_streams_as_it_is_read() -> None:
    reader = PythonArguments(NAMES)

    assert [reader.feed(part) for part in (b'city="Pa', b"ris", b'"')] == [
        b'{"city": "Pa',
        b"ris",
        b'"',
    ]
    assert not reader.is_over


def test_value_too_many_has_no_name() -> None:
    assert PythonArguments(()).feed(b"1)") == b'{"": 1}'
