"""Conversations stay with the engine that holds their history."""

import random
from pathlib import Path

from benchmarks.affinity import ENGINES, four_lines, measure


def test_hardly_a_prompt_token_is_evaluated_twice(standin_library: Path, tmp_path: Path) -> None:
    callers = list(four_lines(random.Random(7)))  # noqa: S311  # the same order every time
    result = measure(standin_library, tmp_path, callers, lines=ENGINES)

    assert result.affinity <= 1.05 * result.ideal
    assert result.round_robin >= 2 * result.ideal
