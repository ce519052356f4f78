from picoserve.constraint import State, Verdict


def test_verdicts_are_values() -> None:
    assert Verdict(b"a", State.GOING) == Verdict(b"a", State.GOING)
    assert Verdict(b"a", State.GOING) != Verdict(b"a", State.COMPLETE)
