"""What a request wants its reply to be."""

from typing import Any

import pytest
from tests.unit.output.engine_play import CACHE, chat_request, function_tool, tool_plan

from picoserve.constraint import Kind
from picoserve.constraint.plan import DocumentPlan, ReplyPlan
from picoserve.errors import InvalidRequestError
from picoserve.prompt.reply_plan import format_instruction, reply_plan, wants_document
from picoserve.prompt.tool_choice import tooling_for
from picoserve.prompt.tool_text import GENERIC, HERMES, LLAMA

NAMED_FIRST: dict[str, Any] = {
    "type": "json_schema",
    "json_schema": {
        "name": "n",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"name": {"type": "string"}},
            "required": ["name"],
            "additionalProperties": False,
        },
    },
}


def plan(**fields: Any) -> ReplyPlan:
    request = chat_request(**{"tools": None, **fields})
    return reply_plan(request, tooling_for(request), GENERIC, CACHE)


@pytest.mark.parametrize("fields", [{}, {"response_format": {"type": "text"}}])
def test_plain_request_wants_free_text(fields: dict[str, Any]) -> None:
    assert plan(**fields) is None
    assert not wants_document(chat_request(tools=None, **fields))


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"response_format": {"type": "json_object"}}, Kind.JSON_SCHEMA),
        ({"response_format": NAMED_FIRST}, Kind.JSON_SCHEMA),
        ({"guided_json": {"type": "object"}}, Kind.JSON_SCHEMA),
        ({"guided_regex": "[a-z]+"}, Kind.REGEX),
        ({"guided_choice": ["a", "b"]}, Kind.CHOICE),
        ({"guided_grammar": 'start: "a"'}, Kind.LARK),
        ({"json_schema": {"type": "object"}}, Kind.JSON_SCHEMA),
        ({"regex": "[a-z]+"}, Kind.REGEX),
        ({"structured_outputs": {"regex": "a"}}, Kind.REGEX),
        ({"structured_outputs": {"json": {"type": "object"}}}, Kind.JSON_SCHEMA),
        ({"structured_outputs": {"json_object": True}}, Kind.JSON_SCHEMA),
    ],
)
def test_document_is_wanted(fields: dict[str, Any], kind: Kind) -> None:
    wanted = plan(**fields)

    assert isinstance(wanted, DocumentPlan)
    assert wanted.grammar.kind is kind
    request = chat_request(tools=None, **fields)
    assert wants_document(request)


def test_two_forms_at_once_are_refused() -> None:
    with pytest.raises(InvalidRequestError, match="guided_regex"):
        plan(guided_json={"type": "object"}, guided_regex="a")


@pytest.mark.parametrize("style", [GENERIC, HERMES, LLAMA], ids=lambda style: style.name)
def test_plan_of_tools_has_the_marks_of_the_style(style: Any) -> None:
    wanted = tool_plan(style, tool_choice="required")

    assert wanted.opening == f'{style.open}{{"name": "'
    assert wanted.closing == f"}}{style.close}"
    assert wanted.arguments_key == style.args_key
    assert wanted.forced


def test_only_what_may_be_called_has_a_header() -> None:
    wanted = tool_plan(tool_choice={"type": "function", "function": {"name": "hang_up"}})

    assert wanted.header.new_matcher().accepts(b'hang_up", "arguments":')
    assert not wanted.header.new_matcher().accepts(b"get_weather")
    assert len(wanted.functions) == 3


def test_bare_call_needs_a_tag_where_the_document_may_begin_like_one() -> None:
    bare = b'{"name": "'

    assert tool_plan().trigger.new_matcher().accepts(bare)
    tagged = tool_plan(response_format=NAMED_FIRST).trigger.new_matcher()
    assert not tagged.accepts(bare)
    assert tagged.accepts(b"<tool_call>" + bare)


def test_fault_of_a_tool_names_its_place() -> None:
    bad = function_tool("f", {"type": "object", "properties": {"a": {"not": {}}}}, strict=True)

    with pytest.raises(InvalidRequestError) as caught:
        tool_plan(tools=[function_tool("g", None), bad])

    assert caught.value.param == "tools[1].function.parameters.properties.a.not"
    assert caught.value.code == "invalid_json_schema"


