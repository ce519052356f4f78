"""What begins a call, read: a JSON object up to its name, or a name in a way of the model's own."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

_NAME_KEY: Final = re.compile(rb'"name"\s*:\s*"\Z')
# Nobody writes these but to call; a fence or a list may hold any JSON.
_CALL_MARKS: Final = (b"<", b"[TOOL_CALLS]", b"functools", b"```tool_c")
_AFTER_NAME: Final = re.compile(
    rb'(?:\.call)?\(\Z|"\s*:\s*(?P<in_list>\{)\Z|'
    rb"(?:\[CALL_ID\]\w*)?(?:\[ARGS\]|>)?\s*(?P<tagged>[{<])\Z|"
    rb'(?:\[ARGS\])?\s*(?P<bare>\{(?:\}|\s*"[^"]*"\s*:|[\w.-]+:))\Z'
)
_FUNCTION_TAG: Final = b"<function="
_GEMMA: Final = b"call:"
_FENCE: Final = b"```"
_LIST_MARK: Final = b"<|tools_prefix|>"
_BRACE: Final = b"{"


class CallForm(Enum):
    """In what form the arguments of a call follow its opening."""

    JSON = auto()
    """`{…}`, or a string that holds it."""
    PYTHON = auto()
    """`city="Paris")`."""
    PARAMETERS = auto()
    """`<parameter=city>Paris</parameter></function>`."""
    KEYS = auto()
    """`<arg_key>city</arg_key><arg_value>Paris</arg_value></tool_call>`."""
    GEMMA = auto()
    """`city:<|"|>Paris<|"|>}`."""
    NAME_LAST = auto()
    """`{…}, "name": "get_weather"}`."""


@dataclass(frozen=True, slots=True)
class CallOpening:
    """The beginning of a call.

    Attributes:
        said: What the model has said.
        name: The function, where it has been named; "" where its name follows.
        form: How the arguments follow.
        begun: What of it belongs to the arguments.
    """

    said: bytes
    name: str = ""
    form: CallForm = CallForm.JSON
    begun: bytes = b""

    @property
    def begins_list(self) -> bool:
        """Whether it begins a list in which each call's name is the key of its arguments."""
        return self.said.startswith(_LIST_MARK)

    def continues(self, *, in_list: bool) -> bool:
        """Whether it is one more call, and no JSON with a key that is a name.

        Args:
            in_list: The calls are in a list of such.
        """
        return in_list or not self.name or not self.said.startswith(_BRACE)

    def fits_behind(self, text: bytes) -> bool:
        """Whether it is a call behind this text, and no code or JSON that is shown.

        What names no function yet is left to `is_doubtful`.
        """
        if not self.name or self.said.startswith(_CALL_MARKS):
            return True
        if self.form is not CallForm.PYTHON:
            return not text.strip()
        return not text.rpartition(b"\n")[2].strip() and text.count(_FENCE) % 2 == 0

    def is_doubtful(self, *, in_text: bool) -> bool:
        """Whether it is a call only if the name that follows is known.

        Args:
            in_text: Text stands before it.
        """
        if self.name or self.said.startswith(_CALL_MARKS):
            return False
        return in_text or not self.said.startswith(b"{") or not _NAME_KEY.search(self.said)


@dataclass(slots=True)
class DoubtfulCall:
    """JSON in a text, a fence or a list: a call only if a known name follows.

    Attributes:
        said: All of it so far.
        opening: What of it stands before the name.
        start: The position of its first byte.
    """

    said: bytes
    opening: bytes
    start: int


def read_opening(said: bytes, names: Iterable[str]) -> CallOpening:
    """Read what a trigger's grammar has taken."""
    if said.endswith(b":") and said.startswith(_CALL_MARKS):
        return CallOpening(said, form=CallForm.NAME_LAST)
    found = _AFTER_NAME.search(said)
    if found is None:
        return CallOpening(said)
    before = said[: found.start()]
    name = max((name for name in names if before.endswith(name.encode())), key=len)
    form = _form(said, before.removesuffix(name.encode()))
    begun = found["in_list"] or found["tagged"] or found["bare"] or b""
    return CallOpening(
        said, name, form, begun.removeprefix(_BRACE) if form is CallForm.GEMMA else begun
    )


def _form(said: bytes, before_name: bytes) -> CallForm:
    if said.endswith(b"("):
        return CallForm.PYTHON
    if said.endswith(b"<"):
        is_tag = before_name.endswith(_FUNCTION_TAG)
        return CallForm.PARAMETERS if is_tag else CallForm.KEYS
    return CallForm.GEMMA if before_name.endswith(_GEMMA) else CallForm.JSON
