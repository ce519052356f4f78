"""Requests that find every engine busy: the line, comments, classes, and who leaves it."""

import asyncio
import contextlib
import random
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from tests.support.models import ACCESS_KEY, slow_script, standin_model
from tests.support.processes import wait_idle
from tests.support.server import RunningServer, running_server, wait_until
from tests.support.wire import (
    chat_body,
    chat_text,
    completion_body,
    error_of,
    open_stream,
    read_chunks,
    unread,
)

PATH = "/v1/chat/completions"
LONG = chat_body("Count!", model="pico")
BRIEF = chat_body("Be brief.", model="pico")


@pytest.fixture(scope="module")
def slow(
    standin_library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[RunningServer, None, None]:
    """One engine that counts for minutes, and room for two in its line."""
    folder = tmp_path_factory.mktemp("slow")
    config = """
[server]
commit_seconds = 0.2
ping_seconds = 0.2
[pool]
max_waiting = 2
max_waiting_tokens = 500
"""
    config += standin_model(standin_library, folder, slow_script())
    with running_server(folder, config, environment=ACCESS_KEY) as server:
        yield server
    log = server.log.read_text()
    assert "Traceback" not in log
    assert "never retrieved" not in log


@pytest.fixture
def client(slow: RunningServer) -> Generator[httpx.Client, None, None]:
    wait_idle(slow)
    with httpx.Client(base_url=slow.url, timeout=20) as client:
        yield client
    wait_idle(slow)


@pytest.fixture
def threads() -> Generator[ThreadPoolExecutor, None, None]:
    with ThreadPoolExecutor(8) as executor:
        yield executor


def posted(
    threads: ThreadPoolExecutor, client: httpx.Client, **changes: object
) -> "Future[httpx.Response]":
    headers = {"x-livekit-inference-priority": str(changes.pop("priority", "standard"))}
    return threads.submit(client.post, PATH, json=BRIEF | changes, headers=headers)


def test_stream_in_line_gets_comments_and_then_its_answer(
    slow: RunningServer, client: httpx.Client, threads: ThreadPoolExecutor
) -> None:
    with open_stream(client, LONG) as busy:
        busy.text()
        waiting = posted(threads, client, stream=True)
        wait_until(lambda: slow.waiting() == 1)
        with open_stream(client, BRIEF) as second:
            lines = second.lines
            assert next(lines) == ": "
            assert next(lines) == ""
            assert next(lines) == ": "
            assert slow.waiting() == 2

    raw = waiting.result(20).content
    assert raw.startswith(b": \n\n")
    assert chat_text(read_chunks(raw)) == "Yes."


def test_short_read_timeout_of_the_client_makes_comments_more_frequent(
    standin_library: Path, tmp_path: Path
) -> None:
    # At the configured pace nothing at all would come.
    config = "[server]\ncommit_seconds = 600\nping_seconds = 600\n"
    config += standin_model(standin_library, tmp_path, slow_script())
    with (
        running_server(tmp_path, config, environment=ACCESS_KEY) as server,
        httpx.Client(base_url=server.url, timeout=20) as client,
        open_stream(client, LONG) as busy,
    ):
        busy.text()
        with open_stream(client, BRIEF, {"x-stainless-read-timeout": "0.3"}) as response:
            comments = [next(response.lines) for _ in range(6)]

    assert comments == [": ", ""] * 3


def test_json_request_in_line_is_answered_too(
    slow: RunningServer, client: httpx.Client, threads: ThreadPoolExecutor
) -> None:
    with open_stream(client, LONG) as busy:
        busy.text()
        waiting = posted(threads, client)
        wait_until(lambda: slow.waiting() == 1)

    assert waiting.result(20).json()["choices"][0]["message"]["content"] == "Yes."


def test_full_line_is_a_503_with_retry_after(
    slow: RunningServer, client: httpx.Client, threads: ThreadPoolExecutor
) -> None:
    with open_stream(client, LONG) as busy:
        busy.text()
        waiting = [posted(threads, client), posted(threads, client)]
        wait_until(lambda: slow.waiting() == 2)

        refused = [client.post(PATH, json=BRIEF), client.post(PATH, json=BRIEF | {"stream": True})]

    for response in refused:
        assert response.status_code == 503
        assert 1 <= int(response.headers["retry-after"]) <= 120
        error = error_of(response)
        assert error["type"] == "service_unavailable_error"
        assert error["code"] == "server_is_overloaded"
    assert [future.result(20).status_code for future in waiting] == [200, 200]


def test_line_is_bounded_by_the_tokens_of_the_waiting_prompts_too(
    slow: RunningServer, client: httpx.Client, threads: ThreadPoolExecutor
) -> None:
    long_prompt = chat_body("Be brief. " + "word " * 380, model="pico")
    with open_stream(client, LONG) as busy:
        busy.text()
        waiting = [threads.submit(client.post, PATH, json=long_prompt)]
        wait_until(lambda: slow.waiting() == 1)

        refused = client.post(PATH, json=long_prompt)
        waiting.append(posted(threads, client))
        wait_until(lambda: slow.waiting() == 2)

    assert (refused.status_code, error_of(refused)["code"]) == (503, "server_is_overloaded")
    assert 1 <= int(refused.headers["retry-after"]) <= 120
    assert [future.result(20).status_code for future in waiting] == [200, 200]
    rejected = 'requests_rejected_total{code="server_is_overloaded",limit="max_waiting_tokens"}'
    wait_until(lambda: rejected in client.get("/metrics").text)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("path", "field", "body"),
    [
        (PATH, "n", BRIEF | {"n": 4}),
        (PATH, "n", chat_body("word " * 401, model="pico", n=3)),
        ("/v1/completions", "n", completion_body("brief", model="pico", n=4)),
        ("/v1/completions", "prompt", completion_body(["a", "b", "c", "d"], model="pico")),
    ],
)
def test_request_for_more_answers_than_ever_fit_is_told_so(
    client: httpx.Client, path: str, field: str, body: dict[str, object], stream: bool
) -> None:
    response = client.post(path, json=body | {"stream": stream})

    error = error_of(response)
    assert (response.status_code, error["param"], error["code"]) == (
        400,
        field,
        "unsupported_value",
    )


