from tests.unit.server.limits.refill import Refill

from picoserve.server.limits.account import Account, Limits


def test_only_limits_that_there_are_stand_in_the_headers() -> None:
    assert Account(Limits()).headers() == {}
    assert Account(Limits(requests_per_minute=60)).headers() == {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "60",
        "x-ratelimit-reset-requests": "0s",
    }


def test_headers_never_tell_of_less_than_nothing() -> None:
    account = Account(Limits(tokens_per_minute=60))
    assert account.tokens is not None
    account.tokens.take(100)

    headers = account.headers()

    assert headers["x-ratelimit-remaining-tokens"] == "0"
    assert headers["x-ratelimit-reset-tokens"].startswith("1m")


def test_what_was_used_stays_used_when_limits_change() -> None:
    refill, account = Refill(), Account(Limits(requests_per_minute=10))
    assert account.requests is not None
    account.requests.take(4)

    account.limits = Limits(requests_per_minute=100, tokens_per_minute=5)
    assert 0 <= account.requests.level - 96 <= refill.most(100)
    assert account.tokens is not None

    account.limits = Limits()
    assert account.headers() == {}


def test_account_is_idle_once_nothing_runs_and_nothing_is_missing() -> None:
    fresh, running, short = (Account(Limits(requests_per_minute=10)) for _ in range(3))
    running.running = 1
    assert short.requests is not None
    short.requests.take(10)

    assert [account.is_idle for account in (fresh, running, short)] == [True, False, False]
