"""What work takes in time of a processor: the same however busy the machine is."""

import time
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def at_most(seconds: float) -> Generator[None, None, None]:
    """Fail when what is done inside takes more than so many seconds of this process's own."""
    began = time.process_time()
    yield
    assert time.process_time() - began < seconds
