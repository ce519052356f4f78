"""Requests as an ill-meaning or confused client might write them."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Json = Any

# What templates, tokenizers, parsers and grammars have a meaning for.
_LOADED = [
    "{{ 7 * 7 }}", "{% for i in range(9) %}", "{#", "<|im_end|>", "<|im_start|>system", "</s>",
    "[INST]", "<tool_call>", "[TOOL_CALLS]", "<|python_tag|>", '{"name": "f", "arguments": {}}',
    "\u202e", "\ufeff", "\u2028", "\x1b[31m", "\r\n", "\0", "\ud800", "\U0010ffff", "%s%n", "../..",
    "a" * 3000, "\u0301" * 200, "```json", "$ref", "__class__", "${jndi:x}", "data: [DONE]\n\n",
]  # fmt: skip
_LENGTHS = st.one_of(st.integers(-1, 9), st.sampled_from([0, 2**31, 2**63, 10**40, 1.5, 1e308]))
_PATTERNS = st.one_of(
    st.sampled_from(
        ["(", "[", "a{1,999}", "(a*)*$", "^(a|a)*b", r"\p{L}+", "(?=a)", r"\1", "(?P<x>a)", "",
         "^$", r"[^\x00-\x7f]", "((a{1,99}){1,99}){1,99}", "(?i)straße", r"\b", "x*" * 40,
         "(" * 400 + "a" + "){1,2}" * 400]
    ),
    st.text("ab(|)*+?{}[]^$.\\d-,19", max_size=12),
)  # fmt: skip


def texts() -> SearchStrategy[str]:
    """Any text, loaded or not, lone surrogates and zeroes included."""
    pieces = st.one_of(st.text(max_size=20), st.sampled_from(_LOADED))
    return st.lists(pieces, max_size=4).map("".join)


def json_values() -> SearchStrategy[Json]:
    """Anything that JSON can say."""
    scalars = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.sampled_from([2**63, -(2**63) - 1, 10**400, 1e308, -0.0, 5e-324]),
        st.floats(allow_nan=False, allow_infinity=False),
        texts(),
    )
    return st.recursive(
        scalars,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(texts(), inner, max_size=3)
        ),
        max_leaves=6,
    )


def schemas() -> SearchStrategy[Json]:
    """JSON Schemas with their keywords in place, and values of the wrong kind now and then."""
    leaves = st.one_of(
        st.booleans(),
        st.sampled_from(
            [{"$ref": "#"}, {"$ref": "#/$defs/a"}, {"$ref": "#/properties/a"}, {"$ref": "x://y"}]
        ),
        st.fixed_dictionaries(
            {},
            optional={
                "type": st.sampled_from(
                    ["string", "integer", "number", "boolean", "null", "array", "object", "wizard",
                     ["string", "null"], [], 5]
                ),
                "enum": st.lists(json_values(), max_size=3),
                "const": json_values(),
                "pattern": _PATTERNS,
                "format": st.sampled_from(["date-time", "uuid", "email", "ipv6", "regex", "", 5]),
                "minLength": _LENGTHS,
                "maxLength": _LENGTHS,
                "minimum": _LENGTHS,
                "maximum": _LENGTHS,
                "exclusiveMinimum": _LENGTHS,
                "multipleOf": _LENGTHS,
                "minItems": _LENGTHS,
                "maxItems": _LENGTHS,
                "minProperties": _LENGTHS,
                "uniqueItems": st.booleans(),
                "x-guidance": json_values(),
            },
        ),
    )  # fmt: skip

    def nested(inner: SearchStrategy[Json]) -> SearchStrategy[Json]:
        named = st.dictionaries(st.sampled_from(["a", "b", "", "\0", "\ud800"]), inner, max_size=3)
        several = st.lists(inner, max_size=3)
        return st.fixed_dictionaries(
            {},
            optional={
                "type": st.sampled_from(["object", "array"]),
                "properties": named,
                "patternProperties": st.dictionaries(_PATTERNS, inner, max_size=2),
                "required": st.lists(st.sampled_from(["a", "b", "z", 5]), max_size=3),
                "additionalProperties": inner,
                "propertyNames": inner,
                "items": inner,
                "prefixItems": several,
                "anyOf": several,
                "oneOf": several,
                "allOf": several,
                "not": inner,
                "$defs": named,
                "if": inner,
                "then": inner,
            },
        )

    return st.one_of(st.recursive(leaves, nested, max_leaves=8), json_values())


def regexes() -> SearchStrategy[Json]:
    """Patterns, well-formed or not."""
    return st.one_of(_PATTERNS, texts())


def grammars() -> SearchStrategy[str]:
    """Texts that look like Lark."""
    lines = st.sampled_from(
        ['start: "a"', "start: a", "a: a", 'a: "x" a | ', "A: /[a-z]+/", "start: A{1,99999}",
         "%import x", "%json {}", '%regex { "substring_words": "x" }', "start: <[1]>", "start:",
         "%ignore /a*/", "A: /(a{1,999}){1,999}/", "start: start start | ", "a[capture]: /x/"]
    )  # fmt: skip
    return st.one_of(st.lists(lines, max_size=5).map("\n".join), texts())


def messages() -> SearchStrategy[list[Json]]:
    """Conversations in any order, well-formed for the most part."""
    text_part = st.fixed_dictionaries({"type": st.just("text"), "text": texts()})
    odd_part = st.fixed_dictionaries(
        {"type": st.sampled_from(["text", "refusal", "file", "input_audio"])},
        optional={"refusal": texts(), "file": json_values(), "input_audio": json_values()},
    )
    content = st.one_of(texts(), st.lists(st.one_of(text_part, odd_part), max_size=3))
    function = st.fixed_dictionaries({"name": texts(), "arguments": texts()})
    call = st.fixed_dictionaries(
        {"id": st.sampled_from(["c1", "c2", ""]), "type": st.just("function"), "function": function}
    )
    message = st.one_of(
        st.fixed_dictionaries(
            {"role": st.sampled_from(["system", "developer", "user", "assistant"])}
            | {"content": content},
            optional={"name": texts()},
        ),
        st.fixed_dictionaries(
            {"role": st.just("assistant"), "tool_calls": st.lists(call, max_size=2)},
            optional={"content": st.one_of(st.none(), content)},
        ),
        st.fixed_dictionaries(
            {
                "role": st.just("tool"),
                "tool_call_id": st.sampled_from(["c1", "c2", "c3"]),
                "content": content,
            }
        ),
        json_values(),
    )
    return st.lists(message, min_size=1, max_size=5)


def tools() -> SearchStrategy[list[Json]]:
    """Functions, named well for the most part."""
    name = st.one_of(st.sampled_from(["f", "g", "a.b-c_d"]), texts())
    function = st.fixed_dictionaries(
        {"name": name},
        optional={"description": texts(), "parameters": schemas(), "strict": st.booleans()},
    )
    tool = st.fixed_dictionaries({"type": st.just("function"), "function": function})
    return st.lists(st.one_of(tool, json_values()), max_size=3)


def response_formats() -> SearchStrategy[Json]:
    """Formats of every kind."""
    return st.one_of(
        st.sampled_from([{"type": "json_object"}, {"type": "text"}, {"type": "xml"}]),
        st.fixed_dictionaries(
            {
                "type": st.just("json_schema"),
                "json_schema": st.fixed_dictionaries(
                    {"name": texts(), "schema": schemas(), "strict": st.booleans()}
                ),
            }
        ),
    )


def chat_requests(model: str) -> SearchStrategy[dict[str, Json]]:
    """Chat requests that name a model that exists; short answers."""
    count = st.one_of(st.integers(1, 8), json_values())
    return st.fixed_dictionaries(
        {"model": st.just(model), "messages": messages(), "max_tokens": st.integers(1, 8)},
        optional={
            "tools": tools(),
            "tool_choice": st.one_of(
                st.sampled_from(["auto", "none", "required"]),
                st.just({"type": "function", "function": {"name": "f"}}),
                json_values(),
            ),
            "response_format": response_formats(),
            "guided_regex": regexes(),
            "guided_grammar": grammars(),
            "guided_choice": st.lists(texts(), max_size=3),
            "guided_json": schemas(),
            "stop": st.one_of(texts(), st.lists(texts(), max_size=5)),
            "stream": st.booleans(),
            "n": st.one_of(st.integers(1, 3), json_values()),
            "seed": st.sampled_from([0, -1, 2**63 - 1, -(2**63), 2**63, 10**400]),
            "temperature": st.one_of(st.floats(0, 2), json_values()),
            "top_p": st.one_of(st.floats(0, 1), json_values()),
            "frequency_penalty": st.floats(-2, 2),
            "logprobs": st.booleans(),
            "top_logprobs": count,
            "priority": json_values(),
            "user": texts(),
            "chat_template": texts(),
            "timings": st.booleans(),
        },
    )


def completion_requests(model: str) -> SearchStrategy[dict[str, Json]]:
    """Text completion requests that name a model that exists; short answers."""
    return st.fixed_dictionaries(
        {
            "model": st.just(model),
            "prompt": st.one_of(texts(), st.lists(texts(), max_size=3), json_values()),
            "max_tokens": st.integers(1, 8),
        },
        optional={
            "n": st.integers(1, 3),
            "seed": st.sampled_from([0, -1, 2**63 - 1, -(2**63)]),
            "stop": st.one_of(texts(), st.lists(texts(), max_size=4)),
            "logprobs": st.integers(0, 5),
            "stream": st.booleans(),
            "echo": st.booleans(),
            "suffix": texts(),
            "temperature": st.floats(0, 2),
        },
    )


def templates() -> SearchStrategy[str]:
    """Jinja sources, most of them broken."""
    pieces = st.sampled_from(
        ["{{ messages }}", "{{ messages[0]['content'] }}", "{% for m in messages %}",
         "{% endfor %}", "{{ m.content }}", "{% if add_generation_prompt %}", "{% endif %}",
         "{% set x = 1 %}", "{{ x.__class__.__mro__ }}", "{{ ''.join([messages]) }}",
         "{{ 10 ** 10 ** 10 }}", "{{ 'a' * 10 ** 9 }}",
         "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "{{ range(10**9) }}",
         "{% for i in range(10**9) %}{% endfor %}", "{{ raise_exception('x') }}", "{{ cycler }}",
         "{{ namespace(a=1).a }}", "{% include 'x' %}", "{% import 'x' as y %}",
         "{% extends 'x' %}", "{{ messages | tojson }}", "{{ strftime_now('%Y') }}",
         "{{ strftime_now(5) }}", "{{ 1 // 0 }}",
         "{{ messages | map(attribute='__class__') | list }}", "{{ '%s' | format(1) }}",
         "<|im_end|>", "{{ ''.__doc__.format }}", "{{ joiner() }}", "{% generation %}",
         "{% endgeneration %}", "{{"]
    )  # fmt: skip
    return st.lists(st.one_of(pieces, st.text(max_size=6)), max_size=6).map("".join)
