"""What one key, or one address, may ask for: at a time and in a minute."""

import re
import time
from collections.abc import Generator
from pathlib import Path

import httpx
import openai
import pytest
from tests.standin.model_script import ModelScript
from tests.support.models import ACCESS_KEY, slow_script, standin_model
from tests.support.server import RunningServer, running_server, wait_until
from tests.support.wire import chat_body, error_of, open_stream, read_chunks

PATH = "/v1/chat/completions"
BRIEF = chat_body("Be brief.", model="pico")
LONG = chat_body("Count!", model="pico")
NAMES = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi")
CONFIG = """
[limits]
requests_per_minute = 3
[[limits.keys]]
name = "alice"
requests_per_minute = 0
tokens_per_minute = 600
[[limits.keys]]
name = "bob"
requests_per_minute = 0
concurrent_requests = 1
[[limits.keys]]
name = "dave"
requests_per_minute = 0
tokens_per_minute = 6000
[[limits.keys]]
name = "erin"
requests_per_minute = 0
tokens_per_minute = 600
[[limits.keys]]
name = "heidi"
tokens_per_minute = 600
[[limits.keys]]
name = "nobody"
tokens_per_minute = 1
"""
DURATION = re.compile(r"\d+ms|(\d+h)?(\d+m)?[\d.]+s")


