"""What begins a call, read."""

import pytest

from picoserve.output.call_opening import CallOpening, read_opening

NAMES = ("look", "look_up", "fs.look")


@pytest.mark.parametrize(
    ("said", "name", "is_python"),
    [
        (b'{"name": "', "", False),
        (b'[TOOL_CALLS] [{"name":"', "", False),
        (b"[TOOL_CALLS]look{", "look", False),
        (b"[TOOL_CALLS]look_up[CALL_ID]abc[ARGS] {", "look_up", False),
        (b"<function=fs.look>{", "fs.look", False),
        (b"[look_up(", "look_up", True),
        (b"<|python_tag|>look.call(", "look", True),
        (b"```tool_code\nprint(fs.look(", "fs.look", True),
    ],
)
def test_name_is_read_where_it_stands(said: bytes, name: str, is_python: bool) -> None:
    assert read_opening(said, NAMES) == CallOpening(said, name, is_python)


@pytest.mark.parametrize(
    ("said", "in_text", "doubtful"),
    [
        (b'{"name": "', False, False),
        (b'{"name": "', True, True),
        (b'{"tool": "', False, True),
        (b'[{"name": "', False, True),
        (b'```json\n{"name": "', False, True),
        (b'```tool_call\n{"name": "', True, False),
        (b'functools[{"name": "', False, False),
        (b'<tool_call>{"tool": "', True, False),
        (b"[look(", True, False),
    ],
)
def test_json_in_a_text_is_in_doubt(said: bytes, in_text: bool, doubtful: bool) -> None:
    assert read_opening(said, NAMES).is_doubtful(in_text=in_text) == doubtful
