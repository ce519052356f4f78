"""What goes wrong in this room.

    ConstraintError
    ├── SchemaError      the client's schema or grammar cannot be used
    ├── DeadEndError     a document under way cannot be ended any more
    └── NotCompiledError a grammar is not in the cache

The caller maps them to HTTP: the first is the client's doing, the second is ours.
"""


class ConstraintError(Exception):
    """Root of this room's errors."""


class SchemaError(ConstraintError):
    """The schema, regex, choice or grammar cannot be used.

    Attributes:
        message: The reason, for the client.
        path: The place in the schema, as `properties.tags.uniqueItems`; empty for the whole.
    """

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.message = message
        self.path = path


class NotCompiledError(ConstraintError):
    """The grammar has to be compiled, which takes a moment."""


class DeadEndError(ConstraintError):
    """No legal end was found within the limits, or the matcher's memory ran out for good."""
