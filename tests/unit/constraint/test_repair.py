import itertools
import json
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.constraint import schemas

from picoserve.constraint import (
    Document,
    DocumentLimits,
    Grammar,
    Kind,
    State,
    check_text,
    compile_grammar,
)

_NAMES = sorted(schemas.ALL)
_GRAMMARS: dict[str, Grammar] = {}


def grammar_of(name: str) -> Grammar:
    if name not in _GRAMMARS:
        _GRAMMARS[name] = compile_grammar(Kind.JSON_SCHEMA, schemas.ALL[name][0])
    return _GRAMMARS[name]


def fed(grammar: Grammar, pieces: Sequence[bytes]) -> tuple[Document, bytes]:
    document = Document(grammar)
    emitted = b""
    for piece in pieces:
        emitted += document.feed(piece).emitted
    return document, emitted


def cut(text: bytes, borders: Sequence[int]) -> list[bytes]:
    places = sorted({0, len(text), *(border % (len(text) + 1) for border in borders)})
    return [text[start:end] for start, end in itertools.pairwise(places)]


def mutated(text: bytes, changes: Sequence[tuple[int, int, bytes]]) -> bytes:
    result = bytearray(text)
    for at, width, fresh in changes:
        place = at % (len(result) + 1)
        result[place : place + width] = fresh
    return bytes(result)


_CHANGES = st.lists(
    st.tuples(
        st.integers(0, 10_000),
        st.integers(0, 6),
        st.one_of(
            st.binary(max_size=4),
            st.sampled_from(
                [b"'", b",", b'"', b"\\u", b"\\ud83d", b"//", b"/*", b"}", b"]", b"0.5"]
            ),
        ),
    ),
    max_size=6,
)


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(_NAMES),
    changes=_CHANGES,
    borders=st.lists(st.integers(0, 10_000), max_size=12),
    prefill=st.booleans(),
)
def test_mutated_documents_end_valid_and_nothing_is_taken_back(
    name: str, changes: list[tuple[int, int, bytes]], borders: list[int], prefill: bool
) -> None:
    grammar = grammar_of(name)
    text = mutated(json.dumps(schemas.ALL[name][1], ensure_ascii=False).encode(), changes)
    document = Document(grammar)
    emitted = document.start().emitted if prefill else b""

    calls = 0
    while document.state is not State.COMPLETE:
        calls += 1
        for piece in cut(text, borders):
            emitted += document.feed(piece).emitted
            assert document.prefix_for_prompt().encode().startswith(emitted)
        emitted += document.end_of_text().emitted
        emitted += document.repair((b'"', b"}", b" 1", b" null")).emitted

    assert calls <= 13
    assert emitted.decode() == document.finish()
    assert check_text(grammar.schema, document.finish()).valid


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from(_NAMES), noise=st.binary(max_size=200))
def test_random_bytes_end_valid(name: str, noise: bytes) -> None:
    grammar = grammar_of(name)
    document = Document(grammar)

    emitted = document.start().emitted
    while document.state is not State.COMPLETE:
        emitted += document.feed(noise).emitted
        emitted += document.end_of_text().emitted
        emitted += document.repair().emitted

    assert document.repairs <= 13
    assert emitted.decode() == document.finish()
    assert check_text(grammar.schema, document.finish()).valid


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(_NAMES),
    changes=_CHANGES,
    borders=st.lists(st.integers(0, 10_000), max_size=30),
)
def test_the_same_text_gives_the_same_result_however_it_is_cut(
    name: str, changes: list[tuple[int, int, bytes]], borders: list[int]
) -> None:
    text = mutated(json.dumps(schemas.ALL[name][1], ensure_ascii=False).encode(), changes)

    results = set()
    for pieces in ([text], cut(text, borders), [bytes([byte]) for byte in text]):
        document, emitted = fed(grammar_of(name), pieces)
        emitted += document.end_of_text().emitted
        state = document.state
        emitted += document.close().emitted
        results.add((state, emitted, document.finish()))

    assert len(results) == 1


