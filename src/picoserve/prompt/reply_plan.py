"""What a request wants the reply to be: tools, response format, structured outputs → a plan."""

from typing import Any, Final, NamedTuple

from picoserve.constraint import Grammar, Grammars, Kind, SchemaError
from picoserve.constraint.plan import DocumentPlan, PlannedFunction, ReplyPlan, ToolPlan
from picoserve.constraint.schema import JSON_OBJECT
from picoserve.errors import InvalidRequestError
from picoserve.openai_api.chat import ChatRequest
from picoserve.openai_api.structured_outputs import StructuredOutputs
from picoserve.openai_api.tools import JsonObjectFormat, JsonSchemaResponseFormat
from picoserve.prompt.call_triggers import CallTriggers
from picoserve.prompt.json_text import json_text
from picoserve.prompt.text import checked_text
from picoserve.prompt.tool_choice import Tooling
from picoserve.prompt.tool_text import ToolStyle

_NO_ARGUMENTS: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {},
    "additionalProperties": False,
}
_GUIDED: Final = {
    "json": Kind.JSON_SCHEMA,
    "regex": Kind.REGEX,
    "choice": Kind.CHOICE,
    "grammar": Kind.LARK,
}
_BARE: Final = {"json_schema": Kind.JSON_SCHEMA, "regex": Kind.REGEX}


def reply_plan(
    request: ChatRequest, tooling: Tooling, style: ToolStyle, grammars: Grammars
) -> ReplyPlan:
    """Compile what is asked for. Blocks: milliseconds as a rule, two seconds at worst.

    Raises:
        InvalidRequestError: A schema cannot be used; `param` says which.
    """
    _check_one_form(request)
    content = _content_grammar(request, grammars)
    inside = ".function" if tooling.param == "tools" else ""
    if not tooling.functions:
        return None if content is None else DocumentPlan(content)
    triggers = CallTriggers(tooling.callable_names, content)
    return ToolPlan(
        functions=tuple(
            PlannedFunction(
                function.name,
                _compiled(
                    grammars,
                    Kind.JSON_SCHEMA,
                    _object_schema(function.parameters, f"{tooling.param}[{index}]{inside}"),
                    param=f"{tooling.param}[{index}]{inside}.parameters",
                    strict=bool(function.strict),
                ),
            )
            for index, function in enumerate(tooling.functions)
        ),
        callable_names=tooling.callable_names,
        header=grammars.get_or_compile(Kind.REGEX, triggers.header()),
        trigger=grammars.get_or_compile(Kind.REGEX, triggers.first()),
        another_trigger=grammars.get_or_compile(Kind.REGEX, triggers.another()),
        opening=style.call_opening(),
        arguments_key=style.args_key,
        closing="}" + style.close,
        forced=tooling.is_forced,
        parallel=tooling.parallel,
        content=content,
    )


def _object_schema(parameters: dict[str, Any] | None, place: str) -> dict[str, Any]:
    """The schema of a function's arguments, which are an object whatever it leaves open.

    Raises:
        InvalidRequestError: The schema wants something else.
    """
    if not parameters:
        return _NO_ARGUMENTS
    wanted = parameters.get("type", "object")
    if wanted != "object" and not (isinstance(wanted, list) and "object" in wanted):
        raise InvalidRequestError(
            f"Invalid schema for '{place}.parameters': its 'type' must be \"object\".",
            param=f"{place}.parameters",
            code="invalid_json_schema",
        )
    return {**parameters, "type": "object"}


def wants_document(request: ChatRequest) -> bool:
    """Whether the reply, where it is no call, has to be a document."""
    wanted = isinstance(request.response_format, JsonObjectFormat | JsonSchemaResponseFormat)
    return wanted or bool(_guided_wishes(request))


def format_instruction(request: ChatRequest) -> str:
    """What the model is told of the format, for the end of the system text.

    Raises:
        InvalidRequestError: The format's description is no text that can be read.
    """
    wanted = _wanted_json(request)
    if wanted is None:
        return ""
    words = "Reply only with a JSON object."
    if wanted.schema:
        words = f"Reply only with JSON that meets this schema: {json_text(wanted.schema)}"
    return f"{wanted.description}\n{words}" if wanted.description else words


class _WantedJson(NamedTuple):
    """What a response format says of the JSON; any object where it has no schema."""

    schema: dict[str, Any] | None
    param: str
    strict: bool = True
    description: str = ""


def _wanted_json(request: ChatRequest) -> _WantedJson | None:
    match request.response_format:
        case JsonObjectFormat(json_schema=schema):
            return _WantedJson(schema, "response_format.schema")
        case JsonSchemaResponseFormat(json_schema=wanted):
            place = "response_format.json_schema"
            description = checked_text(wanted.description or "", f"{place}.description")
            return _WantedJson(
                wanted.json_schema, f"{place}.schema", bool(wanted.strict), description
            )
        case _:
            return None


def _content_grammar(request: ChatRequest, grammars: Grammars) -> Grammar | None:
    wanted = _wanted_json(request)
    if wanted is None:
        return _guided_grammar(request, grammars)
    return _compiled(
        grammars,
        Kind.JSON_SCHEMA,
        wanted.schema or JSON_OBJECT,
        param=wanted.param,
        strict=wanted.strict,
    )


def _guided_grammar(request: ChatRequest, grammars: Grammars) -> Grammar | None:
    given = _guided_wishes(request)
    if not given:
        return None
    param, kind, source = given[0]
    return _compiled(grammars, kind, source, param=param, strict=True)


def _check_one_form(request: ChatRequest) -> None:
    """Two forms at once would leave one of them unheard. Raises InvalidRequestError."""
    has_format = isinstance(request.response_format, JsonObjectFormat | JsonSchemaResponseFormat)
    given = ["response_format"] * has_format + [name for name, _, _ in _guided_wishes(request)]
    if len(given) > 1:
        raise InvalidRequestError(
            f"'{given[0]}' and '{given[1]}' cannot be combined.",
            param=given[1],
            code="invalid_value",
        )


def _guided_wishes(request: ChatRequest) -> list[tuple[str, Kind, object]]:
    """What other servers' fields ask for: `structured_outputs`, `guided_*`, `json_schema`."""
    nested = request.structured_outputs or StructuredOutputs()
    values = (nested.json_schema, nested.regex, nested.choice, nested.grammar)
    wishes = [
        (f"structured_outputs.{name}", kind, value)
        for (name, kind), value in zip(_GUIDED.items(), values, strict=True)
    ]
    if nested.json_object:
        wishes.append(("structured_outputs.json_object", Kind.JSON_SCHEMA, JSON_OBJECT))
    wishes += [
        (f"guided_{name}", kind, getattr(request, f"guided_{name}"))
        for name, kind in _GUIDED.items()
    ]
    wishes += [(name, kind, getattr(request, name)) for name, kind in _BARE.items()]
    return [wish for wish in wishes if wish[2] is not None]


def _compiled(grammars: Grammars, kind: Kind, source: Any, *, param: str, strict: bool) -> Grammar:
    try:
        return grammars.get_or_compile(kind, source, strict=strict)
    except SchemaError as error:
        place = f"{param}.{error.path}" if error.path else param
        code = "invalid_json_schema" if kind is Kind.JSON_SCHEMA else "invalid_value"
        raise InvalidRequestError(
            f"Invalid schema for '{place}': {error.message}", param=place, code=code
        ) from error
