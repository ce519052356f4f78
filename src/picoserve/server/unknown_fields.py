"""Request fields that change nothing here: named to the client, or refused."""

from collections.abc import Iterable
from typing import Literal

from picoserve.errors import UnknownParameterError
from picoserve.logs import get_logger
from picoserve.openai_api.request_body import RequestBody

_log = get_logger(__name__)

# Field names are the client's text; a header holds only harmless ones, and not many.
_MAX_NAMED = 20


def ignored_fields(request: RequestBody, unknown: Literal["ignore", "reject"]) -> list[str]:
    """Names of the fields that were sent and change nothing: all that the body does not declare.

    Raises:
        UnknownParameterError: The configuration refuses fields that nobody knows.
    """
    extra = sorted(request.extras())
    strangers = [name for name in extra if name not in request.known_extras]
    if strangers and unknown == "reject":
        name = strangers[0][:100]
        raise UnknownParameterError(f"Unknown parameter: '{name}'.", param=name)
    if strangers:
        _log.info("unknown request fields ignored", fields=strangers[:_MAX_NAMED])
    return extra


def ignored_header(names: Iterable[str]) -> dict[str, str]:
    """`x-picoserve-ignored`, or nothing."""
    harmless = [name[:64] for name in names if name.isascii() and _is_path(name)]
    return {"x-picoserve-ignored": ", ".join(harmless[:_MAX_NAMED])} if harmless else {}


def _is_path(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))
