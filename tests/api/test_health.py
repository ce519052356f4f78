"""Health of a server that is well; the other states are told with what causes them."""

import httpx
import pytest


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


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/openapi.json", "/health", "/health/ready", "/metrics", "/v1/models"]
)
def test_head_is_answered_as_get_without_a_body(http: httpx.Client, path: str) -> None:
    head, get = http.head(path), http.get(path)

    assert head.status_code == get.status_code == 200
    assert head.content == b""
    assert head.headers["content-type"] == get.headers["content-type"]


def test_an_answer_to_head_leaves_its_connection_in_order(http: httpx.Client, model: str) -> None:
    with httpx.Client(base_url=http.base_url, timeout=20) as client:
        assert client.head("/health/live").status_code == 200
        assert client.get("/health/live").json() == {"status": "alive"}
        assert client.head(f"/v1/models/{model}").status_code == 200
        assert client.head("/v1/models/nobody").status_code == 404
        assert client.head("/v1/chat/completions").status_code == 405
