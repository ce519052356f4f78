from pathlib import Path

import pytest
from tests.support.models import MODEL, tiny_model
from tests.support.server import free_port, running_server, wait_until

from picoserve.client.endpoint import CallError, endpoint_for, error_text, first_model


def test_an_address_keeps_its_path_and_loses_its_last_slash() -> None:
    assert endpoint_for("http://10.0.0.1:9/v1/").base_url == "http://10.0.0.1:9/v1"


@pytest.mark.parametrize(
    "address",
    [
        "", "10.0.0.1:9", "ftp://x/v1", "http://", "http://127.0.0.1:80800/v1", "http://x:0/v1",
        "http://x:-1/v1", "http://a..b/v1", f"http://{'a' * 64}/v1",
    ],
)  # fmt: skip
def test_what_is_no_address_is_said_to_be_none(address: str) -> None:
    with pytest.raises(CallError, match="is no address such as"):
        endpoint_for(address)


def test_the_key_comes_from_the_environment_and_is_never_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "second")
    monkeypatch.setenv("PICOSERVE_API_KEY", "first")
    monkeypatch.setenv("OTHER", "third")

    assert endpoint_for("http://x/v1").key == "first"
    assert endpoint_for("http://x/v1", "OTHER").key == "third"
    assert "first" not in repr(endpoint_for("http://x/v1"))


def test_a_variable_that_is_named_has_to_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GONE", raising=False)

    with pytest.raises(CallError, match="GONE is not set"):
        endpoint_for("http://x/v1", "GONE")


@pytest.mark.parametrize("key", ["first\nsecond", "“first”", "fir\x7fst", "first\udcff"])
def test_a_key_that_no_header_can_carry_is_refused_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("MY_KEY", key)

    with pytest.raises(CallError, match="in MY_KEY is not one line") as refused:
        endpoint_for("http://x/v1", "MY_KEY")

    assert "first" not in str(refused.value)


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "ftp://x:secret@127.0.0.1:9"])
def test_a_proxy_that_cannot_be_used_is_told(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)

    with pytest.raises(CallError, match="environment's proxy cannot be used") as refused:
        endpoint_for("http://x/v1").client()

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ('{"error": {"message": "No."}}', "No."),
        ('{"error": "No."}', "No."),
        ("plain", "plain"),
        ("", "no reason given"),
        ("[1]", "[1]"),
    ],
)
def test_an_error_body_is_read_whatever_its_form(raw: str, text: str) -> None:
    assert error_text(raw) == text


async def test_a_server_that_is_not_there_is_told_with_its_address() -> None:
    port = free_port()
    async with endpoint_for(f"http://127.0.0.1:{port}/v1").client() as client:
        with pytest.raises(CallError, match=f"No server answers at http://127.0.0.1:{port}/v1"):
            await first_model(client)


async def test_a_model_that_cannot_be_loaded_is_not_the_first_choice(tmp_path: Path) -> None:
    config = tiny_model(name="gone", path=tmp_path / "gone.gguf") + tiny_model()
    with running_server(tmp_path, config, wait=False) as server:
        wait_until(lambda: "engine ready" in server.log.read_text(), 30)
        async with endpoint_for(server.base_url).client() as client:
            assert await first_model(client) == MODEL
