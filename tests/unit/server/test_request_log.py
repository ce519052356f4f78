import pytest

from picoserve.server.request_log import request_id


@pytest.mark.parametrize("given", ["a", "trace-1/2 3", "x" * 128])
def test_a_harmless_id_is_kept(given: str) -> None:
    assert request_id(given) == given


@pytest.mark.parametrize("given", ["", "x" * 129, "line\nbreak", "caf\u00e9", "\x7f"])
def test_any_other_id_is_replaced(given: str) -> None:
    assert request_id(given).startswith("req_")
    assert request_id(given) != request_id(given)
