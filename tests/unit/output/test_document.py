"""A reply that is one document, whatever the engine does."""

import json
import random
from typing import Any

import pytest
from tests.unit.constraint.behaviours import BEHAVIOURS
from tests.unit.constraint.schemas import LIVEKIT
from tests.unit.output.engine_play import CACHE, END_MARK, play

from picoserve.constraint import Grammar, Kind
from picoserve.errors import EngineFailedError
from picoserve.generation import (
    EngineFinish,
    FinishReason,
    Outcome,
    TextDelta,
    TokenChoice,
    TokenLogprob,
)
from picoserve.output.document import DocumentReply
from picoserve.output.document_tokens import CERTAIN, UNLIKELY
from picoserve.output.reply import ReplyState

SCHEMA = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "unit": {"enum": ["kelvin", "celsius"]},
    },
    "required": ["city", "unit"],
    "additionalProperties": False,
}
WHOLE = '{"city": "Paris", "unit": "celsius"}'


def grammar(schema: object = None) -> Grammar:
    return CACHE.get_or_compile(Kind.JSON_SCHEMA, schema or SCHEMA)  # type: ignore[arg-type]  # any


def reply(schema: object = None) -> DocumentReply:
    return DocumentReply(grammar(schema), (END_MARK,))


def token(text: bytes, *others: bytes) -> TokenLogprob:
    return TokenLogprob(text, -1.0, tuple(TokenChoice(other, -2.0) for other in others))


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
@pytest.mark.parametrize(
    "script",
    [WHOLE, f"Sure:\n{WHOLE}\nDone.", f"{WHOLE}{END_MARK}x", WHOLE * 2],
)
def test_good_document_costs_one_call(script: str, size: int) -> None:
    played = play(reply(), script, size=size)

    assert json.loads(played.text) == json.loads(WHOLE)
    assert played.engine_calls == 1
    assert played.finish is FinishReason.STOP


@pytest.mark.parametrize(
    "script", ["", "No.", "{", '{"town": 1}', WHOLE[:-9], '"' * 60, "{" * 60, WHOLE.upper()]
)
def test_any_other_text_still_becomes_a_document(script: str) -> None:
    made = reply()

    document = json.loads(play(made, script).text)

    assert sorted(document) == ["city", "unit"]
    assert made.tally.repairs or script == WHOLE.upper()


def test_forced_document_needs_no_engine() -> None:
    made = reply({"const": {"a": 1}})

    assert play(made, "x").text == '{"a": 1}'
    assert made.tally.forced_bytes == len('{"a": 1}')


def test_end_mark_inside_a_string_ends_the_call() -> None:
    played = play(reply(), f'{{"city": "Par{END_MARK}is", "unit": "celsius"}}', size=1000)

    assert END_MARK not in played.text
    assert json.loads(played.text)["city"].startswith("Par")


def test_limit_leaves_the_document_as_it_is() -> None:
    made = reply()
    made.start()
    made.feed(b"Par")

    assert made.end_call(Outcome(EngineFinish.LIMIT, 9, 1)) == []
    assert made.state is ReplyState.GOING
    assert made.prefix == '{"city": "Par'
    made.cut()
    assert (made.state, made.finish_reason) == (ReplyState.DONE, FinishReason.LENGTH)


def test_close_ends_it_without_the_engine() -> None:
    made = reply()
    events = [*made.start(), *made.feed(b"Par"), *made.close()]

    text = "".join(event.text for event in events if hasattr(event, "text"))
    assert json.loads(text)["city"] == "Par"
    assert made.tally.closes == 1


@pytest.mark.parametrize("late", [False, True])
def test_repair_takes_what_the_model_would_have_said_next(late: bool) -> None:
    made = reply()
    made.start()
    pieces = [token(b"Paris"), token(b'",'), token(b' "unit'), token(b'": "'), WRONG]
    for piece in pieces:
        made.feed(piece.token, () if late else (piece,))
    assert made.state is ReplyState.ENOUGH

    made.end_call(Outcome(EngineFinish.INTERRUPTED, 9, 5, tokens=tuple(pieces) if late else ()))

    assert made.prefix == WHOLE


WRONG = token(b"Fahrenheit", b"Reaumur", b"celsius", b"kelvin")


