"""JSON Schema's keywords, sorted by what this server can do with them.

Draft 2020-12 with the older spellings that clients still send. What llguidance takes was read and
measured with the JSON Schema test suite.
"""

from typing import Final

MAPS: Final = frozenset({"properties", "patternProperties", "$defs", "definitions"})
"""Keywords whose value maps names to schemas."""

LISTS: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
"""Keywords whose value lists schemas."""

SINGLES: Final = frozenset({"items", "additionalProperties"})
"""Keywords whose value is one schema."""

PLAIN: Final = frozenset(
    {
        "type", "enum", "const", "$ref", "required", "minProperties", "maxProperties", "minItems",
        "maxItems", "minLength", "maxLength", "pattern", "format", "minimum", "maximum",
        "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
    }
)  # fmt: skip
"""Keywords that are handed on with their value as it is."""

DEFERRED: Final = frozenset({"uniqueItems", "propertyNames"})
"""Keywords that the grammar cannot hold; the finished document is checked against them."""

UNSUPPORTED: Final = frozenset(
    {
        "not", "if", "then", "else", "contains", "minContains", "maxContains", "dependentRequired",
        "dependentSchemas", "dependencies", "unevaluatedItems", "unevaluatedProperties",
        "$dynamicRef", "$recursiveRef", "additionalItems",
    }
)  # fmt: skip
"""Keywords that constrain, and that the grammar cannot hold."""

FORMATS: Final = frozenset(
    {
        "date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid", "uri",
    }
)  # fmt: skip
"""Formats that the grammar holds; all others are notes to the reader and dropped."""

SMALL: Final = frozenset({"minItems", "minLength", "minProperties"})
"""Sizes that the smallest document must reach."""

LARGE: Final = frozenset({"maxItems", "maxLength", "maxProperties"})
"""Sizes that no document may pass."""

TYPES: Final = frozenset({"object", "array", "string", "integer", "number", "boolean", "null"})
"""The names that `type` knows."""
