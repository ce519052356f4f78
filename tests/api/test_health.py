"""Health of a server that is well; the other states are told with what causes them."""

import httpx


def test_server_that_works_is_alive_ready_and_tells_of_its_engines(
    http: httpx.Client, model: str
) -> None:
    assert http.get("/health/live").json() == {"status": "alive"}
    ready = http.get("/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert ready.json()["engines_ready"] == {model: "2/2"}

    body = http.get("/health").json()
    assert body["models"] == {model: {"ready": True, "waiting": 0}}
    assert len(body["engines"]) == 2
    for engine in body["engines"]:
        assert (engine["state"], engine["problem"], engine["slots"]) == ("ready", "", 2)
        assert engine["load_seconds"] > 0
