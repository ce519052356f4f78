from picoserve.constraint.combined import combined_pointers


def test_branches_of_all_of_are_merged_and_so_is_what_they_refer_to() -> None:
    schema = {
        "$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"type": "object"}, "C": {"type": "object"}},
        "allOf": [{"$ref": "#/$defs/A"}, {"type": "object"}],
        "properties": {"c": {"$ref": "#/$defs/C"}},
    }

    found = combined_pointers(schema)

    assert found == {("allOf", "0"), ("allOf", "1"), ("$defs", "A"), ("$defs", "B")}


def test_lone_alternatives_are_not_merged() -> None:
    assert combined_pointers({"anyOf": [{"type": "object"}, {"type": "null"}]}) == frozenset()
    assert combined_pointers(True) == frozenset()
