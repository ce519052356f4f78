from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from picoserve.output.stop import StopFilter

TEXTS = st.text("abc ", max_size=24)
PHRASES = st.lists(st.text("abc ", min_size=1, max_size=4), max_size=4)


def filtered(parts: Sequence[str], phrases: Sequence[str]) -> tuple[str, bool]:
    stop = StopFilter(phrases)
    shown = "".join(stop.feed(part) for part in parts) + stop.finish()
    return shown, stop.stopped


@given(text=TEXTS, phrases=PHRASES, cuts=st.lists(st.integers(0, 24), max_size=8))
@settings(max_examples=150)
def test_cut_anywhere_the_text_ends_before_the_first_phrase(
    text: str, phrases: list[str], cuts: list[int]
) -> None:
    edges = [0, *sorted(cuts), len(text)]
    parts = [text[a:b] for a, b in pairwise(edges)]
    found = [text.index(phrase) for phrase in phrases if phrase in text]

    shown, stopped = filtered(parts, phrases)

    # Cut into pieces, a phrase may complete before an earlier, longer one could have.
    assert stopped == bool(found)
    assert text.startswith(shown)
    assert not any(phrase in shown for phrase in phrases)
    if not found:
        assert shown == text


@given(text=TEXTS, phrase=st.text("abc ", min_size=1, max_size=4))
@settings(max_examples=100)
def test_single_characters_give_what_the_whole_text_gives(text: str, phrase: str) -> None:
    assert filtered(list(text), [phrase]) == filtered([text], [phrase])


def test_text_that_cannot_be_a_phrase_is_passed_on_at_once() -> None:
    stop = StopFilter(["END"])

    assert stop.feed("a b E") == "a b "
    assert stop.feed("x") == "Ex"
    assert stop.feed("EN") == ""
    assert stop.finish() == "EN"


def test_nothing_follows_a_phrase() -> None:
    stop = StopFilter(["."])

    assert stop.feed("one. two.") == "one"
    assert stop.feed(" three") == ""
    assert stop.finish() == ""


def test_empty_phrases_stop_nothing() -> None:
    assert filtered(["abc"], ["", ""]) == ("abc", False)
