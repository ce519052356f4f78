"""Everything that a server writes, searched for everything that it must not show."""

import base64
import json
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import httpx
import jwt
import pytest
from tests.standin.model_script import ModelScript, Reply, Status
from tests.support.models import standin_model
from tests.support.processes import worker_pids
from tests.support.server import RunningServer, running_server, wait_until
from tests.support.wire import chat_body

ACCESS_KEY: Final = "AccessKeyThatNobodyMaySee+/=="
KEY: Final = "sk-key-from-the-environment-0001"
FILED: Final = "sk-key-from-the-file-0002"
ADMIN: Final = "sk-admin-key-0003"
WRONG: Final = "sk-key-of-somebody-else-0004"
ISSUER, SECRET = "devkey", "livekit-secret-that-nobody-may-see"
PROMPT: Final = "the-treasure-lies-under-the-third-palm"
PATH: Final = "/v1/chat/completions"

SCRIPT: Final = ModelScript(
    access_key=ACCESS_KEY,
    stdout_noise=f"native code prints {ACCESS_KEY}",
    replies=[
        Reply(
            match="fails",
            text="a b c",
            status_after=(1, Status.RUNTIME_ERROR),
            status_messages=[f"generate failed for {ACCESS_KEY}"],
        ),
        Reply(match="crashes", text="a b c", crash_after=1),
        Reply(text="An answer."),
    ],
)


def livekit_token() -> str:
    now = int(time.time())
    grant = {"inference": {"perform": True}, "iss": ISSUER, "nbf": now, "exp": now + 600}
    return jwt.encode(grant, SECRET, algorithm="HS256")


@pytest.fixture(scope="module")
def spoken(
    standin_library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[tuple[RunningServer, str, str], None, None]:
    """A server that has been asked all kinds of things; the token; all its answers' text."""
    folder = tmp_path_factory.mktemp("secrets")
    (folder / "keys.txt").write_text(f"{FILED} # people\n")
    config = (
        '[log]\nlevel = "debug"\n'
        f'[auth]\nkey_file = "keys.txt"\nadmin_keys = ["{ADMIN}"]\n'
        f'[[auth.livekit]]\nkey = "{ISSUER}"\nsecret = "{SECRET}"\n'
    ) + standin_model(standin_library, folder, SCRIPT, engines=2)
    variables = {"PICOVOICE_ACCESS_KEY": ACCESS_KEY, "PICOSERVE_AUTH__KEYS": json.dumps([KEY])}
    token = livekit_token()
    with running_server(folder, config, environment=variables) as server:
        server.wait_engines()
        yield server, token, talk(server, token)


def talk(server: RunningServer, token: str) -> str:
    """Ask for answers and for errors of every kind. Returns all that came back."""
    asked: list[tuple[str, dict[str, Any]]] = [
        (KEY, chat_body(PROMPT, model="pico")),
        (FILED, chat_body(PROMPT, model="pico", stream=True)),
        (token, chat_body(PROMPT, model="pico", stream=True, timings=True)),
        (KEY, chat_body(f"{PROMPT} fails", model="pico")),
        (KEY, chat_body(f"{PROMPT} fails", model="pico", stream=True)),
        (KEY, chat_body(f"{PROMPT} crashes", model="pico", stream=True)),
        (KEY, chat_body(f"{PROMPT} crashes", model="pico")),
        (KEY, chat_body(f"{PROMPT}\0", model="pico")),
        (KEY, chat_body(f"{PROMPT} " * 9000, model="pico")),
        (KEY, chat_body(PROMPT, model="pico", temperature=9)),
        (KEY, chat_body(PROMPT, model="nobody")),
        (WRONG, chat_body(PROMPT, model="pico")),
        (f"{token}x", chat_body(PROMPT, model="pico")),
    ]
    with httpx.Client(base_url=server.url, timeout=30) as client:
        answers = [
            client.post(PATH, json=body, headers={"authorization": f"Bearer {key}"})
            for key, body in asked
        ]
        answers.append(client.get("/v1/models", headers={"authorization": f"Basic {KEY}"}))
        wait_until(lambda: sum(row["restarts"] for row in server.health()["engines"]) == 2)
        server.wait_engines()
        answers += [
            client.get(path, headers={"authorization": f"Bearer {KEY}"})
            for path in ("/metrics", "/v1/models", "/openapi.json", "/health", "/docs", "/nowhere")
        ]
        administered = client.post(
            "/admin/engines/none/restart", headers={"authorization": f"Bearer {ADMIN}"}
        )
    return "".join(f"{a.headers}\n{a.text}\n" for a in [*answers, administered])


def hidden(token: str) -> list[str]:
    """What must not be seen, and the forms in which it could be seen all the same."""
    secrets = [ACCESS_KEY, KEY, FILED, ADMIN, WRONG, SECRET, token, token.split(".")[2], PROMPT]
    coded = [base64.b64encode(secret.encode()).decode().rstrip("=") for secret in secrets]
    return secrets + coded


def test_nothing_that_the_server_writes_holds_a_secret(
    spoken: tuple[RunningServer, str, str],
) -> None:
    server, token, answers = spoken
    wait_until(lambda: len(server.log_lines("worker died")) == 2)
    log = server.log.read_text()

    assert "native code prints" in log
    assert answers.count("engine_error") >= 2
    for secret in hidden(token):
        assert secret not in log
        assert secret not in answers


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_no_process_shows_a_secret(spoken: tuple[RunningServer, str, str]) -> None:
    """The server's own environment is the operator's choice; files keep keys out of it."""
    server, token, _ = spoken
    pids = worker_pids(server)
    assert len(pids) == 2

    shown = [Path(f"/proc/{pid}/environ") for pid in pids]
    shown += [
        Path(f"/proc/{pid}/{name}")
        for pid in (server.process.pid, *pids)
        for name in ("cmdline", "comm")
    ]
    for path in shown:
        text = path.read_bytes().decode(errors="replace")
        assert text
        assert [secret for secret in hidden(token) if secret in text] == [], path