def test_model_is_told_of_the_form() -> None:
    assert "JSON object" in format_instruction(
        chat_request(response_format={"type": "json_object"})
    )
    assert '"name"' in format_instruction(chat_request(response_format=NAMED_FIRST))
    assert format_instruction(chat_request()) == ""


def test_format_without_a_schema_speaks_of_none() -> None:
    bare = {"type": "json_schema", "json_schema": {"name": "n", "description": "A widget."}}

    words = format_instruction(chat_request(response_format=bare))

    assert words == "A widget.\nReply only with a JSON object."


def test_description_of_the_format_stands_in_front_of_its_schema() -> None:
    named = {**NAMED_FIRST["json_schema"], "description": "A widget."}
    words = format_instruction(
        chat_request(response_format={"type": "json_schema", "json_schema": named})
    )

    assert words.startswith("A widget.\nReply only with JSON that meets this schema: {")


def test_schema_of_the_json_object_mode_is_held_and_told() -> None:
    schema = {"type": "object", "properties": {"z": {"const": 1}}, "required": ["z"]}
    fields = {"response_format": {"type": "json_object", "schema": schema}}

    wanted = plan(**fields)

    assert isinstance(wanted, DocumentPlan)
    assert wanted.grammar.smallest == b'{"z": 1}'
    assert '{"const": 1}' in format_instruction(chat_request(**fields))


def test_arguments_are_an_object_even_where_the_schema_does_not_say_so() -> None:
    lax = function_tool("f", {"properties": {"a": {"type": "integer"}}, "required": ["a"]})
    matcher = tool_plan(tools=[lax]).arguments_of("f").new_matcher()

    assert matcher.legal().strip() == b"{"


A: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "integer"}}}


@pytest.mark.parametrize(
    "parameters",
    [
        {"anyOf": [{"type": "integer"}, A]},
        {"properties": {"a": {}, "b": {}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
        {"oneOf": [A, {"type": "null"}]},
        {"enum": [5, {"a": 1}]},
        {"allOf": [{"properties": {"a": {}}}]},
        {"$ref": "#/$defs/A", "$defs": {"A": {"properties": {"a": {}}, "required": ["a"]}}},
        {"$ref": "#/$defs/A", "$defs": {"A": {"anyOf": [{"type": "string"}, A]}}},
        {"$ref": "https://example.org/a"},
    ],
    ids=str,
)
def test_arguments_are_an_object_whatever_else_the_schema_admits(parameters: Any) -> None:
    matcher = tool_plan(tools=[function_tool("f", parameters)]).arguments_of("f").new_matcher()

    assert matcher.legal().strip() == b"{"


def test_object_that_a_reference_leads_to_stays_closed() -> None:
    parameters = {"$ref": "#/$defs/A", "$defs": {"A": A}, "$schema": "http://json-schema.org/"}
    matcher = tool_plan(tools=[function_tool("f", parameters)]).arguments_of("f").new_matcher()

    assert matcher.feed(b'{"b') == 2


@pytest.mark.parametrize(
    "parameters",
    [
        {"anyOf": [{"type": "integer"}, {"type": "string"}]},
        {"enum": [1, 2]},
        {"$ref": "#/$defs/A", "$defs": {"A": {"type": "integer"}}},
    ],
)
def test_function_without_possible_arguments_is_refused(parameters: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        tool_plan(tools=[function_tool("f", parameters)])

    assert caught.value.param == "tools[0].function.parameters"
    assert caught.value.code == "invalid_json_schema"


@pytest.mark.parametrize("wanted", [["object", "null"], "object"])
def test_arguments_that_may_be_an_object_are_one(wanted: object) -> None:
    lax = function_tool("f", {"type": wanted, "properties": {"a": {"type": "integer"}}})
    matcher = tool_plan(tools=[lax]).arguments_of("f").new_matcher()

    assert matcher.legal().strip() == b"{"
