"""What is wrong with a configuration, one line per problem, with no secret in any of them."""

import difflib
from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from picoserve.config.schema import Location, all_keys, spelled, table_at
from picoserve.config.settings import ACCESS_KEY_VARIABLE, Settings

_MEANINGS: Final = {
    "model_type": "should be a table",
    "model_attributes_type": "should be a table",
    "tuple_type": "should be a list",
    "missing": "is missing",
}
_SECRET_TABLES: Final = frozenset({"auth"})


def validation_problems(error: ValidationError, origins: Mapping[Location, str]) -> list[str]:
    """A line for each problem that pydantic has found.

    Args:
        error: What validating the settings raised.
        origins: Where each value was said (a file, a variable), by its place.
    """
    return [
        _line(details, origins) for details in error.errors(include_url=False, include_context=True)
    ]


def unknown_key(location: Location) -> str:
    """What to say of a key that no table has, with the nearest one that exists."""
    name = str(location[-1])
    if name in {"access_key", "accesskey"}:
        return (
            f"no such key; the AccessKey is never written here: set {ACCESS_KEY_VARIABLE} in the "
            "environment, or access_key_file"
        )
    nearest = _nearest(location)
    return f"no such key; {nearest}" if nearest else "no such key"


def _nearest(location: Location) -> str:
    """The nearest key: of the same name in another table, else the likest neighbour."""
    *place, last = location
    everywhere = [spelled(key.path) for key in all_keys(Settings, through_lists=True)]
    if same_name := [path for path in everywhere if path.rpartition(".")[2] == last]:
        return f"did you mean '{same_name[0]}'?"
    table = table_at(Settings, tuple(place))
    names = list(table.model_fields) if table else []
    if found := difflib.get_close_matches(str(last), names, n=1):
        return f"did you mean '{spelled((*place, found[0]))}'?"
    return f"there are {', '.join(names)}" if names else ""


def _line(details: ErrorDetails, origins: Mapping[Location, str]) -> str:
    location = details["loc"]
    origin = _origin(location, origins)
    if not location:
        return _text(details)
    return f"{origin}{spelled(location)}: {_text(details)}"


def _origin(location: Location, origins: Mapping[Location, str]) -> str:
    """Who said the value, or said the nearest table around it."""
    for length in range(len(location), 0, -1):
        if location[:length] in origins:
            return f"{origins[location[:length]]}: "
    return ""


def _text(details: ErrorDetails) -> str:
    kind, location = details["type"], details["loc"]
    if kind == "extra_forbidden":
        return unknown_key(location)
    if kind == "value_error":
        return str(details["ctx"]["error"])
    text = _MEANINGS.get(kind) or details["msg"].replace("Input should", "should", 1)
    return f"{text}{_shown(details)}"


def _shown(details: ErrorDetails) -> str:
    """The value at fault, where it is short and cannot be a secret."""
    value = details["input"]
    if details["loc"][0] in _SECRET_TABLES or not isinstance(value, str | int | float):
        return ""
    shown = repr(value)
    return f", not {shown}" if len(shown) <= 80 else ""
