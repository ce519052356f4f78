"""Who may ask: keys, key files, LiveKit's access tokens."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from livekit.agents import inference
from livekit.agents.llm import ChatContext
from tests.support.models import MODEL
from tests.support.server import RunningServer, running_server, wait_until
from tests.support.wire import chat_body, error_of

KEY, HASHED, FILED = "sk-plain-key-0001", "sk-hashed-key-0002", "sk-filed-key-0003"
ISSUER, SECRET = "devkey", "a-secret-of-at-least-32-characters"


def test_a_secret_that_can_be_guessed_is_told_once_in_the_log(tmp_path: Path) -> None:
    config = '[log]\nformat = "json"\n[[auth.livekit]]\nkey = "devkey"\nsecret = "secret"\n'
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        made = token(secret="secret")
    with running_server(tmp_path, config) as server:
        assert [status(server, made) for _ in range(2)] == [200, 200]
        server.stop()
        entries = [json.loads(line) for line in server.log.read_text().splitlines()]

    [warning] = [entry for entry in entries if entry["level"] == "warning"]
    assert warning["key"] == "devkey"
    assert "can be guessed" in warning["event"]


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file: Path = tmp_path_factory.mktemp("keys") / "keys.txt"
    file.write_text(f"# people\n{FILED}\n\n")
    return file


@pytest.fixture(scope="module")
def guarded(
    tmp_path_factory: pytest.TempPathFactory, key_file: Path
) -> Generator[RunningServer, None, None]:
    digest = hashlib.sha256(HASHED.encode()).hexdigest()
    config = f"""
[auth]
keys = ["{KEY}", "sha256:{digest}"]
key_file = "{key_file}"

