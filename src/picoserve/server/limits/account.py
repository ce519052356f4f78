"""What one key has used of its limits."""

from dataclasses import dataclass

from picoserve.server.limits.bucket import Bucket
from picoserve.server.limits.durations import spelled_duration


@dataclass(frozen=True, slots=True)
class Limits:
    """What one key may ask for; 0 for no limit."""

    concurrent_requests: int = 0
    requests_per_minute: int = 0
    tokens_per_minute: int = 0


class Account:
    """One key's use, as of now.

    Attributes:
        running: Requests that are under way.
        requests: What is left of the requests in a minute; None without a limit.
        tokens: What is left of the tokens in a minute; None without a limit.
    """

    def __init__(self, limits: Limits) -> None:
        self.running = 0
        self.requests: Bucket | None = None
        self.tokens: Bucket | None = None
        self._limits = Limits()
        self.limits = limits

    @property
    def limits(self) -> Limits:
        """What the key may ask for. When it changes, what is used stays used."""
        return self._limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        if limits != self._limits:
            self._limits = limits
            self.requests = _resized(self.requests, limits.requests_per_minute)
            self.tokens = _resized(self.tokens, limits.tokens_per_minute)

    @property
    def is_idle(self) -> bool:
        """Whether nothing would be lost by forgetting it."""
        buckets = [bucket for bucket in (self.requests, self.tokens) if bucket]
        return not self.running and all(bucket.is_full for bucket in buckets)

    def headers(self) -> dict[str, str]:
        """`x-ratelimit-…` for each limit that there is."""
        return {**_headers("requests", self.requests), **_headers("tokens", self.tokens)}


def _resized(bucket: Bucket | None, size: int) -> Bucket | None:
    used = bucket.size - bucket.level if bucket else 0.0
    return Bucket(size, used) if size else None


def _headers(name: str, bucket: Bucket | None) -> dict[str, str]:
    if bucket is None:
        return {}
    return {
        f"x-ratelimit-limit-{name}": str(bucket.size),
        f"x-ratelimit-remaining-{name}": str(max(0, int(bucket.level))),
        f"x-ratelimit-reset-{name}": spelled_duration(bucket.seconds_until(bucket.size)),
    }
