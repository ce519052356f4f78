import json

import pytest

from picoserve.constraint import Document, Kind, SchemaError, SchemaLimits, compile_grammar

ITEMS = {"type": "array", "minItems": 9, "items": {"const": "x" * 20}}


@pytest.mark.parametrize(
    ("limits", "schema"),
    [
        (SchemaLimits(depth=2), {"items": {"items": {"items": {"items": {"items": {}}}}}}),
        (SchemaLimits(nodes=3), {"anyOf": [{}, {}, {}]}),
        (SchemaLimits(smallest_bytes=10), ITEMS),
        (SchemaLimits(smallest_bytes=10), {"type": "string", "minLength": 11}),
        (SchemaLimits(repeat=5), {"type": "string", "pattern": "^a{6}$"}),
    ],
)
def test_each_limit_is_kept(limits: SchemaLimits, schema: dict[str, object]) -> None:
    assert compile_grammar(Kind.JSON_SCHEMA, schema).smallest
    with pytest.raises(SchemaError):
        compile_grammar(Kind.JSON_SCHEMA, schema, limits=limits)


def test_documents_may_need_as_many_bytes_as_their_schema() -> None:
    names = [f"property_{at}" for at in range(500)]
    schema = {
        "type": "object",
        "properties": {name: {"type": ["string", "null"]} for name in names},
        "required": names,
        "additionalProperties": False,
    }
    grammar = compile_grammar(Kind.JSON_SCHEMA, schema)
    document = Document(grammar)

    document.start()
    document.close()

    assert len(grammar.smallest) > SchemaLimits().smallest_bytes
    assert list(json.loads(document.finish())) == names
