"""How much is tried: a little in every run, `PICOSERVE_FUZZ` examples of each with `make fuzz`."""

import os
from typing import Final

from hypothesis import HealthCheck, settings

LONG: Final = "PICOSERVE_FUZZ" in os.environ
EXAMPLES: Final = int(os.environ.get("PICOSERVE_FUZZ", "0"))
SECONDS: Final = 3600 if LONG else 240


def examples(short: int) -> settings:
    """Hypothesis' settings; the short form tries the same every time."""
    return settings(
        max_examples=EXAMPLES or short,
        derandomize=not LONG,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
