import re
from pathlib import Path

import httpx
import pytest
from tests.support.models import tiny_model
from tests.support.server import running_server

from picoserve.server.routes.page import PAGE_PATHS


@pytest.mark.parametrize("path", PAGE_PATHS)
def test_the_page_may_load_and_ask_this_server_only(http: httpx.Client, path: str) -> None:
    response = http.get(path)

    assert response.status_code == 200
    assert response.headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert response.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"(?<!xmlns=['\"])https?://(?!www\.w3\.org/)", response.text)


@pytest.mark.parametrize("path", PAGE_PATHS)
def test_the_page_asks_below_the_path_where_a_proxy_shows_it(http: httpx.Client, path: str) -> None:
    addresses = re.findall(r"""(?:href=|src=|fetch\(|url\()["']?([^"')]*)""", http.get(path).text)

    assert addresses or path.endswith(".css")
    assert [address for address in addresses if address.startswith("/")] == []


def test_every_field_of_the_page_has_a_label(http: httpx.Client) -> None:
    page = http.get("/").text
    labelled = set(re.findall(r'<label[^>]* for="(\w+)"', page))
    wrapped = "".join(re.findall(r"<label(?![^>]* for=).*?</label>", page, re.DOTALL))

    fields = re.findall(r'<(?:input|textarea|select) id="(\w+)"', page)

    assert len(fields) > 5
    assert [name for name in fields if name not in labelled and f'id="{name}"' not in wrapped] == []


def test_the_page_is_open_where_everything_else_needs_a_key(tmp_path: Path) -> None:
    config = '[auth]\nkeys = ["a-key-for-tests-only"]\n' + tiny_model()
    with running_server(tmp_path, config) as server:
        answers = {path: httpx.get(server.url + path).status_code for path in PAGE_PATHS}
        assert set(answers.values()) == {200}
        assert httpx.get(f"{server.url}/v1/models").status_code == 401


def test_the_page_can_be_turned_off(tmp_path: Path) -> None:
    with running_server(tmp_path, "[server]\npage = false\n" + tiny_model()) as server:
        assert [httpx.get(server.url + path).status_code for path in PAGE_PATHS] == [404] * len(
            PAGE_PATHS
        )
