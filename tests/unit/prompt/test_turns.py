from picoserve.prompt.turns import ToolCall, ToolDefinition, Turn


def test_turns_are_values() -> None:
    call = ToolCall("1", "f", "{}")

    assert Turn("assistant", "", (call,)) == Turn("assistant", "", (ToolCall("1", "f", "{}"),))
    assert len({Turn("user", "Hi"), Turn("user", "Hi")}) == 1
    assert ToolDefinition("f", "", None) != ToolDefinition("f", "", {})
