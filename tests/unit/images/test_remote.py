"""Fetching images: only from checked addresses, whatever names and redirects say."""

import asyncio
import ipaddress
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.support.images import encoded, picture
from typing_extensions import override

from picoserve.images.addresses import Address
from picoserve.images.remote import RemoteImages
from picoserve.images.source import RemoteError

PICTURE = encoded(picture())
HERE = ipaddress.ip_address("127.0.0.1")
ELSEWHERE = ipaddress.ip_address("127.0.0.2")


class Site(ThreadingHTTPServer):
    """A host with images and traps.

    Attributes:
        asked: The paths that were asked for, with their Host header.
    """

    daemon_threads = True
    asked: list[tuple[str, str | None]]
    released: threading.Event


class Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["host"]))
        kind, _, rest = self.path.strip("/").partition("/")
        if self.path == "/loop":
            self.reply(302, location="/loop")
        elif kind == "to":
            self.reply(302, location=rest)
        elif kind == "type":
            self.reply(200, PICTURE, **{"content-type": rest})
        elif kind == "status":
            self.reply(int(rest), PICTURE, **{"content-type": "image/png"})
        elif kind == "hang":
            self.server.released.wait()
        elif kind == "large":
            self.reply(200, bytes(5000), **{"content-type": "image/png"})
        else:
            self.endless()

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def endless(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "image/png")
        self.end_headers()
        try:
            while not self.server.released.is_set():
                self.wfile.write(bytes(1000))
        except OSError:
            return

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def site() -> Generator[Site, None, None]:
    server = Site(("127.0.0.1", 0), Handler)
    server.asked, server.released = [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


def only_here(address: Address) -> bool:
    return address == HERE


async def all_here(host: str, port: int) -> Sequence[Address]:
    return [HERE]


def fetch(url: str, *, seconds: float = 30.0) -> bytes:
    """As the server does, but the one allowed address is this machine's first."""
    images = RemoteImages(max_bytes=4000, seconds=seconds, may_connect=only_here)
    return asyncio.run(images.fetch(url))


def place(site: Site, path: str, host: str = "127.0.0.1") -> str:
    return f"http://{host}:{site.server_port}/{path}"


@contextmanager
def refusal(code: str, words: str) -> Generator[None, None, None]:
    with pytest.raises(RemoteError, match=words) as raised:
        yield
    assert raised.value.code == code


@pytest.mark.parametrize("path", ["type/image/png", "type/image/jpg;x=y"])
def test_image_is_fetched(site: Site, path: str) -> None:
    assert fetch(place(site, path)) == PICTURE


def test_redirect_is_followed(site: Site) -> None:
    assert fetch(place(site, "to//type/image/png")) == PICTURE


def test_name_is_asked_for_by_its_name_at_the_checked_address(site: Site) -> None:
    answers = [[HERE], [ELSEWHERE]]
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[Address]:
        asked.append(host)
        return answers.pop(0)

    images = RemoteImages(max_bytes=4000, seconds=30, may_connect=only_here, resolve=resolve)
    url = place(site, "type/image/png", "changes.example")

    assert asyncio.run(images.fetch(url)) == PICTURE
    assert asked == ["changes.example"], "a second answer would be another address"
    assert site.asked[-1][1] == f"changes.example:{site.server_port}"
    with refusal("invalid_image_url", "public"):
        asyncio.run(images.fetch(url))


def test_one_bad_address_of_a_name_is_enough(site: Site) -> None:
    async def resolve(host: str, port: int) -> Sequence[Address]:
        return [HERE, ELSEWHERE]

    images = RemoteImages(max_bytes=4000, seconds=30, may_connect=only_here, resolve=resolve)
    before = len(site.asked)
    with refusal("invalid_image_url", "public"):
        asyncio.run(images.fetch(place(site, "type/image/png", "both.example")))

    assert len(site.asked) == before


def test_redirect_to_another_place_is_refused(site: Site) -> None:
    before = len(site.asked)
    with refusal("invalid_image_url", "public"):
        fetch(place(site, "to/" + place(site, "type/image/png", "127.0.0.2")))

    assert len(site.asked) == before + 1


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/x", "http://localhost:{port}/x", "http://[::1]:{port}/x",
        "http://[::ffff:127.0.0.1]:{port}/x", "http://2130706433:{port}/x",
        "http://0x7f.1:{port}/x", "http://0:{port}/x", "https://127.0.0.1:{port}/x",
        "http://169.254.169.254/latest/meta-data",
    ],
)  # fmt: skip
def test_private_address_is_never_asked(site: Site, url: str) -> None:
    before = len(site.asked)
    with refusal("invalid_image_url", "public"):
        images = RemoteImages(max_bytes=4000, seconds=30)
        asyncio.run(images.fetch(url.format(port=site.server_port)))

    assert len(site.asked) == before


@pytest.mark.parametrize(
    "url",
    [
        "http://user:pass@example.com/x", "http:///x", "http://[::1/x", "to/file:///x",
        "http://127.0.0.1:99999/x", "http://127.0.0.1:-1/x", "http://127.0.0.1:0/x",
        "to/http://127.0.0.1:99999/x",
    ],
)  # fmt: skip
def test_other_addresses_are_refused(site: Site, url: str) -> None:
    with refusal("invalid_image_url", "address"):
        fetch(url if "//" in url[:8] else place(site, url))


def test_proxy_of_the_environment_is_not_used(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.2:9")

    assert fetch(place(site, "type/image/png")) == PICTURE


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        ("type/text/html", "unsupported_image_media_type", "image/png"),
        ("status/404", "failed_to_download_image", "404"),
        ("status/204", "failed_to_download_image", "204"),
        ("large", "image_too_large", "4000 bytes"),
        ("endless", "image_too_large", "4000 bytes"),
        ("loop", "failed_to_download_image", "redirects"),
    ],
)
def test_what_is_no_small_image_is_refused(site: Site, path: str, code: str, words: str) -> None:
    with refusal(code, words):
        fetch(place(site, path))


def test_slow_host_is_given_up(site: Site) -> None:
    with refusal("failed_to_download_image", r"0\.2 s"):
        fetch(place(site, "hang"), seconds=0.2)


def test_nobody_listens() -> None:
    with refusal("failed_to_download_image", "could not be fetched"):
        fetch("http://127.0.0.1:9/x")


def test_name_that_cannot_exist() -> None:
    with refusal("failed_to_download_image", "could not be fetched"):
        images = RemoteImages(max_bytes=4000, seconds=30)
        asyncio.run(images.fetch(f"http://{'a' * 70}.invalid/x"))
