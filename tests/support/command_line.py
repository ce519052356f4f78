"""The command line as a user calls it: a process, no terminal, nothing on standard input."""

import os
import subprocess
import sys
from collections.abc import Mapping

_SECONDS = 45.0


def picoserve(
    *arguments: str, environment: Mapping[str, str] | None = None, text: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run `python -m picoserve` and wait for its end.

    Args:
        arguments: What stands behind the command's name.
        environment: Variables on top of this process's own, without any that configure picoserve.
        text: What stands on standard input.
    """
    variables = {k: v for k, v in os.environ.items() if not k.startswith(("PICOSERVE_", "PICOV"))}
    return subprocess.run(
        [sys.executable, "-m", "picoserve", *arguments],
        env=variables | dict(environment or {}),
        input=text,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
