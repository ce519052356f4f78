import pytest

from picoserve.constraint import SchemaError
from picoserve.constraint.reshaping import check_type, close_object, dotted, exact_dates, modern


def test_reshaping_leaves_fewer_documents_or_the_same() -> None:
    assert modern({"items": [{}], "additionalItems": False}) == {
        "prefixItems": [{}],
        "items": False,
    }
    assert modern({"items": {}}) == {"items": {}}

    closed: dict[str, object] = {"properties": {"a": {}}}
    close_object(closed)
    assert closed == {"properties": {"a": {}}, "type": "object", "additionalProperties": False}

    unlisted: dict[str, object] = {"properties": {"a": {}}, "required": ["b"]}
    close_object(unlisted)
    assert "additionalProperties" not in unlisted

    dated: dict[str, object] = {"format": "date"}
    exact_dates(dated)
    assert set(dated) == {"pattern"}


def test_types_are_known_names() -> None:
    check_type(["string", "null"], ())
    for bad in ("text", [], ["string", 1], None):
        with pytest.raises(SchemaError):
            check_type(bad, ("a",))
    assert dotted(("a", "b")) == "a.b"
