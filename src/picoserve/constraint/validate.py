"""The last check of a finished document."""

import json
from decimal import Decimal
from typing import Any

from picoserve.constraint.finding import Finding, Problem


def check_text(schema: dict[str, Any] | bool | None, text: str) -> Finding:
    """Parse a finished document and hold it against the client's own schema.

    Args:
        schema: The schema; None when the document need only parse.
        text: The document.
    """
    duplicates: list[str] = []

    def build(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        built = dict(pairs)
        if len(built) < len(pairs):
            names = [name for name, _ in pairs]
            duplicates.extend({name for name in names if names.count(name) > 1})
        return built

    try:
        value = json.loads(
            text, object_pairs_hook=build, parse_float=Decimal, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError) as error:
        return Finding(valid=False, problems=(Problem("", "json", str(error)[:200]),))
    if schema is None:
        return Finding(valid=True, duplicates=tuple(duplicates))
    # The server is ready 35 ms sooner without jsonschema; `app/web` imports it right after.
    from picoserve.constraint.schema_check import problems  # noqa: PLC0415

    found = tuple(problems(schema, value))
    return Finding(not found, found, tuple(duplicates))


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
