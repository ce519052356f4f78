import pytest
from pydantic import ValidationError

from picoserve.config.limits import LimitSettings


def test_nothing_is_limited_unless_said() -> None:
    limits = LimitSettings()

    assert (limits.concurrent_requests, limits.requests_per_minute, limits.tokens_per_minute) == (
        0,
        0,
        0,
    )


@pytest.mark.parametrize(
    "table",
    [
        {"requests_per_minute": -1},
        {"keys": [{"requests_per_minute": 1}]},
        {"keys": [{"name": ""}]},
        {"keys": [{"name": "two\nlines"}]},
        {"keys": [{"name": "alice"}, {"name": "alice", "tokens_per_minute": 3}]},
        {"rpm": 3},
    ],
)
def test_limits_that_make_no_sense_are_refused(table: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        LimitSettings.model_validate(table)
