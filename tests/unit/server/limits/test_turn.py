import pytest
from tests.unit.server.limits.refill import Refill

from picoserve.errors import RateLimitError
from picoserve.server.limits.account import Account, Limits
from picoserve.server.limits.durations import spelled_duration
from picoserve.server.limits.turn import Turn


def tokens_left(account: Account) -> float:
    assert account.tokens is not None
    return account.tokens.level


def test_only_so_many_run_at_a_time() -> None:
    account = Account(Limits(concurrent_requests=1))
    turn = Turn(account)

    with pytest.raises(RateLimitError) as error:
        Turn(account)
    turn.end(0)
    Turn(account)

    assert error.value.limit == "concurrent_requests"
    assert error.value.retry_after == 0.5


def test_one_request_too_many_is_told_when_there_is_room() -> None:
    refill, account = Refill(), Account(Limits(requests_per_minute=2))
    for _ in range(2):
        Turn(account).end(0)

    with pytest.raises(RateLimitError, match=r"Limit 2, ") as error:
        Turn(account)

    assert error.value.limit == "requests_per_minute"
    assert error.value.retry_after
    assert 0 <= 30 - error.value.retry_after <= refill.seconds
    assert f"try again in {spelled_duration(error.value.retry_after)}" in str(error.value)
    assert account.running == 0


def test_prompt_and_max_tokens_are_reserved_and_what_is_not_used_comes_back() -> None:
    refill, account = Refill(), Account(Limits(tokens_per_minute=1000))
    turn = Turn(account)

    turn.reserve(100, 500)
    assert 0 <= tokens_left(account) - 400 <= refill.most(1000)
    turn.settle(150)
    turn.end(150)

    assert 0 <= tokens_left(account) - 850 <= refill.most(1000)


def test_answer_without_a_bound_may_owe_tokens() -> None:
    refill, account = Refill(), Account(Limits(tokens_per_minute=1000))
    turn = Turn(account)
    turn.reserve(100, 0)
    turn.end(1500)

    with pytest.raises(RateLimitError) as error:
        Turn(account).reserve(100, 0)

    assert error.value.limit == "tokens_per_minute"
    assert error.value.retry_after
    assert 0 <= 36 - error.value.retry_after <= refill.seconds


def test_max_tokens_beyond_the_limit_wait_for_a_full_bucket_and_no_more() -> None:
    refill, account = Refill(), Account(Limits(tokens_per_minute=1000))

    Turn(account).reserve(100, 100_000)

    assert 0 <= tokens_left(account) <= refill.most(1000)


def test_prompt_beyond_the_limit_is_told_that_waiting_is_in_vain() -> None:
    account = Account(Limits(tokens_per_minute=1000))

    with pytest.raises(RateLimitError, match="Limit 1000, Requested 1001") as error:
        Turn(account).reserve(1001, 0)

    assert error.value.retry_after is None


def test_request_that_is_refused_for_its_tokens_costs_no_request() -> None:
    refill, account = Refill(), Account(Limits(requests_per_minute=5, tokens_per_minute=10))
    assert account.requests is not None
    account.requests.take(2)
    turn = Turn(account)

    with pytest.raises(RateLimitError):
        turn.reserve(11, 0)
    turn.end(0)

    assert 0 <= account.requests.level - 3 <= refill.most(5)
    assert account.running == 0