@pytest.mark.parametrize("told", ["at once", "at the end", "never"])
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_tokens_come_to_the_document(behaviour: str, told: Any) -> None:
    for name in ("save_person", "worst_response"):
        schema, document = LIVEKIT[name]
        script = BEHAVIOURS[behaviour](document, random.Random(name))  # noqa: S311
        text = (script.text + (script.endless * 200)[:2000]).decode(errors="ignore")
        made = DocumentReply(grammar(schema), (END_MARK,), logprobs=True)

        played = play(made, text, size=4, told=told)

        assert b"".join(token.token for token in played.tokens).decode() == played.text
        assert {token.logprob for token in played.tokens} <= {-1.0, CERTAIN, UNLIKELY}
        spoken = any(token.logprob == -1.0 for token in played.tokens)
        assert not (spoken and told == "never")


@pytest.mark.parametrize("told", ["at once", "at the end"])
def test_each_part_of_a_document_has_its_own_log_probability(told: Any) -> None:
    made = DocumentReply(grammar(), (END_MARK,), logprobs=True)

    played = play(made, '{"city": "Paris", "unit": "Fahrenheit"}', size=4, told=told)

    assert [(token.token, token.logprob) for token in played.tokens] == [
        (b'{"city": "', CERTAIN),
        (b"Pari", -1.0),
        (b's", ', -1.0),
        (b'"uni', -1.0),
        (b't": ', -1.0),
        (b'"', -1.0),  # what was kept of `"Fah`
        (b'celsius"', UNLIKELY),
        (b"}", CERTAIN),
    ]


@pytest.mark.parametrize("late", [False, True])
def test_alternative_has_its_own_log_probability(late: bool) -> None:
    made = DocumentReply(grammar({"enum": ["north", "nones", "west"]}), (END_MARK,), logprobs=True)
    wrong = token(b"now", b"nought", b"nones", b"west")
    events = [*made.start(), *made.feed(wrong.token, () if late else (wrong,))]

    outcome = Outcome(EngineFinish.INTERRUPTED, 9, 5, tokens=(wrong,) if late else ())
    events += made.end_call(outcome)

    # `no` was kept of the wrong token; the right one takes its place as a whole.
    assert [token for event in events for token in getattr(event, "logprobs", ())] == [
        TokenLogprob(b'"', CERTAIN),
        TokenLogprob(b"nones", -2.0, wrong.top),
        TokenLogprob(b'"', CERTAIN),
    ]


def test_without_a_wish_there_are_no_log_probabilities() -> None:
    played = play(reply(), WHOLE, told="at once")

    assert {event.logprobs for event in played.events if isinstance(event, TextDelta)} == {None}


def test_tail_of_the_call_is_read() -> None:
    made = reply()
    made.start()

    events = made.end_call(Outcome(EngineFinish.END, 9, 9, tail=b'Paris", "unit": "celsius"}'))

    assert made.state is ReplyState.DONE
    assert events


def test_broken_promise_is_an_error_and_not_a_silent_lie() -> None:
    made = reply({"type": "array", "items": {"type": "integer"}, "uniqueItems": True})
    made.start()

    with pytest.raises(EngineFailedError, match="uniqueItems"):
        made.feed(b"1, 1]")


def test_regex_is_a_document_too() -> None:
    made = DocumentReply(CACHE.get_or_compile(Kind.REGEX, "(yes|no), sir"), (END_MARK,))

    assert play(made, "yes, madam").text == "yes, sir"


LEADS = [" ", "\n", "\n\nAssistant: "]


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("lead", LEADS)
@pytest.mark.parametrize("pattern", ["(yes|no), sir", "[^x]{4,40}"])
def test_lead_is_no_part_of_a_document(pattern: str, lead: str, size: int) -> None:
    compiled = CACHE.get_or_compile(Kind.REGEX, pattern)
    made = DocumentReply(compiled, (END_MARK,), lead=lead, logprobs=True)

    played = play(made, f"{lead}yes, sir", size=size, told="at once")

    assert (played.text, played.engine_calls) == ("yes, sir", 1)
    assert b"".join(token.token for token in played.tokens) == b"yes, sir"
    assert {token.logprob for token in played.tokens} <= {-1.0, CERTAIN}


@pytest.mark.parametrize("lead", LEADS)
def test_what_the_model_goes_on_from_begins_with_the_lead(lead: str) -> None:
    made = DocumentReply(grammar(), (END_MARK,), lead=lead)

    played = play(made, '{"city": "Paris", "unit": "Fahrenheit"}')

    assert played.prefixes[0] == lead + '{"city": "'
    assert all(prefix.startswith(lead + "{") for prefix in played.prefixes)


def test_lead_within_a_document_is_its_own() -> None:
    made = DocumentReply(grammar({"enum": [" one", "two"]}), (END_MARK,), lead=" ")
    made.start()
    made.feed(b' one"')

    assert made.prefix == ' " one"'
