"""What a child process gets to see of the environment."""

import os
from typing import Final

# Settings and telemetry hold keys, and are no business of a process that runs native code.
_SECRET: Final = ("PICOVOICE_ACCESS_KEY", "PICOSERVE_", "OTEL_")


def child_environment() -> dict[str, str]:
    """This process's variables without those that may hold a key."""
    return {name: text for name, text in os.environ.items() if not name.startswith(_SECRET)}
