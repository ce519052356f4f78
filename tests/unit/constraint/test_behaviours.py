"""Every behaviour of the fake model on every schema ends in a valid document."""

import os
import random
from collections.abc import Callable

import pytest
from tests.unit.constraint import behaviours, schemas

from picoserve.constraint import Grammar, Kind, check_text, compile_grammar

_SEEDS = int(os.environ.get("PICOSERVE_CONSTRAINT_SEEDS", "1"))
_MOST_CALLS = 13


@pytest.fixture(scope="module")
def grammars() -> dict[str, Grammar]:
    return {
        name: compile_grammar(Kind.JSON_SCHEMA, schema) for name, (schema, _) in schemas.ALL.items()
    }


@pytest.mark.timeout(600)
@pytest.mark.parametrize("behaviour", behaviours.BEHAVIOURS)
def test_every_document_is_valid_within_thirteen_calls(
    behaviour: str, grammars: dict[str, Grammar], record_property: Callable[[str, object], None]
) -> None:
    calls: list[int] = []
    for name, (_, document) in schemas.ALL.items():
        for seed in range(_SEEDS):
            random_ = random.Random(f"{behaviour} {name} {seed}")  # noqa: S311
            script = behaviours.BEHAVIOURS[behaviour](document, random_)

            outcome = behaviours.run(grammars[name], script, random_, prefill=seed % 2 == 0)

            finding = check_text(grammars[name].schema, outcome.text)
            assert finding.valid, (name, seed, finding.problems, outcome.text)
            assert outcome.emitted.decode() == outcome.text, (name, seed)
            assert outcome.calls <= _MOST_CALLS, (name, seed)
            calls.append(outcome.calls)
    record_property("mean_calls", sum(calls) / len(calls))
    record_property("max_calls", max(calls))


@pytest.mark.parametrize("behaviour", ["compliant", "compact", "indented", "wide blanks"])
@pytest.mark.parametrize("name", schemas.ALL)
def test_good_documents_pass_in_one_call_and_unchanged(
    behaviour: str, name: str, grammars: dict[str, Grammar]
) -> None:
    random_ = random.Random(name)  # noqa: S311
    script = behaviours.BEHAVIOURS[behaviour](schemas.ALL[name][1], random_)

    outcome = behaviours.run(grammars[name], script, random_)

    assert outcome.calls <= 1
    assert outcome.repairs == 0
    if behaviour == "compliant":
        assert outcome.text == script.text.decode()


@pytest.mark.parametrize(
    "behaviour",
    [
        "prose first", "fence", "ascii escapes", "python literals", "double commas",
        "missing commas",
    ],
)  # fmt: skip
def test_small_mistakes_cost_no_second_call(behaviour: str, grammars: dict[str, Grammar]) -> None:
    for name in ("get_weather", "save_person", "voice", "wide", "booleans"):
        random_ = random.Random(name)  # noqa: S311
        script = behaviours.BEHAVIOURS[behaviour](schemas.ALL[name][1], random_)

        outcome = behaviours.run(grammars[name], script, random_)

        assert outcome.calls == 1, name
