import json

import pytest

from picoserve.constraint.escapes import escaped


@pytest.mark.parametrize("character", ['"', "\\", "\n", "\x00", "\x1f", "é", "😀", "/"])
def test_an_escaped_character_reads_as_itself(character: str) -> None:
    assert json.loads(b'"' + escaped(character)[0] + b'"') == character
