"""`python -m picoserve.engine.list_devices [LIBRARY]`: picoLLM's devices as JSON on stdout.

A process of its own, because asking touches CUDA, and a process that has touched CUDA must not
go on to start others.
"""

import json
import subprocess
import sys
from typing import Final

from picoserve.engine.child_environment import child_environment
from picoserve.engine.devices import DeviceError

_SECONDS: Final = 60.0


def listed_devices(library_path: str = "") -> list[str]:
    """What `picollm.available_devices()` says.

    Raises:
        DeviceError: picoLLM cannot be used here, or does not answer.
    """
    command = [sys.executable, "-P", "-m", "picoserve.engine.list_devices"]
    if library_path:
        command.append(library_path)
    try:
        answer = subprocess.run(  # noqa: S603  # our own interpreter and module
            command,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            env=child_environment(),
        )
    except subprocess.TimeoutExpired:
        raise DeviceError(f"picoLLM did not list its devices within {_SECONDS:g} s") from None
    if answer.returncode != 0:
        last = answer.stderr.strip().splitlines()[-1:] or [f"exit status {answer.returncode}"]
        raise DeviceError(f"picoLLM cannot list its devices: {last[0]}")
    devices: list[str] = json.loads(answer.stdout.splitlines()[-1])
    return devices


def main() -> None:
    """Print the list."""
    import picollm  # noqa: PLC0415  # fails to import on machines it does not know

    library_path = sys.argv[1] if len(sys.argv) > 1 else None
    sys.stdout.write(json.dumps(picollm.available_devices(library_path=library_path)) + "\n")


if __name__ == "__main__":
    main()