@pytest.mark.parametrize("name", _NAMES)
def test_closing_at_every_place_gives_a_valid_document(name: str) -> None:
    text = json.dumps(schemas.ALL[name][1], ensure_ascii=False, indent=1).encode()
    step = max(1, len(text) // 60)
    for at in range(0, len(text), step):
        document, emitted = fed(grammar_of(name), [text[:at]])

        emitted += document.close().emitted

        assert emitted.decode() == document.finish()
        assert check_text(grammar_of(name).schema, document.finish()).valid, document.finish()


def test_start_puts_in_all_that_is_forced() -> None:
    document = Document(grammar_of("get_weather"))

    verdict = document.start()

    assert verdict.emitted == b'{"location": "'
    assert document.prefix_for_prompt() == '{"location": "'
    assert document.in_string


def test_a_schema_without_choice_needs_no_call() -> None:
    document = Document(grammar_of("no_args"))

    assert document.start().state is State.COMPLETE
    assert document.finish() == "{}"


def test_overshoot_after_the_end_or_a_violation_is_ignored() -> None:
    document, emitted = fed(grammar_of("raw_tool"), [b'{"q": "x"}', b' more {"q": 1}'])
    assert document.state is State.COMPLETE
    assert emitted == b'{"q": "x"}'

    document, emitted = fed(grammar_of("raw_tool"), [b'{"q": "x"; ', b'"}'])
    assert document.state is State.VIOLATION
    assert emitted == b'{"q": "x"'


def test_alternatives_must_go_on_from_what_was_accepted_of_the_piece() -> None:
    document, _ = fed(grammar_of("enum_strings"), [b'{"u": "', b"kelly"])
    assert document.state is State.VIOLATION
    # `kel` of the piece was taken, so `kelvin` fits as a whole and `celsius` does not.
    verdict = document.repair([b"celsius", b"kelvin"])

    assert document.finish() == '{"u": "kelvin"}'
    assert verdict.state is State.COMPLETE

    document, _ = fed(grammar_of("bounds_integer"), [b'{"age":', b" sev", b"enty", b", "])
    assert document.broken_piece == 1
    document.repair([b"70", b" eighty", b" 70", b" 19"])
    assert document.prefix_for_prompt() == '{"age": 70}'


def test_a_repair_without_other_help_tries_once_more_then_takes_a_step() -> None:
    document, _ = fed(grammar_of("get_weather"), [b'{"location": "x", "unit": "c", "days": soon,'])

    assert document.repair().emitted == b""
    document.feed(b"soon,")
    verdict = document.repair()

    assert document.finish() == '{"location": "x", "unit": "c", "days": 0}'
    assert verdict.state is State.COMPLETE


def test_listed_key_behind_others_is_left_out_and_never_shown() -> None:
    properties = {"city": {"type": "string"}, "days": {"type": "integer"}}
    schema = {"type": "object", "properties": properties, "additionalProperties": True}
    grammar = compile_grammar(Kind.JSON_SCHEMA, schema)

    document, emitted = fed(grammar, [b'{"city": "Paris", "land": "FR", ', b'"da', b'ys"', b": 2}"])
    assert document.state is State.VIOLATION
    assert emitted == b'{"city": "Paris", "land": "FR"'

    assert document.repair([b'_ahead"', b"s"]).emitted == b"}"
    assert json.loads(document.finish()) == {"city": "Paris", "land": "FR"}


def test_object_that_needs_more_goes_on_behind_a_key_in_the_wrong_place() -> None:
    properties = {"n": {"type": "integer"}, "s": {"type": "string"}}
    inner = {"type": "object", "properties": properties, "additionalProperties": True}
    schema = {
        "type": "object",
        "properties": {"inner": inner, "last": {"type": "integer"}},
        "required": ["inner", "last"],
        "additionalProperties": False,
    }

    document, _ = fed(compile_grammar(Kind.JSON_SCHEMA, schema), [b'{"inner": {"x": 1, "n": 2'])
    document.repair()

    assert document.prefix_for_prompt() == '{"inner": {"x": 1}, "last":'
    document.feed(b" 3}")
    assert json.loads(document.finish()) == {"inner": {"x": 1}, "last": 3}


def test_document_with_a_key_in_the_wrong_place_can_be_closed() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    grammar = compile_grammar(Kind.JSON_SCHEMA, {**schema, "additionalProperties": True})

    document, _ = fed(grammar, [b'{"x": 1, "n'])
    document.close()

    assert document.finish() == '{"x": 1}'


def test_an_end_in_mid_string_closes_the_string() -> None:
    document, _ = fed(grammar_of("get_weather"), [b'{"location": "Par'])

    assert document.end_of_text().state is State.VIOLATION
    assert document.repair().emitted == b'", "unit":'


def test_repairs_used_up_close_the_document() -> None:
    document = Document(grammar_of("wide"), DocumentLimits(repairs=2))
    document.start()
    for _ in range(3):
        document.end_of_text()
        document.repair()

    assert document.closed
    assert check_text(grammar_of("wide").schema, document.finish()).valid


def test_a_model_that_brings_nothing_is_not_asked_for_ever() -> None:
    document = Document(grammar_of("worst"))
    document.start()
    calls = 0
    while document.state is not State.COMPLETE:
        calls += 1
        document.end_of_text()
        document.repair()

    assert calls == 4
    assert document.closed


def test_the_prompt_never_ends_in_a_blank_or_half_a_character() -> None:
    document, emitted = fed(grammar_of("raw_tool"), ['{"q": "é '.encode() + b"\xe2\x82"])

    assert document.prefix_for_prompt() == '{"q": "é'
    assert emitted == '{"q": "é'.encode()
    document.end_of_text()
    assert document.prefix_for_prompt() == '{"q": "é'


def test_what_was_shown_is_known_when_the_answer_is_cut_off() -> None:
    document, emitted = fed(grammar_of("matrix"), [b'{"m": [[1, '])

    assert document.shown().encode() == emitted == b'{"m": [[1'
    with pytest.raises(ValueError, match="not finished"):
        document.finish()


@pytest.mark.parametrize(
    ("flood", "most"),
    [(b" " * 500, 100), (b"ha" * 500, 300), (b"\n" * 500, 400), (b"\\n" * 500, 400)],
)
def test_a_string_that_goes_on_for_ever_is_closed(flood: bytes, most: int) -> None:
    document, _ = fed(grammar_of("raw_tool"), [b'{"q": "x', flood])

    assert document.state is State.VIOLATION
    assert document.repair().state is State.COMPLETE
    assert len(document.finish()) < most


@pytest.mark.parametrize(
    ("text", "document"),
    [
        (b'{"n": 77777777777777777777777777777', {"n": 10**24}),
        (b'{"n": 1e9999', {"n": 1e99}),
    ],
)
def test_endless_numbers_are_cut(text: bytes, document: dict[str, float]) -> None:
    grammar = compile_grammar(Kind.JSON_SCHEMA, schemas.obj({"n": {"type": "number"}}))
    under_way, _ = fed(grammar, [text])

    assert under_way.state is State.VIOLATION
    under_way.repair()
    assert json.loads(under_way.finish())["n"] <= document["n"]


def test_depth_is_bounded() -> None:
    document, _ = fed(grammar_of("anything"), [b"[" * 500])
    while document.state is not State.COMPLETE:
        document.repair()
        document.feed(b"[" * 500)

    assert document.finish().count("[") < 75


def test_regex_choice_and_lark_take_the_same_road() -> None:
    digits = Document(compile_grammar(Kind.REGEX, "[0-9]{3}-[0-9]{4}"))
    digits.feed(b"  555-12 ")
    while digits.state is not State.COMPLETE:
        digits.end_of_text()
        digits.repair()
    assert digits.finish().startswith("555-12")
    assert len(digits.finish()) == 8

    choice = Document(compile_grammar(Kind.CHOICE, ["positive", "negative", "so so"]))
    assert choice.feed(b"\nNeg").emitted == b"neg"
    assert choice.feed(b"ative.").state is State.COMPLETE
    assert choice.finish() == "negative"

    lark = Document(compile_grammar(Kind.LARK, 'start: "SELECT " NAME\nNAME: /[a-z]+/'))
    assert lark.start().emitted == b"SELECT "
    assert lark.feed(b"users; DROP").state is State.COMPLETE
    assert lark.finish() == "SELECT users"


def test_a_choice_that_begins_another_waits_for_the_end_of_text() -> None:
    grammar = compile_grammar(Kind.CHOICE, ["yes", "yes please"])
    document = Document(grammar)
    document.feed(b"yes")
    assert document.state is State.GOING
    assert document.end_of_text().state is State.COMPLETE

    document = Document(grammar)
    assert document.feed(b"yes please").state is State.COMPLETE


def test_random_models_never_get_stuck_in_plain_grammars() -> None:
    random_ = random.Random(1)  # noqa: S311
    for kind, source in (
        (Kind.REGEX, "(foo|bar)+[a-z]{2,5}"),
        (Kind.CHOICE, ["a", "ab", "ünï", "1"]),
        (Kind.LARK, 'start: "(" start ")" | /[0-9]+/'),
    ):
        document = Document(compile_grammar(kind, source))
        emitted = document.start().emitted
        while document.state is not State.COMPLETE:
            emitted += document.feed(random_.randbytes(20)).emitted
            emitted += document.end_of_text().emitted
            emitted += document.repair().emitted
        assert emitted.decode() == document.finish()
