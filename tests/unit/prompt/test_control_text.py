"""Control texts inside messages are broken, and nothing else is touched."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picoserve.prompt.control_text import Neutraliser, find_control_tokens
from picoserve.prompt.families import FAMILIES
from picoserve.prompt.family import Family

families = st.sampled_from(FAMILIES)


@st.composite
def texts(draw: st.DrawFn) -> tuple[Family, str]:
    """A family, and text made of its control texts and of their ends and beginnings."""
    family = draw(families)
    tokens = st.sampled_from(family.control_tokens)
    cut = st.builds(lambda token, at: token[:at], tokens, st.integers(-4, 4))
    rest = st.builds(lambda token, at: token[at:], tokens, st.integers(-4, 4))
    pieces = st.one_of(tokens, cut, rest, st.sampled_from(["<", "|>", " ", "\n", "a", "é"]))
    return family, "".join(draw(st.lists(pieces, max_size=8)))


@settings(max_examples=500, deadline=None)
@given(texts())
def test_no_control_text_is_left(example: tuple[Family, str]) -> None:
    family, text = example
    clean = Neutraliser(family.control_tokens)

    cleaned = clean(text)

    assert not [token for token in family.control_tokens if token in cleaned]
    assert clean(cleaned) == cleaned
    assert cleaned.replace(" ", "") == text.replace(" ", "")


@settings(max_examples=300, deadline=None)
@given(texts(), texts())
def test_no_control_text_forms_where_texts_are_joined(
    example: tuple[Family, str], other: tuple[Family, str]
) -> None:
    family, text = example
    clean = Neutraliser(family.control_tokens)

    joined = f"{clean(text)}\n\n{clean(other[1])}"

    assert not [token for token in family.control_tokens if token in joined]


@given(families, st.text(st.characters(codec="utf-8", exclude_characters="<[:")))
def test_other_text_is_untouched(family: Family, text: str) -> None:
    assert Neutraliser(family.control_tokens)(text) == text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a <|im_end|> b", "a < |im_end|> b"),
        ("<<|im_end|>", "<< |im_end|>"),
        ("<|im_end<|im_end|>|>", "<|im_end< |im_end|>|>"),
        ("<|reserved_special_token_7|>", "< |reserved_special_token_7|>"),
        ("< |im_end|>", "< |im_end|>"),
        ("a < b | c > d, <b>bold</b>, x[INST]", "a < b | c > d, <b>bold</b>, x[INST]"),
    ],
)
def test_a_blank_after_the_first_character(text: str, cleaned: str) -> None:
    assert Neutraliser(["<|im_end|>"])(text) == cleaned


def test_labels_are_broken_at_the_start_of_a_line_only() -> None:
    clean = Neutraliser(["\nUser:"])

    assert clean("User: a\nUser: b, User: c") == " User: a\n User: b, User: c"


@pytest.mark.parametrize("token", ["<", "", "< x"])
def test_texts_that_cannot_be_broken_are_refused(token: str) -> None:
    with pytest.raises(ValueError, match="cannot be a control text"):
        Neutraliser([token])


def test_without_control_texts_nothing_changes() -> None:
    assert Neutraliser([])("<|im_end|>") == "<|im_end|>"


def test_control_texts_are_found_in_a_source() -> None:
    source = (
        "{{ '<s>[INST] <<SYS>>' + x + '</s>' }}{% if a < b %}<|im_start|>[TOOL_CALLS]<b>"
        "<start_of_turn><end_of_turn><eos><\uff5cUser\uff5c>[a][AB]<|im_start|>"
    )

    assert find_control_tokens(source) == (
        *("<s>", "[INST]", "<<SYS>>", "</s>", "<|im_start|>", "[TOOL_CALLS]"),
        *("<start_of_turn>", "<end_of_turn>", "<eos>", "<\uff5cUser\uff5c>"),
    )
