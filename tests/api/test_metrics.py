"""What a scraper reads from a real server, and that the numbers add up."""

import json
import os
import re
import signal
from collections.abc import Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from tests.support.models import ACCESS_KEY, MODEL, slow_script, standin_model, tiny_model
from tests.support.processes import frozen_workers
from tests.support.server import RunningServer, running_server, wait_until
from tests.support.wire import chat_body, open_stream

from picoserve.pool.pool import Pool
from picoserve.server.metrics import Metrics
from picoserve.server.pool_metrics import PoolCollector
from picoserve.server.routes.health import HEALTH_PATHS
from picoserve.server.routes.page import PAGE_PATHS

DASHBOARD = Path(__file__).parents[2] / "deploy/grafana/picoserve.json"
CHAT = "/v1/chat/completions"
SCRAPE = {"authorization": "Bearer scraper"}


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningServer, None, None]:
    """A server whose metrics have a key of their own."""
    config = '[auth]\nmetrics_keys = ["scraper"]\n' + tiny_model()
    with running_server(tmp_path_factory.mktemp("watched"), config) as server:
        yield server


@pytest.fixture(scope="module")
def busy(
    standin_library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[RunningServer, None, None]:
    """One slow engine and no room in the line."""
    folder = tmp_path_factory.mktemp("busy")
    config = "[pool]\nmax_waiting = 0\n" + standin_model(standin_library, folder, slow_script())
    with running_server(folder, config, environment=ACCESS_KEY) as server:
        yield server


def scrape(server: RunningServer, **labels: str) -> Mapping[str, float]:
    """Samples with these labels, added up by name."""
    answer = server.get("/metrics", SCRAPE)
    assert answer.status_code == 200
    samples: dict[str, float] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            if labels.items() <= sample.labels.items():
                samples[sample.name] = samples.get(sample.name, 0) + sample.value
    return samples


def test_what_has_not_happened_yet_is_shown_as_nought(
    standin_library: Path, tmp_path: Path
) -> None:
    config = standin_model(standin_library, tmp_path, slow_script())
    with running_server(tmp_path, config, environment=ACCESS_KEY) as server:
        families = {
            family.name: family
            for family in text_string_to_metric_families(server.get("/metrics").text)
        }
        refused = scrape(server, code="server_is_overloaded", limit="max_waiting")

    bare = [name for name, family in families.items() if not family.samples]
    assert bare == ["picoserve_engine_tokens_per_second"], "nothing was fast or slow yet"
    [moved] = families["picoserve_jobs_moved"].samples
    assert (moved.labels, moved.value) == ({"model_name": "pico"}, 0)
    assert refused["picoserve_requests_rejected_total"] == 0


def test_requests_under_way_show_among_the_tasks_of_the_event_loop(watched: RunningServer) -> None:
    def tasks() -> float:
        return scrape(watched)["picoserve_asyncio_tasks"]

    body, before = chat_body(max_tokens=1), tasks()
    with ThreadPoolExecutor() as threads, frozen_workers(watched):
        for _ in range(4):
            threads.submit(watched.post, CHAT, body)
        wait_until(lambda: tasks() >= before + 4)
    wait_until(lambda: tasks() < before + 4)


def test_tokens_and_requests_add_up(watched: RunningServer) -> None:
    before = scrape(watched, model_name=MODEL)
    bodies = [chat_body("Hello!", max_tokens=count) for count in (1, 3, 8)]

    usages = [watched.post(CHAT, body).json()["usage"] for body in bodies]

    wait_until(
        lambda: (
            scrape(watched, model_name=MODEL).get("picoserve_requests_total", 0)
            == before.get("picoserve_requests_total", 0) + 3
        )
    )
    after = scrape(watched, model_name=MODEL)

    def grown(name: str) -> float:
        return after[f"picoserve_{name}"] - before.get(f"picoserve_{name}", 0)

    prompt = sum(usage["prompt_tokens"] for usage in usages)
    written = sum(usage["completion_tokens"] for usage in usages)
    cached = sum(usage["prompt_tokens_details"]["cached_tokens"] for usage in usages)
    assert (grown("prompt_tokens_total"), grown("generation_tokens_total")) == (prompt, written)
    assert grown("prompt_tokens_cached_total") == cached
    assert grown("request_generation_tokens_sum") == written
    parts = ("request_queue_time", "request_prefill_time", "request_decode_time")
    for name in ("time_to_first_token", "e2e_request_latency", *parts):
        assert grown(f"{name}_seconds_count") == 3
    whole = grown("e2e_request_latency_seconds_sum")
    assert whole >= sum(grown(f"{name}_seconds_sum") for name in parts)
    assert grown("e2e_request_latency_seconds_sum") >= grown("time_to_first_token_seconds_sum") > 0


def test_endings_are_counted_by_route_status_and_reason(watched: RunningServer) -> None:
    watched.post(CHAT, chat_body(max_tokens=1))
    watched.post(CHAT, chat_body(model="nobody"))
    watched.get("/no/such/place")

    refused = {"status": "404", "finished_reason": "error", "model_name": ""}
    wait_until(lambda: scrape(watched, route=CHAT, status="200", finished_reason="length"))
    wait_until(lambda: scrape(watched, route=CHAT, **refused))
    wait_until(lambda: scrape(watched, route="other", status="404"))


def test_engines_are_shown_with_their_state(watched: RunningServer) -> None:
    (engine,) = watched.health()["engines"]

    samples = scrape(watched, engine=engine["name"], state="ready")
    assert samples["picoserve_engine_state"] == 1
    assert scrape(watched, engine=engine["name"], state="failed")["picoserve_engine_state"] == 0
    assert scrape(watched, engine=engine["name"])["picoserve_engine_restarts_total"] == 0
    assert scrape(watched)["picoserve_num_requests_waiting"] == 0
    assert scrape(watched)["picoserve_build_info"] == 1


def test_metrics_want_their_own_key_where_there_is_one(watched: RunningServer) -> None:
    assert watched.get("/metrics").status_code == 401
    wrong = watched.get("/metrics", {"authorization": "Bearer wrong"})
    assert wrong.status_code == 401


def test_a_scraper_may_ask_for_openmetrics(http: httpx.Client) -> None:
    answer = http.get("/metrics", headers={"accept": "application/openmetrics-text"})

    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_a_client_that_leaves_and_one_that_finds_no_room_are_counted(busy: RunningServer) -> None:
    body = chat_body("Count", model="pico")
    with httpx.Client(base_url=busy.url, timeout=20) as client, open_stream(client, body) as stream:
        stream.text()
        assert scrape(busy, model_name="pico")["picoserve_num_requests_running"] == 1
        refused = busy.post(CHAT, body)
        assert refused.status_code == 503

    wait_until(lambda: scrape(busy)["picoserve_requests_cancelled_total"])
    refusals = {"code": "server_is_overloaded"}
    wait_until(lambda: scrape(busy, **refusals)["picoserve_requests_rejected_total"])
    wait_until(lambda: busy.busy() == 0)
    samples = scrape(busy)
    assert samples["picoserve_requests_cancelled_total"] == 1
    assert scrape(busy, code="server_is_overloaded")["picoserve_requests_rejected_total"] == 1
    assert samples["picoserve_engine_interrupt_seconds_count"] == 1
    # After ten the engine would have been taken for deaf.
    assert 0 < samples["picoserve_engine_interrupt_seconds_sum"] < 10


def test_a_job_whose_engine_dies_is_counted_as_moved(busy: RunningServer) -> None:
    body = chat_body("brief", model="pico")
    with ThreadPoolExecutor(1) as threads, frozen_workers(busy) as (pid,):
        answer = threads.submit(busy.post, CHAT, body)
        wait_until(lambda: busy.busy() == 1)
        os.kill(pid, signal.SIGKILL)
        assert answer.result().status_code == 200

    wait_until(lambda: scrape(busy)["picoserve_jobs_moved_total"])
    samples = scrape(busy)
    assert samples["picoserve_jobs_moved_total"] == 1
    assert samples["picoserve_engine_restarts_total"] == 1


def test_calls_for_structured_replies_are_counted(watched: RunningServer) -> None:
    schema = {"name": "yes", "schema": {"type": "object", "properties": {"ok": {"const": True}}}}
    body = chat_body(response_format={"type": "json_schema", "json_schema": schema})

    answer = watched.post(CHAT, body)

    assert answer.status_code == 200
    wait_until(lambda: scrape(watched).get("picoserve_structured_output_calls_total"))
    samples = scrape(watched)
    for name in ("repairs", "forced_bytes", "closes", "misses"):
        assert samples[f"picoserve_structured_output_{name}_total"] >= 0


def test_the_dashboard_shows_what_was_refused_before_its_model_was_known() -> None:
    board = json.loads(DASHBOARD.read_text())
    (variable,) = [one for one in board["templating"]["list"] if one["name"] == "model"]
    (requests,) = [
        one for one in board["panels"] if "How requests ended" in one.get("description", "")
    ]
    (hidden,) = re.findall(r'route!~"(.*?)"', requests["targets"][0]["expr"])

    assert re.fullmatch(variable["allValue"], "")
    for path in (*HEALTH_PATHS, *PAGE_PATHS, "/metrics"):
        assert re.fullmatch(hidden, path)
    for path in ("/v1/chat/completions", "/v1/models", "/tokenize", "other"):
        assert not re.fullmatch(hidden, path)


def test_the_dashboard_asks_only_for_metrics_that_exist() -> None:
    dashboard = DASHBOARD.read_text()
    registry = CollectorRegistry()
    Metrics(registry)
    registry.register(PoolCollector(Pool({})))
    families = text_string_to_metric_families(generate_latest(registry).decode())
    shown = {family.name for family in families}

    asked = set(re.findall(r"\b(picoserve_\w+?)(?:_total|_bucket)?\b", dashboard))

    assert len(asked) > 15
    assert asked <= shown
