"""The table [contexts]."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from picoserve.config.contexts import ContextSettings


def test_nothing_is_saved_unless_a_folder_is_named() -> None:
    assert ContextSettings().folder is None
    assert ContextSettings(folder=Path("contexts")).max_count == 32


@pytest.mark.parametrize(
    "values", [{"folder": "a\0b"}, {"max_count": 0}, {"max_mib": 0}, {"max_bytes": 7}]
)
def test_values_that_make_no_sense_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ContextSettings.model_validate(values)