[[auth.livekit]]
key = "{ISSUER}"
secret = "{SECRET}"
"""
    with running_server(tmp_path_factory.mktemp("guarded"), config) as server:
        yield server
    log = server.log.read_text()
    for secret in (KEY, HASHED, FILED, SECRET):
        assert secret not in log
    assert "Traceback" not in log


def status(server: RunningServer, token: str | None) -> int:
    return answer(server, token).status_code


def answer(server: RunningServer, token: str | None) -> httpx.Response:
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    return server.get("/v1/models", headers)


def claims(**changed: object) -> dict[str, Any]:
    """What livekit-agents 1.8.9 puts into its token."""
    now = int(time.time())
    whole = {
        "inference": {"perform": True},
        "sub": "agent",
        "iss": ISSUER,
        "nbf": now,
        "exp": now + 600,
        **changed,
    }
    known = {name: value() if callable(value) else value for name, value in whole.items()}
    return {name: value for name, value in known.items() if value is not None}


def token(*, secret: str = SECRET, algorithm: str = "HS256", **changed: object) -> str:
    return jwt.encode(claims(**changed), secret, algorithm=algorithm)


def assembled(header: Mapping[str, object], payload: object, signature: bytes = b"x") -> str:
    """A token made by hand, as an attacker would."""
    parts = [json.dumps(header).encode(), json.dumps(payload).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


@pytest.mark.parametrize("key", [KEY, HASHED, FILED])
def test_known_key_opens(guarded: RunningServer, key: str) -> None:
    assert status(guarded, key) == 200
    lower = {"authorization": f"bearer  {key}"}
    assert guarded.get("/v1/models", lower).status_code == 200


@pytest.mark.parametrize(
    "key", ["sk-plain-key-000", KEY + "x", KEY.upper(), "sha256:" + "0" * 64, "x", "\u00e9" * 30]
)
def test_unknown_key_does_not(guarded: RunningServer, key: str) -> None:
    header = {b"authorization": f"Bearer {key}".encode("latin-1")}

    response = httpx.get(f"{guarded.base_url}/models", headers=header)

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    error = error_of(response)
    assert (error["type"], error["param"], error["code"]) == (
        "invalid_request_error",
        None,
        "invalid_api_key",
    )
    assert key not in error["message"].split(":")[1] or len(key) < 3


def test_digest_itself_is_no_key(guarded: RunningServer) -> None:
    digest = hashlib.sha256(HASHED.encode()).hexdigest()

    assert status(guarded, digest) == status(guarded, f"sha256:{digest}") == 401


@pytest.mark.parametrize("header", [None, "", "Bearer", f"Basic {KEY}", KEY])
def test_request_without_a_key_is_told_how_to_send_one(
    guarded: RunningServer, header: str | None
) -> None:
    headers = {} if header is None else {"authorization": header}

    response = httpx.get(f"{guarded.base_url}/models", headers=headers)

    assert response.status_code == 401
    error = error_of(response)
    assert error["message"].startswith("You didn't provide an API key.")
    assert error["code"] is None


def test_stranger_learns_nothing_but_that_a_key_is_needed(guarded: RunningServer) -> None:
    with httpx.Client(base_url=guarded.url, timeout=20) as client:
        answers = [
            client.post("/v1/chat/completions", content=b"{"),
            client.post("/v1/chat/completions", json=chat_body(model="gpt-9")),
            client.get("/v1/unknown"),
            client.get("/openapi.json"),
            client.get("/health/other"),
            client.get("/v1/../v1/models"),
        ]

    assert {response.status_code for response in answers} == {401}


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready"])
def test_health_is_open(guarded: RunningServer, path: str) -> None:
    assert guarded.get(path).status_code == 200


def test_key_file_is_read_again_when_it_changes(guarded: RunningServer, key_file: Path) -> None:
    original = key_file.read_text()
    try:
        key_file.write_text("sk-newer-key-0004-longer\n")
        wait_until(lambda: status(guarded, "sk-newer-key-0004-longer") == 200)
        assert status(guarded, FILED) == 401
        assert status(guarded, KEY) == 200
    finally:
        key_file.write_text(original)


@pytest.mark.parametrize("broken", [b"\xff\xfe\x00broken", b"sha256:abc\n", None])
def test_key_file_that_cannot_be_read_leaves_the_last_keys_in_force(
    guarded: RunningServer, key_file: Path, broken: bytes | None
) -> None:
    original = key_file.read_bytes()
    assert status(guarded, FILED) == 200
    try:
        if broken is None:
            key_file.unlink()
        else:
            key_file.write_bytes(broken)
        assert status(guarded, FILED) == 200
        assert status(guarded, KEY) == 200
        assert status(guarded, "sk-unknown") == 401
    finally:
        key_file.write_bytes(original)


def soon(seconds: int) -> Callable[[], int]:
    """A time this far from that of the test, which may run long after this file is read."""
    return lambda: int(time.time()) + seconds


GOOD: dict[str, dict[str, Any]] = {
    "as livekit makes it": {},
    "without nbf": {"nbf": None},
    "expired within the leeway": {"exp": soon(-5)},
    "from a clock that is a little ahead": {"nbf": soon(30)},
    "with more claims": {"video": {"room": "r"}, "name": "n"},
}
BAD: dict[str, dict[str, Any]] = {
    "expired": {"exp": soon(-3600)},
    "without expiry": {"exp": None},
    "from the future": {"nbf": soon(3600)},
    "of another issuer": {"iss": "other"},
    "without issuer": {"iss": None},
    "of an issuer that is no text": {"iss": ["devkey"]},
    "signed with another secret": {"secret": "another-secret-of-32-characters!!"},
    "of another algorithm": {"algorithm": "HS512"},
    "without grant": {"inference": None},
    "with an empty grant": {"inference": {}},
    "with a grant that says no": {"inference": {"perform": False}},
    "with a grant that is no object": {"inference": True},
    "with a grant that is text": {"inference": {"perform": "true"}},
    "with an expiry that is text": {"exp": "soon"},
    "with an endless expiry": {"exp": float("inf")},
}


@pytest.mark.parametrize("name", GOOD)
def test_livekit_token_opens(guarded: RunningServer, name: str) -> None:
    assert status(guarded, token(**GOOD[name])) == 200


@pytest.mark.parametrize("name", BAD)
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_livekit_token_that_is_not_in_order_does_not(guarded: RunningServer, name: str) -> None:
    response = answer(guarded, _forged(**BAD[name]))

    assert response.status_code == 401
    assert error_of(response)["code"] == "invalid_api_key"


def _forged(**changed: Any) -> str:
    """A token that PyJWT's own checks might refuse to make."""
    secret, algorithm = changed.pop("secret", SECRET), changed.pop("algorithm", "HS256")
    payload = json.dumps(claims(**changed)).encode()
    return jwt.api_jws.encode(payload, secret, algorithm=algorithm)


