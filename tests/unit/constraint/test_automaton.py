import pytest

from picoserve.constraint import DeadEndError, Kind, SchemaError, compile_grammar
from picoserve.constraint.automaton import Automaton, grammar_fault

_TEXT = compile_grammar(Kind.JSON_SCHEMA, {"type": "array", "items": {"type": "integer"}}).text


def test_bytes_are_taken_up_to_the_first_illegal_one() -> None:
    automaton = Automaton(_TEXT)

    assert automaton.take(b"[1, x") == 4
    assert automaton.text == b"[1, "
    assert not automaton.is_accepting
    assert automaton.take(b"2]") == 2
    assert automaton.is_complete
    assert automaton.legal() == b""
    assert automaton.take(b"]") == 0


def test_legal_bytes_are_exactly_those_taken() -> None:
    automaton = Automaton(_TEXT)
    automaton.take(b"[1")

    legal = {byte for byte in range(256) if automaton.copy().take(bytes([byte]))}

    assert set(automaton.legal()) == legal == set(b"0123456789,] \t\n\r")


def test_a_broken_lexer_is_replaced_and_the_text_fed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    automaton = Automaton(_TEXT)
    automaton.take(b"[1, ")
    # An illegal token puts llguidance into an error state that never ends.
    automaton._inner.consume_token(ord("x"))
    assert automaton._inner.is_error()

    assert automaton.take(b"2]") == 2
    assert automaton.is_complete
    assert automaton.text == b"[1, 2]"


def test_text_that_is_refused_after_a_rebuild_is_a_dead_end() -> None:
    automaton = Automaton(_TEXT)
    automaton.text += b"x"
    automaton._inner.consume_token(ord("x"))

    with pytest.raises(DeadEndError):
        automaton.legal()


def test_a_bad_grammar_is_named() -> None:
    assert grammar_fault(_TEXT) == ""
    assert grammar_fault("nonsense")
    with pytest.raises(SchemaError):
        Automaton("nonsense")
