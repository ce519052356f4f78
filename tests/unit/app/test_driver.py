"""Which NVIDIA driver is loaded, and for which GPUs it will do."""

import pytest

from picoserve.app.driver import check_driver, loaded_driver
from picoserve.app.findings import Verdict

# /proc/driver/nvidia/version, as the closed and the open kernel module write it.
CLOSED = (
    "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\n"
    "GCC version:  gcc version 11.4.0 (Ubuntu 11.4.0-1ubuntu1~22.04)\n"
)
OPEN = (
    "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  575.57.08  Release Build  "
    "(builder@host)  Sat May 24 06:52:58 UTC 2025\n"
)


@pytest.mark.parametrize(
    ("loaded", "verdict", "words"),
    [
        (OPEN, Verdict.OK, "R575 (575.57.08)"),
        (OPEN.replace("575.57.08", "580.65.06"), Verdict.OK, "R580"),
        (CLOSED, Verdict.NOTE, "R535 (535.104.05): too old for a GPU newer than Turing"),
        ("", Verdict.NOTE, "no NVIDIA driver"),
        ("NVRM version: something else", Verdict.NOTE, "no NVIDIA driver"),
    ],
)
def test_driver_is_judged_by_its_release(loaded: str, verdict: Verdict, words: str) -> None:
    finding = check_driver(loaded)

    assert (finding.check, finding.verdict) == ("driver", verdict)
    assert words in finding.text
    assert ("R575" in finding.advice) == ("too old" in finding.text)


def test_this_machine_is_asked_without_harm() -> None:
    assert check_driver(loaded_driver()).text