def test_client_says_how_long_it_waits_in_line(slow: RunningServer, client: httpx.Client) -> None:
    with open_stream(client, LONG) as busy:
        busy.text()
        at_once = client.post(PATH, json=BRIEF, headers={"x-picoserve-max-wait": "0.05"})
        with open_stream(client, BRIEF, {"x-picoserve-max-wait": "3.5"}) as waiting:
            assert next(waiting.lines) == ": "
            (event,) = waiting.events()
        assert slow.load() == (1, 0)

    assert at_once.status_code == 503
    for error, seconds in ((error_of(at_once), "0.05"), (event["error"], "3.5")):
        assert error["code"] == "server_is_overloaded"
        assert f"busy for {seconds} s" in error["message"]


@pytest.mark.parametrize("seconds", ["", "soon", "0", "-1", "nan", "inf"])
@pytest.mark.parametrize(
    ("path", "body"),
    [(PATH, BRIEF), ("/v1/completions", completion_body("brief", model="pico"))],
)
def test_wait_that_is_no_time_is_refused(
    client: httpx.Client, path: str, body: dict[str, object], seconds: str
) -> None:
    response = client.post(path, json=body, headers={"x-picoserve-max-wait": seconds})

    error = error_of(response)
    assert (response.status_code, error["param"]) == (400, "x-picoserve-max-wait")


def test_urgent_newcomer_takes_the_place_of_the_youngest_least_urgent(
    slow: RunningServer, client: httpx.Client, threads: ThreadPoolExecutor
) -> None:
    with open_stream(client, LONG) as busy:
        busy.text()
        older = posted(threads, client, priority="low")
        wait_until(lambda: slow.waiting() == 1)
        younger = posted(threads, client, priority="low")
        wait_until(lambda: slow.waiting() == 2)

        urgent = posted(threads, client, priority="priority")
        assert younger.result(20).status_code == 503
        assert slow.waiting() == 2

    assert [older.result(20).status_code, urgent.result(20).status_code] == [200, 200]


def test_stream_that_lost_its_place_after_the_200_is_told_in_band(
    slow: RunningServer, client: httpx.Client, threads: ThreadPoolExecutor
) -> None:
    with open_stream(client, LONG) as busy:
        busy.text()
        with open_stream(client, BRIEF, {"x-livekit-inference-priority": "low"}) as low:
            assert next(low.lines) == ": "
            urgent = [posted(threads, client, priority="priority") for _ in range(2)]
            (event,) = low.events()

    assert event["error"]["code"] == "server_is_overloaded"
    assert {future.result(20).status_code for future in urgent} == {200}


