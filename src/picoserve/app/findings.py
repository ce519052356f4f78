"""What a check of this installation comes to."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    NOTE = "note"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report.

    Attributes:
        check: What was looked at.
        text: What was seen.
        advice: What to do about it, or "".
    """

    verdict: Verdict
    check: str
    text: str
    advice: str = ""


def ok(check: str, text: str) -> Finding:
    """All is well."""
    return Finding(Verdict.OK, check, text)


def note(check: str, text: str, advice: str = "") -> Finding:
    """Worth knowing; nothing is broken."""
    return Finding(Verdict.NOTE, check, text, advice)


def fail(check: str, text: str, advice: str) -> Finding:
    """This has to be mended."""
    return Finding(Verdict.FAIL, check, text, advice)
