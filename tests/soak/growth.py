"""Whether a figure grows with the number of requests, or only wavers."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import Final

# The share of the samples that count as warm-up: caches fill, the allocator finds its size.
WARM_UP: Final = 0.5


@dataclass(frozen=True, slots=True)
class Series:
    """A figure, sampled again and again.

    Attributes:
        at: Requests made by then.
        most: The largest growth, from warm-up to end, that passes for wavering.
    """

    name: str
    at: Sequence[int]
    values: Sequence[float]
    most: float

    @property
    def growth(self) -> float:
        """How much the figure grew from the warm-up to the end, by its trend.

        The trend is the median of the slopes between any two samples (Theil and Sen), which a
        few odd samples do not move.
        """
        first = int(len(self.at) * WARM_UP)
        samples = list(zip(self.at[first:], self.values[first:], strict=True))
        slopes = [(b - a) / (n - m) for (m, a), (n, b) in combinations(samples, 2) if n > m]
        return median(slopes) * (samples[-1][0] - samples[0][0]) if slopes else 0.0

    @property
    def is_flat(self) -> bool:
        """Whether it does not grow."""
        return self.growth <= self.most

    @property
    def settled(self) -> float:
        """The figure after the warm-up."""
        return self.values[int(len(self.values) * WARM_UP)]

    @property
    def last(self) -> float:
        """The figure at the end."""
        return self.values[-1]
