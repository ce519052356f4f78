"""The list of models."""

import httpx
import pytest
from openai import OpenAI
from tests.support.wire import error_of


def test_list_has_every_name_and_alias_once(http: httpx.Client, model: str) -> None:
    body = http.get("/v1/models").json()

    assert body["object"] == "list"
    assert [card["id"] for card in body["data"]] == [model, "openai/gpt-4.1-mini", "tiny"]
    for card in body["data"]:
        assert card["object"] == "model"
        assert card["owned_by"] == "picoserve"
        assert isinstance(card["created"], int)
        assert card["max_model_len"] > 0


@pytest.mark.parametrize("name", ["picoserve-tiny", "tiny", "openai/gpt-4.1-mini"])
def test_model_is_found_by_name_alias_and_with_slashes(http: httpx.Client, name: str) -> None:
    for spelled in (name, name.replace("/", "%2F")):
        card = http.get(f"/v1/models/{spelled}").json()
        assert card["id"] == name
        assert card["object"] == "model"


def test_client_finds_the_model(openai: OpenAI) -> None:
    assert openai.models.retrieve("openai/gpt-4.1-mini").id == "openai/gpt-4.1-mini"
    assert "tiny" in [card.id for card in openai.models.list()]


@pytest.mark.parametrize("name", ["gpt-9", "openai", "openai/", "tiny/x", "%ED%A0%80", "Tiny"])
def test_unknown_model_is_not_found(http: httpx.Client, name: str) -> None:
    response = http.get(f"/v1/models/{name}")

    assert response.status_code == 404
    error = error_of(response)
    assert (error["type"], error["code"]) == ("invalid_request_error", "model_not_found")
