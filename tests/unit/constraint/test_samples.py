import re

import pytest

from picoserve.constraint.samples import (
    PatternError,
    parse_pattern,
    pattern_sample,
    repetition,
    string_samples,
)


@pytest.mark.parametrize(
    "pattern",
    [
        "^[A-Z]{3}-\\d{4}$",
        "\\.com$", "^(a|b)+c$", "[^a-z0]", "^\\w+@\\w+\\.org$", "^\\S\\s\\D\\W$",
        ".{3,}", "^(?:x{2}){3}$", "^[^\\d\\s]$", "^$", "é+", "^[\\w.-]{2}$", "(?>ab)c", "[^\\W]",
    ],
)  # fmt: skip
def test_samples_match_their_pattern(pattern: str) -> None:
    assert re.search(pattern, pattern_sample(pattern))


def test_repeats_are_multiplied() -> None:
    assert repetition(parse_pattern("(a{10}){20}")) == 200
    assert repetition(parse_pattern("a*b+")) == 2
    assert repetition(parse_pattern("(ab|c{5})")) == 5


def test_what_cannot_be_read_is_an_error() -> None:
    with pytest.raises(PatternError):
        parse_pattern("((")
    with pytest.raises(PatternError):
        pattern_sample("(a{1000}){1000}")


def test_samples_are_written_as_in_json_and_bad_patterns_left_out() -> None:
    assert string_samples(['^"$', "((", "a{9999}"], ["date", "unknown"]) == (b'\\"', b"2000-01-01")
