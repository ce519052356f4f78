"""A reply's lead: dropped at its beginning only, wherever the pieces are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picoserve.output.lead import LeadFilter

LEADS = ("", " ", "\n", "\n\nAssistant: ")


@given(
    lead=st.sampled_from(LEADS),
    beginning=st.sampled_from(["", " ", "\n", "\n\n", "\n\nAssistant", *LEADS[1:]]),
    rest=st.sampled_from(["", "Hello", " Hello", "\n\nAssistant: Hello", "é"]),
    size=st.integers(1, 20),
)
def test_only_the_lead_is_dropped(lead: str, beginning: str, rest: str, size: int) -> None:
    data = (beginning + rest).encode()
    found = LeadFilter(lead)

    given_out = [found.feed(data[at : at + size]) for at in range(0, len(data), size)]

    assert b"".join([*given_out, found.finish()]).decode() == (beginning + rest).removeprefix(lead)
    assert found.dropped == (lead.encode() if data.startswith(lead.encode()) else b"")


@pytest.mark.parametrize("said", ["Hello", "\nHello", "\n\nAssist me"])
def test_nothing_is_held_longer_than_needed(said: str) -> None:
    found = LeadFilter("\n\nAssistant: ")

    assert found.feed(said.encode()) == said.encode()
    assert found.feed(b"\n") == b"\n"
