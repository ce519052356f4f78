"""Schemas, tools and choices that cannot be served: 400, with the field at fault."""

import json
from functools import partial
from typing import Any

import httpx
import pytest
from tests.support.wire import chat_body, error_of

PATH = "/v1/chat/completions"
OBJECT: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}


def schema_format(schema: object, *, strict: bool = True) -> dict[str, Any]:
    wanted = {"name": "answer", "schema": schema, "strict": strict}
    return {"response_format": {"type": "json_schema", "json_schema": wanted}}


def tool(name: object = "f", parameters: object = OBJECT, **more: object) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": parameters, **more}}


def only(name: str, schema: object) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: schema},
        "required": [name],
        "additionalProperties": False,
    }


SCHEMA = "response_format.json_schema.schema"
ENDLESS = {"$ref": "#/$defs/N", "$defs": {"N": only("next", {"$ref": "#/$defs/N"})}}
MALFORMED: list[tuple[dict[str, Any], str]] = [
    ({**only("a", {"type": "string", "format": []})}, "properties.a.format"),
    ({**only("a", {"type": "string", "format": {}})}, "properties.a.format"),
    ({**OBJECT, "required": [{"a": 1}]}, "required"),
    ({**OBJECT, "$id": 5}, "$id"),
]
BAD: list[tuple[dict[str, Any], str, str]] = [
    (schema_format({"type": "wizard"}), f"{SCHEMA}.type", "invalid_json_schema"),
    (schema_format(ENDLESS), SCHEMA, "invalid_json_schema"),
    (schema_format({"$ref": "#/$defs/none"}), SCHEMA, "invalid_json_schema"),
    (schema_format({"$ref": "https://example.com/a"}), f"{SCHEMA}.$ref", "invalid_json_schema"),
    (
        schema_format(only("a", {"type": "integer", "minimum": 3, "maximum": 1})),
        f"{SCHEMA}.properties.a",
        "invalid_json_schema",
    ),
    (schema_format({"enum": []}), SCHEMA, "invalid_json_schema"),
    (
        schema_format(only("a", {"type": "string", "pattern": "((a{1,999}){1,999}){1,999}"})),
        f"{SCHEMA}.properties.a.pattern",
        "invalid_json_schema",
    ),
    (
        schema_format(only("a", {"type": "string", "pattern": "("})),
        f"{SCHEMA}.properties.a",
        "invalid_json_schema",
    ),
    (
        schema_format(only("a", {"not": {"type": "string"}})),
        f"{SCHEMA}.properties.a.not",
        "invalid_json_schema",
    ),
    (
        schema_format(only("a", {"minLength": -1})),
        f"{SCHEMA}.properties.a.minLength",
        "invalid_json_schema",
    ),
    ({"tools": [tool("")]}, "tools[0].function.name", "string_below_min_length"),
    ({"tools": [tool("a b")]}, "tools[0].function.name", "invalid_value"),
    ({"tools": [tool("x" * 129)]}, "tools[0].function.name", "string_above_max_length"),
    (
        {"tools": [{"type": "function", "function": {"parameters": OBJECT}}]},
        "tools[0].function.name",
        "missing_required_parameter",
    ),
    ({"tools": [{"type": "function"}]}, "tools[0].function", "missing_required_parameter"),
    ({"tools": [tool("f"), tool("f")]}, "tools[1].function.name", "invalid_value"),
    (
        {"tools": [tool("g"), tool("f", only("a", {"not": {}}), strict=True)]},
        "tools[1].function.parameters.properties.a.not",
        "invalid_json_schema",
    ),
    (
        {"tools": [tool("f", {"type": "string"})]},
        "tools[0].function.parameters",
        "invalid_json_schema",
    ),
    (
        {"functions": [{"name": "f", "parameters": {"type": "array"}}]},
        "functions[0].parameters",
        "invalid_json_schema",
    ),
    ({"guided_regex": "a", "guided_choice": ["a"]}, "guided_choice", "invalid_value"),
    ({"guided_regex": "a", "json_schema": OBJECT}, "json_schema", "invalid_value"),
    ({"json_schema": {"type": "object", "required": 5}}, "json_schema", "invalid_json_schema"),
    ({"regex": "("}, "regex", "invalid_value"),
    ({"grammar": 'root ::= "yes"'}, "grammar", "unsupported_parameter"),
    ({"ebnf": 'root ::= "yes"'}, "ebnf", "unsupported_parameter"),
    (
        {"response_format": {"type": "json_object"}, "guided_json": OBJECT},
        "guided_json",
        "invalid_value",
    ),
    ({"functions": [{"name": "f"}, {"name": "f"}]}, "functions[1].name", "invalid_value"),
    ({"tools": [tool()], "tool_choice": "sometimes"}, "tool_choice", "invalid_value"),
    (
        {"tools": [tool()], "tool_choice": {"type": "function", "function": {"name": "g"}}},
        "tool_choice",
        "invalid_value",
    ),
    ({"tool_choice": "required"}, "tool_choice", "invalid_value"),
    ({"tools": [], "tool_choice": "required"}, "tool_choice", "invalid_value"),
    (
        {"tool_choice": {"type": "function", "function": {"name": "g"}}},
        "tool_choice",
        "invalid_value",
    ),
    ({"function_call": {"name": "g"}}, "function_call", "invalid_value"),
    ({"tools": [tool()], "tool_choice": {"type": "custom"}}, "tool_choice", "unsupported_value"),
    (
        {"functions": [{"name": "f"}], "function_call": {"name": "g"}},
        "function_call",
        "invalid_value",
    ),
    (
        {"tools": [tool()], "tool_choice": {"type": "allowed_tools", "allowed_tools": {}}},
        "tool_choice.allowed_tools",
        "invalid_value",
    ),
    (
        {
            "tools": [tool()],
            "tool_choice": {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "auto", "tools": [tool("g")]},
            },
        },
        "tool_choice.allowed_tools.tools[0]",
        "invalid_value",
    ),
    (
        {
            "messages": [
                {"role": "user", "content": "x"},
                {"role": "tool", "tool_call_id": "call_1", "content": "y"},
            ]
        },
        "messages[1].tool_call_id",
        "invalid_value",
    ),
    ({"guided_regex": "("}, "guided_regex", "invalid_value"),
    ({"guided_regex": "((a{1,999}){1,999}){1,999}"}, "guided_regex", "invalid_value"),
    ({"guided_regex": "(" * 400 + "a" + "){1,2}" * 400}, "guided_regex", "invalid_value"),
    ({"guided_regex": "a" * 300_000}, "guided_regex", "invalid_value"),
    (
        schema_format(only("a", {"type": "integer", "multipleOf": 99_991})),
        f"{SCHEMA}.properties.a.multipleOf",
        "invalid_json_schema",
    ),
    ({"guided_choice": []}, "guided_choice", "invalid_value"),
    ({"guided_choice": "yes"}, "guided_choice", "invalid_type"),
    ({"guided_grammar": "start: x"}, "guided_grammar", "invalid_value"),
    ({"guided_json": {"enum": []}}, "guided_json", "invalid_json_schema"),
    ({"structured_outputs": 5}, "structured_outputs", "invalid_type"),
    (
        {"tools": [tool(), tool("g", description="a\ud800")]},
        "tools[1].function.description",
        "invalid_value",
    ),
    (
        {"tools": [tool(description="a\0b")]},
        "tools[0].function.description",
        "invalid_value",
    ),
    (
        {"functions": [{"name": "f", "description": "\udfff"}]},
        "functions[0].description",
        "invalid_value",
    ),
    (
        {"tools": [tool("f", only("a", {"type": "string", "description": "\ud800"}))]},
        "tools[0].function.parameters",
        "invalid_json_schema",
    ),
    (
        {"tools": [tool("f", {"type": "object", "title": "\ud800"})]},
        "tools[0].function.parameters",
        "invalid_json_schema",
    ),
    (schema_format({**OBJECT, "title": "\ud800"}), SCHEMA, "invalid_json_schema"),
    (schema_format(only("\ud800", {"type": "string"})), SCHEMA, "invalid_json_schema"),
    ({"guided_json": {"enum": ["\ud800"]}}, "guided_json", "invalid_json_schema"),
    ({"guided_regex": "\ud800"}, "guided_regex", "invalid_value"),
    ({"guided_choice": ["a", "\ud800"]}, "guided_choice", "invalid_value"),
    ({"guided_grammar": 'start: "\ud800"'}, "guided_grammar", "invalid_value"),
    *(
        (fields(schema), param, "invalid_json_schema")
        for schema, at in MALFORMED
        for fields, param in (
            (schema_format, f"{SCHEMA}.{at}"),
            (partial(schema_format, strict=False), f"{SCHEMA}.{at}"),
            (lambda schema: {"tools": [tool("f", schema)]}, f"tools[0].function.parameters.{at}"),
            (lambda schema: {"guided_json": schema}, f"guided_json.{at}"),
        )
    ),
    ({"structured_outputs": {"regex": 5}}, "structured_outputs.regex", "invalid_type"),
    (
        {"structured_outputs": {"structural_tag": "{}"}},
        "structured_outputs.structural_tag",
        "unsupported_parameter",
    ),
    (
        {"structured_outputs": {"regex": "a", "json_object": True}},
        "structured_outputs.json_object",
        "invalid_value",
    ),
    (
        {"response_format": {"type": "json_object", "schema": {"type": "wizard"}}},
        "response_format.schema.type",
        "invalid_json_schema",
    ),
    (
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "n", "description": "\ud800"},
            }
        },
        "response_format.json_schema.description",
        "invalid_value",
    ),
    ({"tools": [tool()], "functions": [{"name": "g"}]}, "functions", "invalid_value"),
    (
        {"tools": [tool("f", {"anyOf": [{"type": "integer"}, {"type": "string"}]})]},
        "tools[0].function.parameters",
        "invalid_json_schema",
    ),
]


