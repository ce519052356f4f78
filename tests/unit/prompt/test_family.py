"""What holds for every row of the table."""

import pytest

from picoserve.prompt.control_text import Neutraliser
from picoserve.prompt.families import FAMILIES
from picoserve.prompt.family import Family


@pytest.mark.parametrize("row", FAMILIES, ids=lambda row: row.name)
def test_replies_end_at_texts_that_nobody_can_forge(row: Family) -> None:
    assert row.stop_phrases
    assert set(row.stop_phrases) <= set(row.control_tokens)


@pytest.mark.parametrize("row", FAMILIES, ids=lambda row: row.name)
def test_what_is_stripped_cannot_be_forged_either(row: Family) -> None:
    clean = Neutraliser(row.control_tokens)

    assert all(clean(phrase) != phrase for phrase in row.strip_phrases)


@pytest.mark.parametrize("row", FAMILIES, ids=lambda row: row.name)
def test_only_alternating_families_leave_system_messages_out(row: Family) -> None:
    assert row.alternates == (row.system != "turn")
