"""What a child process gets to see of the environment."""

import os
from typing import Final

# What holds keys is no business of a process that runs native code. Settings are read in any case.
_SECRET: Final = ("PICOVOICE_ACCESS_KEY", "PICOSERVE_", "OTEL_", "OPENAI_API_KEY", "LIVEKIT_")
# A failed assertion in llama.cpp has gdb, where it is installed, print a backtrace of all threads:
# for many seconds a process that is lost keeps its jobs waiting.
_DEFAULTS: Final = {"GGML_NO_BACKTRACE": "1"}


def child_environment() -> dict[str, str]:
    """This process's variables without those that may hold a key."""
    environ = os.environ.items()
    own = {name: text for name, text in environ if not name.upper().startswith(_SECRET)}
    return _DEFAULTS | own
