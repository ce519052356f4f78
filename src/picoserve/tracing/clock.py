"""Moments of `time.perf_counter` as OpenTelemetry wants them."""

from dataclasses import dataclass
from time import perf_counter, time_ns
from typing import Final

_NANOSECONDS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class WallClock:
    """Where the zero of `time.perf_counter` lies, in nanoseconds since the epoch."""

    zero: int

    def nanoseconds(self, moment: float) -> int:
        """The same moment, in nanoseconds since the epoch."""
        return self.zero + round(moment * _NANOSECONDS)


def wall_clock() -> WallClock:
    """The clock as of now; the system's time may be set anew between two requests."""
    return WallClock(time_ns() - round(perf_counter() * _NANOSECONDS))
