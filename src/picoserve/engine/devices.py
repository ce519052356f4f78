"""Device strings: what picoLLM lists, what it takes, and how many CPU threads are ours.

picoLLM 2.1.4 lists `cpu:[0-7] - CPU (8 threads)` and `gpu:0 - NVIDIA …`, and takes neither as a
device argument, whatever its documentation says. Its own default for `cpu` is half of the
*host's* cores, whatever the affinity mask or the container's quota allows.
"""

import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

_GPU_ENTRY: Final = re.compile(r"gpu:(\d+)\s*-\s*(.+)")
_CPU_ENTRY: Final = re.compile(r"cpu:\[0-(\d+)\]\s*-\s*(.+)")
_DEVICE: Final = re.compile(r"(gpu:\d+|cpu:[1-9]\d*)")


@dataclass(frozen=True, slots=True)
class Device:
    """Something that can run an engine.

    Attributes:
        argument: What `create` takes (`gpu:0`, `cpu:4`).
        name: The listed name.
    """

    kind: Literal["gpu", "cpu"]
    argument: str
    name: str


class DeviceError(Exception):
    """A listed or configured device cannot be understood or does not exist."""


def parse_device(entry: str) -> Device:
    """An entry of `picollm.available_devices()`.

    Raises:
        DeviceError: The entry has a shape nobody has seen; it is reported, never guessed at.
    """
    if match := _GPU_ENTRY.fullmatch(entry.strip()):
        return Device("gpu", f"gpu:{match[1]}", match[2])
    if match := _CPU_ENTRY.fullmatch(entry.strip()):
        return Device("cpu", f"cpu:{usable_cpus()}", match[2])
    raise DeviceError(f"picoLLM lists a device of unknown shape: '{entry}'")


def choose_devices(wanted: str | Sequence[str], listed: Sequence[str]) -> list[str]:
    """Device arguments for a model's engines.

    Args:
        wanted: `all`, `gpu`, `cpu`, or explicit device strings.
        listed: What `picollm.available_devices()` says.

    Raises:
        DeviceError: Nothing fits; the message says what there is.
    """
    if not isinstance(wanted, str):
        return [explicit_device(device) for device in wanted]
    devices = [parse_device(entry) for entry in listed]
    chosen = [device.argument for device in devices if wanted in {"all", device.kind}]
    if not chosen:
        hint = (
            "; a GPU needs the NVIDIA driver (R575 or later for anything newer than Turing), "
            "and in a container --gpus all"
            if wanted == "gpu"
            else ""
        )
        raise DeviceError(f"no '{wanted}' device; picoLLM lists: {', '.join(listed)}{hint}")
    return chosen


def explicit_device(device: str) -> str:
    """A device string from the configuration: `gpu:0`, `cpu:4`, `gpu`, `cpu`.

    Raises:
        DeviceError: It is none of these.
    """
    if device == "cpu":
        return f"cpu:{usable_cpus()}"
    if device == "gpu":
        return "gpu:0"
    if not _DEVICE.fullmatch(device):
        raise DeviceError(f"'{device}' is no device; say gpu:N (from 0) or cpu:N (N threads)")
    return device


def usable_cpus() -> int:
    """CPUs this process may really use: affinity mask and cgroup quota, at least 1."""
    try:
        cpus = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        cpus = os.cpu_count() or 1
    quota = _cgroup_quota(Path("/sys/fs/cgroup"))
    return max(1, min(cpus, cpus if quota is None else math.ceil(quota)))


def _cgroup_quota(root: Path) -> float | None:
    """CPUs that the cgroup allows; None without a limit. Version 2, then version 1."""
    try:
        quota, period = (root / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota = (root / "cpu/cpu.cfs_quota_us").read_text().strip()
            period = (root / "cpu/cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    try:
        cpus = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return None
    return cpus if cpus > 0 else None