@pytest.mark.parametrize(
    "forged",
    [
        assembled({"alg": "none", "typ": "JWT"}, claims(), b""),
        assembled({"alg": "None"}, claims()),
        assembled({"alg": "RS256"}, claims()),
        assembled({"alg": "HS256"}, claims(), b""),
        assembled({"alg": "HS256", "crit": ["x"]}, claims()),
        assembled({"alg": "hs256"}, claims()),
        assembled({"alg": "nOnE"}, claims(), b""),
        assembled({"alg": "HS256", "kid": "../../../../dev/null"}, claims()),
        assembled({"alg": "HS256", "kid": 5}, claims()),
        assembled({"alg": "HS256", "jku": "http://127.0.0.1:9/keys"}, claims()),
        assembled({"alg": "HS256", "b64": False, "crit": ["b64"]}, claims()),
        assembled({}, claims()),
        assembled({"alg": ["HS256"]}, claims()),
        assembled({"alg": "HS256"}, []),
        assembled({"alg": "HS256"}, "text"),
        "a.b.c",
        "..",
        ".".join(["ey" * 5000] * 3),
        base64.urlsafe_b64encode(b"[" * 5900).decode() + ".e30.eA",
        assembled({"alg": "HS256"}, claims()).split(".")[0]
        + "."
        + base64.urlsafe_b64encode(b"[" * 5400).decode()
        + ".eA",
    ],
)
def test_forged_token_is_refused(guarded: RunningServer, forged: str) -> None:
    assert status(guarded, forged) == 401


def test_token_that_makes_the_secret_a_public_key_is_refused(guarded: RunningServer) -> None:
    """The header says RSA, the signature is an HMAC over the secret itself."""
    genuine = token().split(".")
    header = assembled({"alg": "RS256", "typ": "JWT"}, {}).split(".")[0]
    signed = f"{header}.{genuine[1]}"
    signature = hmac.digest(SECRET.encode(), signed.encode(), "sha256")
    spelled = base64.urlsafe_b64encode(signature).rstrip(b"=").decode()

    assert status(guarded, f"{signed}.{spelled}") == 401


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("kid", ["/dev/null", "../../dev/null", "' UNION SELECT ''; --", ""])
@pytest.mark.parametrize("secret", ["", "\0", ISSUER, "null", "undefined"])
def test_header_of_a_token_chooses_no_secret(guarded: RunningServer, kid: str, secret: str) -> None:
    if not secret:
        forged = assembled({"alg": "HS256", "kid": kid}, claims(), b"")
        signed = forged.rpartition(".")[0]
        signature = hmac.digest(b"", signed.encode(), "sha256")
        forged = f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
    else:
        forged = jwt.encode(claims(), secret, algorithm="HS256", headers={"kid": kid})

    assert status(guarded, forged) == 401


def test_token_that_brings_its_own_key_is_refused(guarded: RunningServer) -> None:
    own = "a-secret-that-the-attacker-chose-himself"
    encoded = base64.urlsafe_b64encode(own.encode()).rstrip(b"=").decode()
    header = {"jwk": {"kty": "oct", "k": encoded, "alg": "HS256"}}

    assert status(guarded, jwt.encode(claims(), own, algorithm="HS256", headers=header)) == 401


async def test_stock_livekit_client_is_let_in_with_its_own_token(guarded: RunningServer) -> None:
    llm = inference.LLM(MODEL, base_url=guarded.base_url, api_key=ISSUER, api_secret=SECRET)
    context = ChatContext.empty()
    context.add_message(role="user", content="Hello!")

    async with llm.chat(chat_ctx=context) as stream:
        text = "".join([c.delta.content or "" async for c in stream if c.delta])

    await llm.aclose()
    assert text
