from typing import Annotated, Any, Final, Literal

import pytest
from pydantic import BaseModel, Field
from tests.unit.work import at_most

from picoserve.constraint import Kind, SchemaError, check_text, compile_grammar
from picoserve.constraint.branches import Branches


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class BlackDog(BaseModel):
    kind: Literal["dog"]
    colour: Literal["black"]


class WhiteDog(BaseModel):
    kind: Literal["dog"]
    colour: Literal["white"]
    name: str


Dog = Annotated[BlackDog | WhiteDog, Field(discriminator="colour")]


class Owner(BaseModel):
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]


DOG: Final = '{"pet": {"kind": "dog", "colour": "white", "name": "Rex"}}'


def test_discriminated_union_is_guaranteed() -> None:
    grammar = compile_grammar(Kind.JSON_SCHEMA, Owner.model_json_schema())

    assert grammar.deferred == ()
    assert grammar.new_matcher().accepts(DOG.encode())
    assert not grammar.new_matcher().accepts(b'{"pet": {"kind": "dog", "lives"')
    assert check_text(grammar.schema, DOG).valid
    assert isinstance(Owner.model_validate_json(DOG).pet, WhiteDog)


def test_last_check_still_knows_that_only_one_branch_may_hold() -> None:
    grammar = compile_grammar(
        Kind.JSON_SCHEMA, {"oneOf": [{"type": "integer"}, {"type": "number"}]}, strict=False
    )

    assert check_text(grammar.schema, "1.5").valid
    assert not check_text(grammar.schema, "1").valid


def tagged(value: object, **more: object) -> dict[str, Any]:
    tag = {"properties": {"k": {"const": value}, **more}, "required": ["k"]}
    return {"type": "object", **tag}


DEFS: Final[dict[str, Any]] = {
    "Text": {"type": "string"},
    "A": tagged("a"),
    "B": tagged("b"),
    "AB": {"anyOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}]},
    "Loop": {"$ref": "#/$defs/Loop"},
    "Tree": {"anyOf": [{"$ref": "#/$defs/Tree"}, {"type": "null"}]},
    "True": {"const": True},
}


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/$defs/{name}"}


APART: Final[dict[str, list[Any]]] = {
    "none": [],
    "types": [ref("Text"), {"type": ["integer", "null"]}, {"type": "object"}],
    "values": [{"enum": ["a", "b"]}, {"const": "c"}, {"const": 1}],
    "true is not 1": [ref("True"), {"const": 1}],
    "tags": [ref("A"), ref("B"), tagged(3)],
    "nested": [ref("AB"), tagged("c"), {"type": "null"}],
    "nothing": [False, True],
}
TOGETHER: Final[dict[str, list[Any]]] = {
    "integers are numbers": [{"type": "integer"}, {"type": "number"}],
    "1 is 1.0": [{"const": 1}, {"const": 1.0}],
    "twice the same": [ref("A"), ref("A")],
    "one of the same": [ref("AB"), ref("B")],
    "null": [{**tagged(each), "type": ["object", "null"]} for each in "ab"],
    "not required": [{**tagged("a"), "required": []}, ref("B")],
    "another name": [tagged("a"), {**tagged("b", l={}), "required": ["l"]}],
    "lists": [{"const": [1]}, {"const": [2]}],
    "nowhere": [ref("nowhere"), {"type": "string"}],
    "endless": [ref("Loop"), {"type": "string"}],
    "tree": [ref("Tree"), {"type": "null"}],
    "anything": [True, {"type": "string"}],
}


@pytest.mark.parametrize("name", APART)
def test_branches_exclude_each_other(name: str) -> None:
    root = {"$defs": DEFS, "oneOf": APART[name]}

    assert Branches(root).exclude_each_other(root["oneOf"])


@pytest.mark.parametrize("name", TOGETHER)
def test_branches_that_may_both_hold_are_not_taken_for_apart(name: str) -> None:
    root = {"$defs": DEFS, "oneOf": TOGETHER[name]}

    assert not Branches(root).exclude_each_other(root["oneOf"])


@pytest.mark.parametrize("branches", [None, {}, "x"])
def test_what_is_no_list_has_no_branches(branches: object) -> None:
    assert not Branches({}).exclude_each_other(branches)


def test_refusal_says_what_is_needed_and_where() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"oneOf": [{"type": "integer"}, {"type": "number"}]}},
        "required": ["a"],
    }

    with pytest.raises(SchemaError, match="branches that exclude each other") as caught:
        compile_grammar(Kind.JSON_SCHEMA, schema)

    assert caught.value.path == "properties.a"


def test_large_unions_are_looked_at_in_time() -> None:
    wide = {f"D{at}": {**tagged(at), "required": [f"p{n}" for n in range(400)]} for at in range(30)}
    for schema in wide.values():
        schema["properties"] |= {f"p{n}": {"const": n} for n in range(400)}
    unions = [{"oneOf": [ref(name) for name in wide]} for _ in range(30)]
    branches = Branches({"$defs": wide, "anyOf": unions})

    with at_most(5):
        assert not any(branches.exclude_each_other(union["oneOf"]) for union in unions)
