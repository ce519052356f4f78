import json

import pytest
from tests.unit.constraint import schemas

from picoserve.constraint import Document, Kind, State, compile_grammar

_SCHEMA = schemas.obj(
    {
        "s": {"type": "string"},
        "n": {"type": ["integer", "null"]},
        "b": {"type": "boolean"},
        "e": {"enum": ["celsius", "café"]},
        "xs": {"type": "array", "items": {"type": "integer"}},
    },
    "s",
)
_GRAMMAR = compile_grammar(Kind.JSON_SCHEMA, _SCHEMA)


def read(text: str) -> str:
    document = Document(_GRAMMAR)
    document.feed(text.encode())
    document.end_of_text()
    assert document.state is State.COMPLETE, document.prefix_for_prompt()
    return document.finish()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"s": "a\nb\tc\rd"}', {"s": "a\nb\tc\rd"}),
        ('{"s": "a\x01b"}', {"s": "a\x01b"}),
        ('{"s": "a\x7fb"}', {"s": "ab"}),
        (r'{"s": "a\/b\'c"}', {"s": "a/b'c"}),
        (r'{"s": "caf\u00e9 \ud83d\ude00 \u0022 \u005c \u000a"}', {"s": 'café 😀 " \\ \n'}),
        (r'{"s": "\ud83d x"}', {"s": "\ufffd x"}),
        (r'{"s": "\ude00 x"}', {"s": "\ufffd x"}),
        (r'{"s": "\u12 x"}', {"s": "\ufffd x"}),
        (r'{"s": "a", "e": "caf\u00e9"}', {"s": "a", "e": "café"}),
        ('{"s": "a", "b": True}', {"s": "a", "b": True}),
        ('{"s": "a", "b": FALSE}', {"s": "a", "b": False}),
        ('{"s": "a", "b": yes}', {"s": "a", "b": True}),
        ('{"s": "a", "n": None}', {"s": "a", "n": None}),
        ('{"s": "a", "n": nil}', {"s": "a", "n": None}),
        ('{"s": "a", "n": undefined}', {"s": "a", "n": None}),
        ('{"s": "a", "e": "Celsius"}', {"s": "a", "e": "celsius"}),
        ('{"s": "a", "n": "42"}', {"s": "a", "n": 42}),
        ('{"s": "a", "b": "true"}', {"s": "a", "b": True}),
        ('{"s": "a", "n": 3.75}', {"s": "a", "n": 3}),
        ('{"s": 42}', {"s": "42"}),
        ('{"s": hello}', {"s": "hello"}),
        ('{"S": "a"}', {"s": "a"}),
        ('{s: "a", n: 1}', {"s": "a", "n": 1}),
        ("{'s': 'a \"b\" it\\'s o'clock', 'n': 1}", {"s": "a \"b\" it's o'clock", "n": 1}),
        ('{"s": "a", "xs": [1, 2, ], }', {"s": "a", "xs": [1, 2]}),
        ('{"s": "a",, "xs": [, 1,, 2]}', {"s": "a", "xs": [1, 2]}),
        ('{"s": "a" "xs": [1 2]}', {"s": "a", "xs": [1, 2]}),
        ('{"s" "a"}', {"s": "a"}),
        (
            '{"s": "a", // so\n "n": 1 /* two */, # three\n "b": true}',
            {"s": "a", "n": 1, "b": True},
        ),
        ('{"s": "a"' + " " * 70 + ', "n": 1}', {"s": "a", "n": 1}),
        ('Sure!\n```json\n{"s": "a"}\n```', {"s": "a"}),
    ],
)
def test_small_mistakes_are_put_right(text: str, value: object) -> None:
    assert json.loads(read(text)) == value


def test_comments_and_blanks_have_an_end() -> None:
    for noise in (" " * 500, "/*" + "x" * 5000, "//" + "x" * 5000):
        document = Document(_GRAMMAR)
        document.feed(b'{"s": "a", ' + noise.encode())

        assert document.state is State.VIOLATION


def test_text_before_the_document_has_an_end() -> None:
    document = Document(_GRAMMAR)
    document.feed(b"words " * 1000)

    assert document.state is State.VIOLATION


def test_plain_values_may_be_pythons() -> None:
    grammar = compile_grammar(Kind.JSON_SCHEMA, {"type": "boolean"})
    document = Document(grammar)
    document.feed(b"The answer is True.")
    document.end_of_text()

    assert document.finish() == "true"
