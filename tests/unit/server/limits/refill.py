"""What comes back into buckets by itself while a test runs, however long that takes."""

import time


class Refill:
    """What may have come back since this was made; a test that it keeps waiting sees more."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """At most so many have passed for any bucket that was made since."""
        return time.monotonic() - self._began

    def most(self, per_minute: int) -> float:
        """At most so much has come back."""
        return self.seconds * per_minute / 60
