"""Gemma 4's arguments as JSON."""

import pytest

from picoserve.output.gemma_arguments import GemmaArguments

SHAPES = {
    "": "{",
    'city:<|"|>Paris<|"|>': '{"city": "Paris"',
    'city:<|"|>Paris<|"|>,days:2,on:true': '{"city": "Paris", "days": 2, "on": true',
    'a:{b:<|"|>x<|"|>,c:[1,<|"|>y<|"|>]},d:[{e:null}]': (
        '{"a": {"b": "x", "c": [1,"y"]}, "d": [{"e": null}]'
    ),
    'a:<|"|>say "}" {k:1}\n<|"|>': '{"a": "say \\"}\\" {k:1}\\n"',
    'a:<|"|>1 <|2 <|"|>, b :-1.5e3': '{"a": "1 <|2 ", "b": -1.5e3',
    '"a": "x }",<|"|>b<|"|>:1': '{"a": "x }", "b":1',
    r'a:"x \"} {k:1",b:1': r'{"a": "x \"} {k:1", "b": 1',
    "b:[1],c:2,a:{b:3}": '{"a": {"b": 3}, "b": [1], "c": 2',
    "a:{},b:[]": '{"a": {}, "b": []',
    "city:Paris": '{"city": Paris',
    "5": "{5",
    "a:<b": '{"a": <b',
    "ü:1": "{ü:1",
}


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
@pytest.mark.parametrize("said", SHAPES)
def test_keys_and_texts_are_quoted(said: str, size: int) -> None:
    reader, data = GemmaArguments("ab"), f"{said}}}<tool_call|>".encode()

    written = b"".join(reader.feed(data[at : at + size]) for at in range(0, len(data), size))

    assert written.decode() == SHAPES[said] + "}"
    assert reader.is_over


def test_text_streams_as_it_is_read() -> None:
    reader = GemmaArguments(["city"])

    assert [reader.feed(part) for part in (b'city:<|"|>', b"Pa", b"ris<", b'|"|>')] == [
        b'{"city": "',
        b"Pa",
        b"ris",
        b'"',
    ]
