"""Arguments in tags as JSON."""

import pytest

from picoserve.output.bare_values import BareValues
from picoserve.output.tagged_arguments import ARG_KEYS, PARAMETERS, TaggedArguments, TagStyle

SCHEMA = {
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "integer"},
        "unit": {"type": ["string", "null"]},
        "where": {"type": "object"},
    }
}


def parameters(**values: str) -> str:
    """As Qwen3-Coder writes them."""
    return "".join(f"<parameter={key}>\n{value}\n</parameter>\n" for key, value in values.items())


def arg_keys(**values: str) -> str:
    """As GLM writes them."""
    return "".join(
        f"<arg_key>{key}</arg_key>\n<arg_value>{value}</arg_value>\n"
        for key, value in values.items()
    )


CASES = [
    ({}, "{}"),
    ({"city": "Paris"}, '{"city": "Paris"}'),
    ({"city": "Paris", "days": "2"}, '{"city": "Paris", "days": 2}'),
    ({"city": "2"}, '{"city": "2"}'),
    ({"unit": "null", "city": ""}, '{"city": "", "unit": null}'),
    ({"stranger": "x", "unit": "c", "days": "2"}, '{"days": 2, "unit": "c", "stranger": "x"}'),
    ({"unit": "c"}, '{"unit": "c"}'),
    ({"where": '{"x": [1, "a"]}'}, '{"where": {"x": [1, "a"]}}'),
    ({"city": 'a "b"\\ <i>\n\n</p> é'}, '{"city": "a \\"b\\"\\\\ <i>\\n\\n</p> é"}'),
    ({"stranger": "5", "a b": "x"}, '{"stranger": 5, "a b": "x"}'),
]


def read(style: TagStyle, said: str, size: int) -> tuple[str, bool]:
    reader, data = TaggedArguments(style, BareValues(SCHEMA)), said.encode()
    written = b"".join(reader.feed(data[at : at + size]) for at in range(0, len(data), size))
    return written.decode(), reader.is_over


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(("values", "written"), CASES)
def test_values_are_what_the_schema_says(values: dict[str, str], written: str, size: int) -> None:
    tagged = f"\n{parameters(**values)}</function>\n</tool_call> and more"
    keyed = f"\n{arg_keys(**values)}</tool_call> and more"

    assert read(PARAMETERS, tagged, size) == (written, True)
    assert read(ARG_KEYS, keyed, size) == (written, True)


@pytest.mark.parametrize(
    ("style", "said", "written"),
    [
        (PARAMETERS, "<parameter=city>Paris</parameter></function>", '{"city": "Paris"}'),
        (PARAMETERS, '<parameter="city">Paris</parameter></function>', '{"city": "Paris"}'),
        (PARAMETERS, "<parameter=city>\nParis\n</function>", '{"city": "Paris"}'),
        (PARAMETERS, "<parameter=days>\n2\n</tool_call>", '{"days": 2}'),
        (ARG_KEYS, "<arg_key> city </arg_key><arg_value>Paris</tool_call>", '{"city": "Paris"}'),
    ],
)
def test_tags_may_be_tight_or_missing(style: TagStyle, said: str, written: str) -> None:
    assert read(style, said, 2) == (written, True)


@pytest.mark.parametrize("said", ["{}", "Paris", "<b>", f"<parameter={'x' * 300}>", "</parameter>"])
def test_anything_else_is_handed_on(said: str) -> None:
    assert read(PARAMETERS, said, 4) == ("{" + said, False)


def test_text_streams_as_it_is_read() -> None:
    reader = TaggedArguments(PARAMETERS, BareValues(SCHEMA))

    assert [
        reader.feed(part) for part in (b"<parameter=city>\n", b"Pa", b"ris\n", b"</", b"b")
    ] == [
        b'{"city": "',
        b"Pa",
        b"ris",
        b"",
        b"\\n</b",
    ]