@pytest.fixture(scope="module")
def limited(
    standin_library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[RunningServer, None, None]:
    folder = tmp_path_factory.mktemp("limited")
    (folder / "keys.txt").write_text("".join(f"sk-{name}-0001 # {name}\n" for name in NAMES))
    config = CONFIG + '[auth]\nkey_file = "keys.txt"\nadmin_keys = ["sk-admin"]\n'
    config += standin_model(standin_library, folder, slow_script(), engines=2)
    with running_server(folder, config, environment=ACCESS_KEY) as server:
        server.wait_engines()
        yield server
    log = server.log.read_text()
    assert "Traceback" not in log
    assert not any(f"sk-{name}" in log for name in NAMES)


def client_of(server: RunningServer, name: str) -> httpx.Client:
    headers = {"authorization": f"Bearer sk-{name}-0001"}
    return httpx.Client(base_url=server.url, headers=headers, timeout=20)


def left(response: httpx.Response, kind: str = "tokens") -> int:
    return int(response.headers[f"x-ratelimit-remaining-{kind}"])


@pytest.mark.parametrize(("name", "stream"), [("carol", False), ("frank", True)])
def test_requests_in_a_minute_are_counted_and_one_too_many_is_a_429(
    limited: RunningServer, name: str, stream: bool
) -> None:
    with client_of(limited, name) as client:
        answers = [client.post(PATH, json=BRIEF | {"stream": stream}) for _ in range(4)]
        looks = [client.get("/v1/models") for _ in range(4)]

    *served, refused = answers
    assert [answer.status_code for answer in served] == [200] * 3
    assert [left(answer, "requests") for answer in answers] == [2, 1, 0, 0]
    for answer in answers:
        assert answer.headers["x-ratelimit-limit-requests"] == "3"
        assert DURATION.fullmatch(answer.headers["x-ratelimit-reset-requests"])
        assert "x-ratelimit-limit-tokens" not in answer.headers
    error = error_of(refused)
    assert refused.status_code == 429
    assert (error["type"], error["code"]) == ("rate_limit_error", "rate_limit_exceeded")
    assert "requests per min (RPM): Limit 3" in error["message"]
    milliseconds = int(refused.headers["retry-after-ms"])
    assert 0 < milliseconds <= 20_000
    assert int(refused.headers["retry-after"]) == -(-milliseconds // 1000)
    assert [look.status_code for look in looks] == [200] * 4
    assert "x-ratelimit-limit-requests" not in looks[0].headers


def test_refused_requests_are_counted_and_logged_with_the_limit(limited: RunningServer) -> None:
    before = refusals(limited, "requests_per_minute")
    with client_of(limited, "grace") as client:
        statuses = [client.post("/tokenize", json={}).status_code for _ in range(4)]

    assert statuses == [400, 400, 400, 429]
    wait_until(lambda: refusals(limited, "requests_per_minute") > before)


def refusals(server: RunningServer, limit: str) -> float:
    """How many requests this limit has refused."""
    sample = rf'picoserve_requests_rejected_total{{[^}}]*limit="{limit}"}} (\S+)'
    with client_of(server, "grace") as client:
        return sum(map(float, re.findall(sample, client.get("/metrics").text)))


def test_answer_costs_the_tokens_of_its_usage(limited: RunningServer) -> None:
    body = chat_body("Be brief. " + "word " * 200, model="pico", max_tokens=300)
    with client_of(limited, "erin") as client:
        began = time.monotonic()
        answer = client.post(PATH, json=body)
        streamed = client.post(PATH, json=BRIEF | {"stream": True, "max_tokens": 300})
        after = client.post(PATH, json=BRIEF)
        refilled = (time.monotonic() - began) * 600 / 60

    usage = answer.json()["usage"]["total_tokens"]
    assert usage > 200
    assert answer.headers["x-ratelimit-limit-tokens"] == "600"
    assert DURATION.fullmatch(answer.headers["x-ratelimit-reset-tokens"])
    assert 600 - usage <= left(answer) <= 600 - usage + refilled
    assert left(streamed) <= 600 - usage + refilled
    assert read_chunks(streamed.content)
    assert 600 - usage - 50 <= left(after)


def test_client_that_leaves_pays_for_what_it_got(limited: RunningServer) -> None:
    with client_of(limited, "heidi") as client:
        with open_stream(client, LONG | {"max_tokens": 550}) as stream:
            stream.text()
            before = left(stream.response)
            request_id = stream.response.headers["x-request-id"]
        # What it has cost is booked before its line is written.
        wait_until(lambda: limited.log_lines(request_id))
        after = left(client.post(PATH, json=BRIEF))

    assert before < 100
    assert after > 500


def test_prompt_that_no_minute_has_room_for_is_not_worth_a_retry(limited: RunningServer) -> None:
    long = chat_body("word " * 1000, model="pico")
    before = refusals(limited, "tokens_per_minute")
    with client_of(limited, "alice") as client:
        refused = client.post(PATH, json=long)

    assert refused.status_code == 429
    assert "Request too large" in error_of(refused)["message"]
    assert refused.headers["x-should-retry"] == "false"
    assert "retry-after" not in refused.headers
    wait_until(lambda: refusals(limited, "tokens_per_minute") == before + 1)
    with (
        openai.OpenAI(base_url=limited.base_url, api_key="sk-alice-0001", max_retries=5) as stock,
        pytest.raises(openai.RateLimitError, match="Request too large"),
    ):
        stock.post("/chat/completions", body=long, cast_to=object)
    wait_until(lambda: refusals(limited, "tokens_per_minute") >= before + 2)
    assert refusals(limited, "tokens_per_minute") == before + 2


def test_stock_client_waits_as_long_as_it_is_told_and_is_served(limited: RunningServer) -> None:
    with (
        client_of(limited, "dave") as client,
        open_stream(client, LONG | {"max_tokens": 3000}) as running,
        openai.OpenAI(base_url=limited.base_url, api_key="sk-dave-0001", max_retries=1) as stock,
    ):
        running.text()
        room = left(client.post(PATH, json=BRIEF))
        began = time.monotonic()
        answer = stock.chat.completions.with_raw_response.create(
            model="pico",
            messages=[{"role": "user", "content": "Be brief."}],
            max_tokens=room + 400,
            stream=True,
        )
        seconds = time.monotonic() - began

    # A hundred tokens come back in a second; a client that is not told waits for half of one.
    assert (answer.retries_taken, answer.status_code) == (1, 200)
    assert 0.6 < seconds < 30


def test_only_so_many_requests_run_at_a_time(limited: RunningServer) -> None:
    with client_of(limited, "bob") as client:
        with open_stream(client, LONG) as running:
            running.text()
            refused = client.post(PATH, json=BRIEF)
        wait_until(lambda: client.post(PATH, json=BRIEF).status_code == 200)

    assert (refused.status_code, error_of(refused)["code"]) == (429, "rate_limit_exceeded")
    assert refused.headers["retry-after"] == "1"
    assert "concurrent requests: Limit 1" in error_of(refused)["message"]


def test_admins_requests_are_not_limited(limited: RunningServer) -> None:
    headers = {"authorization": "Bearer sk-admin"}

    answers = [limited.post("/admin/engines/none/restart", {}, headers) for _ in range(5)]

    assert {answer.status_code for answer in answers} == {404}


def test_limits_for_a_key_that_nobody_has_are_told(limited: RunningServer) -> None:
    (line,) = limited.log_lines("nobody has")

    assert "nobody" in line


def test_without_keys_each_address_has_its_limits(standin_library: Path, tmp_path: Path) -> None:
    script = ModelScript(model="embeddinggemma-300m [1.37 v1]", generate=False, embeddings=4)
    config = """
[limits]
tokens_per_minute = 100
[[limits.keys]]
name = "192.0.2.9"
tokens_per_minute = 5000
"""
    config += standin_model(standin_library, tmp_path, script)
    body = {"model": "pico", "input": "word " * 60}

    def ask(address: str) -> httpx.Response:
        # A proxy on this machine is believed.
        headers = {"x-forwarded-for": address}
        return server.post("/v1/embeddings", body, headers)

    with running_server(tmp_path, config, environment=ACCESS_KEY) as server:
        began = time.monotonic()
        answers = [ask(a) for a in ("192.0.2.7", "192.0.2.7", "192.0.2.8", "192.0.2.9")]
        refilled = (time.monotonic() - began) * 100 / 60

    assert [answer.status_code for answer in answers] == [200, 429, 200, 200]
    assert [answer.headers["x-ratelimit-limit-tokens"] for answer in answers] == [
        "100",
        "100",
        "100",
        "5000",
    ]
    used = answers[0].json()["usage"]["total_tokens"]
    assert 100 - used <= left(answers[0]) <= 100 - used + refilled
