import json

from picoserve.errors import EngineFailedError, ModelNotFoundError
from picoserve.openai_api.error_body import error_bytes


def test_all_four_keys_are_always_there() -> None:
    assert json.loads(error_bytes(EngineFailedError("broken"))) == {
        "error": {
            "message": "broken",
            "type": "server_error",
            "param": None,
            "code": "engine_error",
        }
    }


def test_lone_surrogate_from_a_request_can_be_shown() -> None:
    body = json.loads(error_bytes(ModelNotFoundError("no '\ud800'", param="\udfff")))

    assert body["error"]["message"] == "no '\\ud800'"
    assert body["error"]["param"] == "\\udfff"
