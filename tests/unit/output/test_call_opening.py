"""What begins a call, read."""

import pytest

from picoserve.output.call_opening import CallForm, CallOpening, read_opening

NAMES = ("look", "look_up", "fs.look")
JSON, PYTHON, GEMMA = CallForm.JSON, CallForm.PYTHON, CallForm.GEMMA


@pytest.mark.parametrize(
    ("said", "name", "form", "begun"),
    [
        (b'{"name": "', "", JSON, b""),
        (b'[TOOL_CALLS] [{"name":"', "", JSON, b""),
        (b"[TOOL_CALLS]look{", "look", JSON, b"{"),
        (b"[TOOL_CALLS]look_up[CALL_ID]abc[ARGS] {", "look_up", JSON, b"{"),
        (b"<function=fs.look>{", "fs.look", JSON, b"{"),
        (b'look[ARGS]{"a":', "look", JSON, b'{"a":'),
        (b'look_up\n{ "a" :', "look_up", JSON, b'{ "a" :'),
        (b"look{}", "look", JSON, b"{}"),
        (b'<|tools_prefix|>[{"look_up": {', "look_up", JSON, b"{"),
        (b"[look_up(", "look_up", PYTHON, b""),
        (b"<|python_tag|>look.call(", "look", PYTHON, b""),
        (b"```tool_code\nprint(fs.look(", "fs.look", PYTHON, b""),
        (b"<tool_call>\n<function=look_up>\n<", "look_up", CallForm.PARAMETERS, b"<"),
        (b"<tool_call>look_up\n<", "look_up", CallForm.KEYS, b"<"),
        (b"<|tool_call>call:look{", "look", GEMMA, b""),
        (b"call:fs.look{a:", "fs.look", GEMMA, b"a:"),
        (b"call:look{}", "look", GEMMA, b"}"),
        (b'<tool_call>\n{"arguments":', "", CallForm.NAME_LAST, b""),
    ],
)
def test_name_is_read_where_it_stands(said: bytes, name: str, form: CallForm, begun: bytes) -> None:
    assert read_opening(said, NAMES) == CallOpening(said, name, form, begun)


@pytest.mark.parametrize(
    ("said", "text", "fits"),
    [
        (b"[look(", b"", True),
        (b"[look(", b"Well:\n  ", True),
        (b"[look(", b"```py\nlook(1)\n```\n", True),
        (b"[look(", b"Well: ", False),
        (b"[look(", b"x=", False),
        (b"[look(", b"```py\n", False),
        (b"<|python_tag|>look(", b"Well: ", True),
        (b"```tool_code\nlook(", b"Well: ", True),
        (b"<tool_call>look\n<", b"Well: ", True),
        (b"look{}", b"\n", True),
        (b'look{"a":', b"Well: ", False),
        (b'<|tools_prefix|>[{"look": {', b"Well:\n", True),
        (b'{"name": "', b"Well: ", True),
    ],
)
def test_code_and_json_in_a_text_are_no_calls(said: bytes, text: bytes, fits: bool) -> None:
    assert read_opening(said, NAMES).fits_behind(text) == fits


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


@pytest.mark.parametrize(
    ("said", "in_list", "is_call"),
    [
        (b'{"look": {', False, False),
        (b'{"look": {', True, True),
        (b'{"name": "', False, True),
        (b"look(", False, True),
    ],
)
def test_key_names_one_more_call_only_in_a_list_of_such(
    said: bytes, in_list: bool, is_call: bool
) -> None:
    assert read_opening(said, NAMES).continues(in_list=in_list) == is_call
