import pytest

from picoserve.server.limits.durations import spelled_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (-1, "0s"),
        (0.0001, "1ms"),
        (0.174, "174ms"),
        (1, "1s"),
        (8.64, "8.64s"),
        (59.9999, "1m0s"),
        (72.5, "1m12.5s"),
        (360, "6m0s"),
        (3600, "1h0m0s"),
        (7261.25, "2h1m1.25s"),
    ],
)
def test_durations_are_spelled_as_openai_does(seconds: float, text: str) -> None:
    assert spelled_duration(seconds) == text