@pytest.mark.parametrize(
    ("urgent", "relaxed"),
    [
        ({"service_tier": "priority"}, {"service_tier": "auto"}),
        ({"service_tier": "default"}, {"service_tier": "flex"}),
        ({"priority": -1}, {"priority": 0}),
        ({"priority": 0}, {"priority": 1}),
    ],
)
def test_urgent_request_overtakes(
    slow: RunningServer,
    client: httpx.Client,
    threads: ThreadPoolExecutor,
    urgent: dict[str, object],
    relaxed: dict[str, object],
) -> None:
    with contextlib.ExitStack() as stack:
        with open_stream(client, LONG) as busy:
            busy.text()
            last = threads.submit(client.post, PATH, json=BRIEF | relaxed)
            wait_until(lambda: slow.waiting() == 1)
            overtaker = stack.enter_context(open_stream(client, LONG | urgent))
            assert slow.waiting() == 2

        overtaker.text()
        assert slow.waiting() == 1
        assert not last.done()
    assert last.result(20).status_code == 200


@pytest.mark.parametrize("stream", [True, False])
def test_client_that_leaves_the_line_gives_up_its_place(
    slow: RunningServer, client: httpx.Client, stream: bool
) -> None:
    with open_stream(client, LONG) as busy:
        busy.text()
        with unread(slow, LONG | {"stream": stream}):
            wait_until(lambda: slow.waiting() == 1)
        wait_until(lambda: slow.load() == (1, 0))


def test_client_that_leaves_the_line_after_the_200_gives_up_its_place(
    slow: RunningServer, client: httpx.Client
) -> None:
    with open_stream(client, LONG) as busy:
        busy.text()
        with open_stream(client, LONG) as waiting:
            assert next(waiting.lines) == ": "
            assert slow.waiting() == 1
        wait_until(lambda: slow.waiting() == 0)


def test_client_that_leaves_a_stream_frees_the_engine(
    slow: RunningServer, client: httpx.Client
) -> None:
    with open_stream(client, LONG) as response:
        response.text()
        assert slow.busy() == 1
    wait_until(lambda: slow.busy() == 0)

    assert client.post(PATH, json=BRIEF).status_code == 200


def test_client_that_leaves_its_json_answer_frees_the_engine(
    slow: RunningServer, client: httpx.Client
) -> None:
    with unread(slow, LONG):
        wait_until(lambda: slow.busy() == 1)
    wait_until(lambda: slow.busy() == 0)

    assert client.post(PATH, json=BRIEF).status_code == 200


def test_client_that_leaves_several_choices_frees_them_all(
    slow: RunningServer, client: httpx.Client
) -> None:
    with open_stream(client, LONG | {"n": 3}) as response:
        response.text()
        assert slow.load() == (1, 2)
    wait_until(lambda: slow.load() == (0, 0))


def test_ten_aborted_requests_and_one_that_stays_are_one_answer(
    client: httpx.Client,
) -> None:
    for _ in range(10):
        # Each leaves as soon as it is answered, in line or on the engine.
        with open_stream(client, LONG) as response:
            assert response.response.status_code == 200

    assert client.post(PATH, json=BRIEF).json()["choices"][0]["message"]["content"] == "Yes."


def test_stop_phrase_that_only_the_server_sees_frees_the_engine(
    slow: RunningServer, client: httpx.Client
) -> None:
    answer = client.post(PATH, json=LONG | {"stop": ["4"]}).json()

    assert answer["choices"][0]["finish_reason"] == "stop"
    assert "4" not in answer["choices"][0]["message"]["content"]
    wait_until(lambda: slow.busy() == 0)


async def test_clients_that_leave_at_any_moment_leave_nothing_behind(slow: RunningServer) -> None:
    """Around the moment the 200 is committed above all."""
    chance = random.Random(1)  # noqa: S311  # dice, not secrets
    plans = [
        (chance.random() * 1.5, chance.uniform(0.01, 0.4), chance.randrange(3)) for _ in range(60)
    ]

    async def come_and_go(client: httpx.AsyncClient, start: float, stay: float, kind: int) -> None:
        await asyncio.sleep(start)
        body = LONG | {"stream": kind != 0, "n": max(1, kind)}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(stay):
                await client.post(PATH, json=body)

    async with httpx.AsyncClient(base_url=slow.url, timeout=20) as client:
        await asyncio.gather(*(come_and_go(client, *plan) for plan in plans))

    await asyncio.to_thread(wait_idle, slow)
