"""A server to talk to: its address, the key for it, and what its refusals say."""

import json
import os
from dataclasses import dataclass, field
from typing import Final

import httpx

DEFAULT_BASE_URL: Final = "http://127.0.0.1:8080/v1"
KEY_VARIABLES: Final = ("PICOSERVE_API_KEY", "OPENAI_API_KEY")
_CONNECT_SECONDS: Final = 10.0
_LAST_PORT: Final = 65_535
_MAX_SHOWN: Final = 300


class CallError(Exception):
    """A call to a server came to nothing; the text says why, for a person."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a server is and the key for it, which is never shown."""

    base_url: str
    key: str = field(default="", repr=False)

    def client(self, *, silence_seconds: float = 120.0, connections: int = 16) -> httpx.AsyncClient:
        """A client for the paths below the base URL.

        Args:
            silence_seconds: Longest time without a byte of an answer.
            connections: Most calls at the same time.

        Raises:
            CallError: A proxy that the environment names cannot be used.
        """
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        try:
            return httpx.AsyncClient(
                base_url=self.base_url,
                headers={"authorization": f"Bearer {self.key}"} if self.key else {},
                timeout=httpx.Timeout(silence_seconds, connect=_CONNECT_SECONDS),
                limits=limits,
            )
        except (ImportError, ValueError) as error:
            raise CallError(f"The environment's proxy cannot be used: {error}") from None


def endpoint_for(base_url: str, key_variable: str | None = None) -> Endpoint:
    """The server at an address, with the key that the environment holds for it.

    Args:
        key_variable: The variable to read; None takes the first of `KEY_VARIABLES` that is set.

    Raises:
        CallError: The address is no http address, the variable that was named is not set, or what
            it holds is no key.
    """
    try:
        url = httpx.URL(base_url.rstrip("/"))
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in {"http", "https"} or not _can_exist(url):
        raise CallError(f"'{base_url}' is no address such as {DEFAULT_BASE_URL}.")
    return Endpoint(str(url), _key(key_variable))


async def first_model(client: httpx.AsyncClient) -> str:
    """The id of the first model that the server lists as able to answer, else of the first one.

    picoserve tells what a model can do once it has loaded; other servers do not tell.

    Raises:
        CallError: The server cannot be asked, or lists no model.
    """
    try:
        response = await client.get("models")
    except httpx.HTTPError as error:
        raise CallError(transport_problem(client, error)) from None
    if response.is_error:
        raise CallError(refusal(response))
    try:
        models = response.json()["data"]
        able = (one for one in models if "generation" in one.get("capabilities", ()))
        return str(next(able, models[0])["id"])
    except (ValueError, LookupError, TypeError, AttributeError):
        raise CallError("The server lists no model; name one with --model.") from None


def refusal(response: httpx.Response) -> str:
    """What an answer with an error status says, for a person. The body has been read."""
    return f"HTTP {response.status_code}: {error_text(response.text)}"


def error_text(raw: str) -> str:
    """The message inside an error body; the body itself where it is no such thing."""
    try:
        error = json.loads(raw)["error"]
        text = error if isinstance(error, str) else error["message"]
    except (ValueError, LookupError, TypeError):
        text = raw.strip() or "no reason given"
    return str(text)[:_MAX_SHOWN]


def transport_problem(client: httpx.AsyncClient, error: httpx.HTTPError) -> str:
    """Why no answer came at all."""
    address = str(client.base_url).rstrip("/")
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return f"No server answers at {address}."
    if isinstance(error, httpx.TimeoutException):
        return f"The server at {address} was silent for too long."
    return f"The connection to {address} broke: {str(error) or type(error).__name__}."


def _can_exist(url: httpx.URL) -> bool:
    """Whether host and port are such that a connection can be tried."""
    try:
        # As looking the host up would do it: labels are not empty and have at most 63 characters.
        url.raw_host.decode("ascii").encode("idna")
    except UnicodeError:
        return False
    return bool(url.host) and (url.port is None or 0 < url.port <= _LAST_PORT)


def _key(variable: str | None) -> str:
    if variable is None:
        return next((key for name in KEY_VARIABLES if (key := _read(name))), "")
    if key := _read(variable):
        return key
    raise CallError(f"The environment variable {variable} is not set.")


def _read(variable: str) -> str:
    key = os.environ.get(variable, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise CallError(f"The key in {variable} is not one line of printable ASCII characters.")
    return key
