"""The document as one page to read: no script, nothing from other hosts."""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

import jinja2
from markupsafe import Markup

_BOUNDS: Final = {
    "minimum": "≥",
    "maximum": "≤",
    "minLength": "characters ≥",
    "maxLength": "characters ≤",
    "minItems": "items ≥",
    "maxItems": "items ≤",
}


def documentation_page(document: Mapping[str, Any]) -> str:
    """An OpenAPI document as HTML."""
    operations = [
        {"method": method.upper(), "path": path, **operation}
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    groups = [
        (tag, [operation for operation in operations if tag["name"] in operation["tags"]])
        for tag in document["tags"]
    ]
    return _template().render(document=document, groups=groups)


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["type"] = type_text
    environment.filters["code"] = _code
    source = resources.files("picoserve.server.openapi") / "page.html"
    return environment.from_string(source.read_text("utf-8"))


def type_text(schema: Mapping[str, Any]) -> Markup:
    """A schema in a few words; references are links."""
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        return Markup(" | ").join(dict.fromkeys(type_text(option) for option in options))
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="#{0}">{0}</a>').format(name)
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return Markup(" | ").join(Markup("<code>{}</code>").format(value) for value in values)
    return _container(schema) + _bounds(schema)


def _container(schema: Mapping[str, Any]) -> Markup:
    kind = schema.get("type", "any")
    if kind == "array":
        return Markup("list of {}").format(type_text(schema.get("items", {})))
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return Markup("map to {}").format(type_text(schema["additionalProperties"]))
    return Markup.escape(kind)


def _bounds(schema: Mapping[str, Any]) -> Markup:
    bounds = [f"{sign} {schema[word]:g}" for word, sign in _BOUNDS.items() if word in schema]
    return Markup(" ({})").format(", ".join(bounds)) if bounds else Markup()


def _code(text: str) -> Markup:
    """Text with what stands between backquotes as code."""
    parts = text.split("`")
    return Markup().join(
        Markup("<code>{}</code>").format(part) if index % 2 else Markup.escape(part)
        for index, part in enumerate(parts)
    )
