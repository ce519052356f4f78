"""How large schemas and documents may be, so that nothing runs for ever.

The figures for documents were measured with models that misbehave in every known way.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SchemaLimits:
    """Bounds on what a client may send.

    Attributes:
        schema_bytes: Size of the schema (or of the regex, the choices, the Lark text) as JSON.
        depth: How deep schemas may nest.
        nodes: Number of subschemas.
        smallest_bytes: Longest "smallest document" that is accepted, where the schema itself is no
            longer; a schema which cannot be met in fewer bytes is refused.
        repeat: Largest `{n,m}` in a pattern, nested ones multiplied.
        seconds: CPU time that the search for the smallest document may take.
    """

    schema_bytes: int = 256 * 1024
    depth: int = 64
    nodes: int = 20_000
    smallest_bytes: int = 8192
    repeat: int = 10_000
    seconds: float = 2.0


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """Bounds on one document.

    Attributes:
        repairs: Repairs before the document is closed without the engine.
        fruitless: Calls in a row that brought nothing, before the document is closed.
        surplus_bytes: Bytes in a row that may be dropped (surplus blanks, broken UTF-8).
        preamble_bytes: Bytes of prose or code fence that may come before the document.
        close_bytes: Longest end that is searched for, where the schema itself is no longer.
        close_seconds: CPU time that one search for an end may take.
        forced_bytes: Most bytes that are appended at once because nothing else is legal.
    """

    repairs: int = 12
    fruitless: int = 4
    surplus_bytes: int = 48
    preamble_bytes: int = 2048
    close_bytes: int = 8192
    close_seconds: float = 1.0
    forced_bytes: int = 65_536
