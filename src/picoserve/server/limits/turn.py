"""One request's way through its key's limits."""

from typing import Final

from picoserve.errors import RateLimitError
from picoserve.server.limits.account import Account
from picoserve.server.limits.durations import spelled_duration

_CONCURRENCY_PAUSE_SECONDS: Final = 0.5


class Turn:
    """A request that was let in, until it is over.

    Its tokens are reserved before it runs, the prompt's by their estimate and the answer's by
    `max_tokens`; what it has used is known at its end, and then the difference is given back or
    owed. Whatever is refused costs nothing.
    """

    def __init__(self, account: Account) -> None:
        """Let a request in.

        Raises:
            RateLimitError: Too many are under way, or came in the last minute.
        """
        self._account = account
        self._reserved = 0
        _check_running(account)
        _check_requests(account)
        account.running += 1

    def reserve(self, prompt_tokens: int, answer_tokens: int) -> None:
        """Take tokens for the request.

        Raises:
            RateLimitError: There are not so many left, or there never will be.
        """
        bucket = self._account.tokens
        if bucket is None:
            return
        try:
            wanted = _checked_tokens(self._account, prompt_tokens, answer_tokens)
        except RateLimitError:
            if self._account.requests is not None:
                self._account.requests.take(-1)
            raise
        bucket.take(wanted)
        self._reserved = wanted

    def settle(self, tokens: int) -> None:
        """The request has used so many, whatever was reserved or settled before."""
        if self._account.tokens is not None:
            self._account.tokens.take(tokens - self._reserved)
        self._reserved = tokens

    def end(self, tokens: int) -> None:
        """The request is over and has used so many tokens."""
        self.settle(tokens)
        self._account.running -= 1


def _check_running(account: Account) -> None:
    most = account.limits.concurrent_requests
    if most and account.running >= most:
        raise RateLimitError(
            f"Rate limit reached on concurrent requests: Limit {most}, Used {account.running}, "
            "Requested 1. Please try again when one of them has ended.",
            limit="concurrent_requests",
            retry_after=_CONCURRENCY_PAUSE_SECONDS,
        )


def _check_requests(account: Account) -> None:
    bucket = account.requests
    if bucket is None:
        return
    if wait := bucket.seconds_until(1):
        raise RateLimitError(
            f"Rate limit reached on requests per min (RPM): Limit {bucket.size}, "
            f"Used {bucket.size}, Requested 1. Please try again in {spelled_duration(wait)}.",
            limit="requests_per_minute",
            retry_after=wait,
        )
    bucket.take(1)


def _checked_tokens(account: Account, prompt_tokens: int, answer_tokens: int) -> int:
    """How many to reserve. An answer may be as long as the limit; it need not be as long."""
    bucket = account.tokens
    if bucket is None:
        return 0
    if prompt_tokens > bucket.size:
        raise RateLimitError(
            f"Request too large on tokens per min (TPM): Limit {bucket.size}, "
            f"Requested {prompt_tokens}. The input must be reduced in order to run successfully.",
            limit="tokens_per_minute",
        )
    wanted = min(prompt_tokens + answer_tokens, bucket.size)
    if wait := bucket.seconds_until(wanted):
        used = bucket.size - int(bucket.level)
        raise RateLimitError(
            f"Rate limit reached on tokens per min (TPM): Limit {bucket.size}, Used {used}, "
            f"Requested {wanted}. Please try again in {spelled_duration(wait)}.",
            limit="tokens_per_minute",
            retry_after=wait,
        )
    return wanted
