"""The NVIDIA driver of this machine, as far as picoLLM's engines need it.

picoLLM's library carries machine code for Turing and portable code of CUDA 12.9 for whatever is
newer, which only a driver from R575 on can translate (seen in picollm 2.1.4's library; CUDA 12.9
came with R575).
"""

import contextlib
import re
from pathlib import Path
from typing import Final

from picoserve.app.findings import Finding, note, ok

_LOADED: Final = Path("/proc/driver/nvidia/version")
_RELEASE: Final = re.compile(r"Kernel Module.*?\s(\d{3})\.([\d.]+)")
_NEEDED: Final = 575


def loaded_driver() -> str:
    """What the kernel says of its NVIDIA driver, "" without one."""
    with contextlib.suppress(OSError):
        return _LOADED.read_text(errors="replace")
    return ""


def check_driver(loaded: str) -> Finding:
    """Whether the driver serves every GPU that picoLLM can use."""
    release = _RELEASE.search(loaded)
    if release is None:
        return note("driver", "no NVIDIA driver is loaded; engines can run on the CPU only")
    name = f"NVIDIA R{release[1]} ({release[1]}.{release[2]})"
    if int(release[1]) >= _NEEDED:
        return ok("driver", name)
    return note(
        "driver",
        f"{name}: too old for a GPU newer than Turing",
        f"for such a GPU install R{_NEEDED} or later; a Turing card (T4, RTX 20) needs nothing",
    )
