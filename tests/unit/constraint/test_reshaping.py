import pytest

from picoserve.constraint import SchemaError
from picoserve.constraint.reshaping import (
    check_type,
    check_value,
    close_object,
    dotted,
    exact_dates,
    modern,
)


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


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("type", "text"),
        ("format", []),
        ("format", 5),
        ("$id", {}),
        ("$ref", "https://example.com/a"),
        ("$ref", None),
        ("required", ["a", {"b": 1}]),
    ],
)
def test_value_that_its_keyword_cannot_have_is_refused_with_its_place(
    keyword: str, value: object
) -> None:
    with pytest.raises(SchemaError) as caught:
        check_value(keyword, value, ("properties", "a", keyword))

    assert caught.value.path == f"properties.a.{keyword}"


def test_absent_notes_and_a_draft_3_required_do_no_harm() -> None:
    for keyword, value in (("format", None), ("$id", None), ("required", True)):
        check_value(keyword, value, ())
