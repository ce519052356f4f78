"""A pydantic error as OpenAI would have said it: one field, its path, a code, one sentence."""

import contextlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn, TypeVar

import msgspec
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from picoserve.errors import InvalidRequestError

RequestT = TypeVar("RequestT", bound=BaseModel)

_EXPECTED: Final = {
    "string_type": "a string",
    "int_type": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "bool_type": "a boolean",
    "list_type": "an array",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
}
_CODES: Final = {
    "string_too_short": "string_below_min_length",
    "string_too_long": "string_above_max_length",
}
_BOUNDS: Final = {
    "greater_than_equal": ("below", "minimum", ">=", "ge"),
    "less_than_equal": ("above", "maximum", "<=", "le"),
}


def parse_body(model: type[RequestT], body: bytes) -> RequestT:
    """A request body as a typed request.

    Raises:
        InvalidRequestError: It is not JSON, not an object, or a field is wrong; `param` names
            the field.
    """
    data = _decode(body)
    if not isinstance(data, dict):
        raise InvalidRequestError(
            f"Invalid type for the body: expected an object, but got {_got(data)} instead.",
            code="invalid_type",
        )
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise request_error(error, data) from error


def _decode(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if b"\\ud" in body.lower():
            # A lone surrogate is legal JSON, though no text: read on, to name the field.
            with contextlib.suppress(ValueError, RecursionError):
                data: object = json.loads(body.decode(), parse_constant=_refuse_constant)
                return data
        raise InvalidRequestError(
            "We could not parse the JSON body of your request. "
            "(HINT: it must be one JSON object in UTF-8.)"
        ) from error


def _refuse_constant(name: str) -> NoReturn:
    """`NaN` and `Infinity` are Python's own idea of JSON."""
    raise ValueError(name)


def request_error(error: ValidationError, data: Mapping[str, object]) -> InvalidRequestError:
    """The error to show: the one that lies deepest in the data."""
    details = [(_path(item, data), item) for item in error.errors(include_url=False)]
    deepest = max(len(path) for path, _ in details)
    same_place = [(path, item) for path, item in details if len(path) == deepest]
    # A value that no type fits says less than one that fits a type and breaks its rule.
    path, item = min(same_place, key=lambda place: place[1]["type"] in _EXPECTED)
    param = _spell(path)
    kinds = [_EXPECTED[i["type"]] for p, i in same_place if p == path and i["type"] in _EXPECTED]
    if item["type"] in _EXPECTED:
        return InvalidRequestError(
            f"Invalid type for '{param}': expected {' or '.join(dict.fromkeys(kinds))}, "
            f"but got {_got(item['input'])} instead.",
            param=param,
            code="invalid_type",
        )
    return _error(item, param)


def _error(item: ErrorDetails, param: str) -> InvalidRequestError:
    kind, context = item["type"], item.get("ctx", {})
    if "discriminator" in context:
        param = f"{param}.{context['discriminator']}".replace("'", "")
    if kind in {"missing", "union_tag_not_found"}:
        if param == "model":
            return InvalidRequestError("you must provide a model parameter", param="model")
        message, code = f"Missing required parameter: '{param}'.", "missing_required_parameter"
    elif kind in {"literal_error", "union_tag_invalid"}:
        message, code = _not_among(param, context, item["input"]), "invalid_value"
    elif kind in _BOUNDS:
        message, code = _out_of_bounds(param, kind, context, item["input"])
    elif kind in {"too_short", "too_long"}:
        message, code = _wrong_length(param, kind, context)
    else:
        message, code = f"Invalid '{param}': {item['msg']}.", _CODES.get(kind, "invalid_value")
    return InvalidRequestError(message, param=param, code=code)


def _not_among(param: str, context: Mapping[str, Any], value: object) -> str:
    if "expected" in context:
        wanted = context["expected"]
    else:
        wanted, value = context.get("expected_tags", ""), context.get("tag", value)
    return f"Invalid value: '{str(value)[:100]}' for '{param}'. Supported values are: {wanted}."


def _out_of_bounds(
    param: str, kind: str, context: Mapping[str, Any], value: object
) -> tuple[str, str]:
    side, edge, sign, key = _BOUNDS[kind]
    number = "integer" if isinstance(context[key], int) and isinstance(value, int) else "decimal"
    return (
        f"Invalid '{param}': {number} {side} {edge} value. "
        f"Expected a value {sign} {context[key]:g}, but got {value} instead.",
        f"{number}_{side}_{edge[:3]}_value",
    )


def _wrong_length(param: str, kind: str, context: Mapping[str, Any]) -> tuple[str, str]:
    if kind == "too_short":
        return f"Invalid '{param}': empty array. Expected at least one item.", "empty_array"
    return (
        f"Invalid '{param}': array too long. Expected at most {context['max_length']} items, "
        f"but got {context['actual_length']} instead.",
        "array_above_max_length",
    )


def _path(item: ErrorDetails, data: object) -> list[str | int]:
    """The error's place in the data, without the names of the union branches it passed."""
    path: list[str | int] = []
    here: Any = data
    for position, part in enumerate(item["loc"], start=1):
        inside_list = isinstance(part, int) and isinstance(here, list) and part < len(here)
        if inside_list or (isinstance(here, dict) and part in here):
            path.append(part)
            here = here[part]
        elif item["type"] == "missing" and position == len(item["loc"]):
            path.append(part)
    return path


def _spell(path: Sequence[str | int]) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _got(value: object) -> str:
    names: list[tuple[type, str]] = [
        (bool, "a boolean"),
        (str, "a string"),
        (int, "an integer"),
        (float, "a decimal"),
        (list, "an array"),
        (dict, "an object"),
    ]
    return next((name for kind, name in names if isinstance(value, kind)), "null")
