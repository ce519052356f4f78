from picoserve.constraint import ConstraintError, DeadEndError, SchemaError


def test_a_schema_error_tells_its_place() -> None:
    assert (
        str(SchemaError("Unknown type.", "properties.a.type")) == "properties.a.type: Unknown type."
    )
    assert str(SchemaError("Empty.")) == "Empty."
    assert issubclass(SchemaError, ConstraintError)
    assert issubclass(DeadEndError, ConstraintError)
