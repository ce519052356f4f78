"""Text that an engine can read: no NUL, no lone surrogates."""

from picoserve.errors import InvalidRequestError


def checked_text(text: str, param: str) -> str:
    """The text itself.

    Raises:
        InvalidRequestError: It holds U+0000, which would cut the prompt short in a native
            library, or a lone surrogate, which no UTF-8 text can hold.
    """
    if "\0" in text:
        raise InvalidRequestError(
            f"Invalid '{param}': the text contains U+0000.", param=param, code="invalid_value"
        )
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidRequestError(
            f"Invalid '{param}': the text contains a lone surrogate.",
            param=param,
            code="invalid_value",
        ) from None
    return text


def is_text(text: str) -> bool:
    """Whether an engine can read it."""
    try:
        checked_text(text, "")
    except InvalidRequestError:
        return False
    return True