@pytest.mark.parametrize(("fields", "param", "code"), BAD, ids=str)
def test_field_at_fault_is_named(
    http: httpx.Client, fields: dict[str, Any], param: str, code: str
) -> None:
    response = http.post(PATH, content=json.dumps(chat_body(**fields)))

    assert response.status_code == 400, response.text
    error = error_of(response)
    assert error["type"] == "invalid_request_error"
    assert (str(error["param"]), error["code"]) == (param, code)


@pytest.mark.parametrize("depth", [130, 300, 990])
@pytest.mark.parametrize("field", ["tools", "response_format", "guided_json"])
def test_schema_that_is_nested_too_deeply_is_refused(
    http: httpx.Client, field: str, depth: int
) -> None:
    deep: Any = "DEEP"
    fields = {"tools": [tool(parameters=deep)], "guided_json": deep, **schema_format(deep)}
    text = json.dumps(chat_body(**{field: fields[field]}))
    schema = '{"items":' * depth + '{"type":"string"}' + "}" * depth

    response = http.post(PATH, content=text.replace('"DEEP"', schema))

    assert response.status_code == 400, response.text
    assert str(error_of(response)["param"] or "").startswith(field if depth < 990 else "")


def test_pattern_that_is_nested_too_deeply_is_no_fault_of_the_server(http: httpx.Client) -> None:
    pattern = "(" * 400 + "a" + ")" * 400

    response = http.post(
        PATH, json=chat_body(**schema_format(only("a", {"type": "string", "pattern": pattern})))
    )

    assert response.status_code == 400, response.text


@pytest.mark.parametrize(
    "fields",
    [
        {"tool_choice": "auto"},
        {"tool_choice": "none", "tools": []},
        {"function_call": "none"},
        {"parallel_tool_calls": False},
    ],
)
def test_choice_that_asks_for_no_call_needs_no_tools(
    http: httpx.Client, fields: dict[str, Any]
) -> None:
    response = http.post(PATH, json=chat_body(**fields))

    assert response.status_code == 200, response.text


@pytest.mark.parametrize("keyword", [{"not": {"const": 1}}, {"format": "colour"}])
def test_schema_that_is_not_strict_may_hold_anything(
    http: httpx.Client, keyword: dict[str, Any]
) -> None:
    schema = only("a", {"type": "string", **keyword})

    response = http.post(PATH, json=chat_body(**schema_format(schema, strict=False)))

    assert response.status_code == 200, response.text


@pytest.mark.parametrize(
    "inner", [{"type": "string", "format": "colour"}, {"type": "string", "title": "A"}]
)
def test_words_without_force_are_no_fault_of_a_strict_schema(
    http: httpx.Client, inner: dict[str, Any]
) -> None:
    response = http.post(PATH, json=chat_body(**schema_format(only("a", inner))))

    assert response.status_code == 200, response.text
