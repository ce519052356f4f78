"""OpenAI's error object: four keys, always all of them, `code` a string or null."""

import msgspec

from picoserve.errors import PicoserveError


def error_object(error: PicoserveError) -> dict[str, dict[str, str | None]]:
    """The body of an error answer, and of an error inside a stream."""
    return {
        "error": {
            "message": _encodable(error.message),
            "type": error.type,
            "param": None if error.param is None else _encodable(error.param),
            "code": error.code,
        }
    }


def error_bytes(error: PicoserveError) -> bytes:
    """The error object as JSON."""
    return msgspec.json.encode(error_object(error))


def _encodable(text: str) -> str:
    """The text with lone surrogates spelled out: it may quote what the client sent."""
    return text.encode("utf-8", "backslashreplace").decode()
