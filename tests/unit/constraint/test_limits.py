import pytest

from picoserve.constraint import Kind, SchemaError, SchemaLimits, compile_grammar


@pytest.mark.parametrize(
    ("limits", "schema"),
    [
        (SchemaLimits(depth=2), {"items": {"items": {"items": {"items": {"items": {}}}}}}),
        (SchemaLimits(nodes=3), {"anyOf": [{}, {}, {}]}),
        (SchemaLimits(smallest_bytes=10), {"type": "string", "minLength": 9}),
        (SchemaLimits(repeat=5), {"type": "string", "pattern": "^a{6}$"}),
    ],
)
def test_each_limit_is_kept(limits: SchemaLimits, schema: dict[str, object]) -> None:
    assert compile_grammar(Kind.JSON_SCHEMA, schema).smallest
    with pytest.raises(SchemaError):
        compile_grammar(Kind.JSON_SCHEMA, schema, limits=limits)
