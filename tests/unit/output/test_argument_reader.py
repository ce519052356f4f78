"""Each form of arguments has its reader."""

import pytest
from tests.unit.output.engine_play import tool_plan

from picoserve.output.argument_reader import argument_reader
from picoserve.output.call_opening import CallForm

SAID = {
    CallForm.JSON: '{"location": "Paris", "unit": "c"}',
    CallForm.PYTHON: 'location="Paris", unit="c")',
    CallForm.PARAMETERS: (
        "<parameter=location>Paris</parameter><parameter=unit>c</parameter></function>"
    ),
    CallForm.KEYS: (
        "<arg_key>location</arg_key><arg_value>Paris</arg_value>"
        "<arg_key>unit</arg_key><arg_value>c</arg_value></tool_call>"
    ),
    CallForm.GEMMA: 'location:<|"|>Paris<|"|>, unit:<|"|>c<|"|>}',
}


@pytest.mark.parametrize("form", SAID)
def test_every_form_becomes_the_same_json(form: CallForm) -> None:
    reader = argument_reader(form, tool_plan().arguments_of("get_weather"))

    written = reader.feed(SAID[form].encode()).decode()

    assert written.replace(",", ", ").replace(",  ", ", ") == SAID[CallForm.JSON]
    assert SAID[form].encode().endswith(reader.end_byte)
    assert reader.is_over == (form is not CallForm.JSON)
