"""Traces as a collector gets them, from a real server by OpenTelemetry's own exporter."""

import socket
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from tests.standin.model_script import Reply
from tests.support.collector import Collector, running_collector, values
from tests.support.models import ACCESS_KEY, slow_script, standin_model
from tests.support.server import RunningServer, running_server, wait_until
from tests.support.wire import chat_body, open_stream

SECRET = "The treasure lies under the third palm"
PARENT = "00f067aa0ba902b7"
AT_ONCE = {"OTEL_BSP_SCHEDULE_DELAY": "20"}


@pytest.fixture(scope="module")
def collector() -> Generator[Collector, None, None]:
    with running_collector() as collector:
        yield collector


@pytest.fixture(scope="module")
def traced(
    collector: Collector, standin_library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[RunningServer, None, None]:
    """One engine, and a line with room for one; lines in JSON."""
    folder = tmp_path_factory.mktemp("traced")
    reply = Reply(match=SECRET, text="Then dig there.")
    config = f'[telemetry]\nendpoint = "{collector.url}"\n[log]\nformat = "json"\n'
    config += standin_model(standin_library, folder, slow_script(replies=[reply]))
    variables = ACCESS_KEY | AT_ONCE | {"OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=test"}
    with running_server(folder, config, environment=variables) as server:
        yield server


@pytest.fixture
def client(traced: RunningServer) -> Generator[httpx.Client, None, None]:
    with httpx.Client(base_url=traced.url, timeout=20) as client:
        yield client


def parent(trace_id: str, *, sampled: bool = True) -> dict[str, str]:
    """The header of a client that traces too."""
    return {"traceparent": f"00-{trace_id}-{PARENT}-0{int(sampled)}"}


def spans_of(collector: Collector, trace_id: str) -> Mapping[str, Span]:
    """A trace's spans by name, once all are there."""
    wait_until(lambda: collector.trace(trace_id))
    return collector.trace(trace_id)


def test_a_streamed_chat_is_a_request_its_wait_and_its_engine(
    traced: RunningServer, collector: Collector, client: httpx.Client
) -> None:
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    body = chat_body(SECRET, model="pico", temperature=0.5, max_tokens=20, seed=7, stream=True)
    headers = parent(trace_id) | {"x-request-id": "streamed"}
    answer = client.post("/v1/chat/completions", json=body, headers=headers)
    assert answer.status_code == 200

    spans = spans_of(collector, trace_id)

    assert set(spans) == {"POST /v1/chat/completions", "line", "chat pico"}
    request, line, engine = spans["POST /v1/chat/completions"], spans["line"], spans["chat pico"]
    assert request.parent_span_id.hex() == PARENT
    assert {line.parent_span_id, engine.parent_span_id} == {request.span_id}
    assert request.kind == Span.SPAN_KIND_SERVER
    moments = [
        request.start_time_unix_nano,
        line.start_time_unix_nano,
        line.end_time_unix_nano,
        engine.start_time_unix_nano,
        engine.events[0].time_unix_nano,
        engine.end_time_unix_nano,
        request.end_time_unix_nano,
    ]
    assert moments == sorted(moments)
    assert [event.name for event in engine.events] == ["first_token"]
    http, gen_ai = values(request.attributes), values(engine.attributes)
    assert http["http.route"] == "/v1/chat/completions"
    assert http["http.response.status_code"] == 200
    assert http["http.response.header.x-request-id"] == ["streamed"]
    assert "error.type" not in http | gen_ai
    assert gen_ai["gen_ai.operation.name"] == "chat"
    assert gen_ai["gen_ai.request.model"] == "pico"
    assert gen_ai["gen_ai.request.max_tokens"] == 20
    assert gen_ai["gen_ai.request.temperature"] == 0.5
    assert gen_ai["gen_ai.request.seed"] == 7
    assert gen_ai["gen_ai.response.finish_reasons"] == ["stop"]
    assert gen_ai["picoserve.engine"] == answer.headers["x-picoserve-engine"]
    assert collector.resource["service.name"] == "picoserve"
    assert collector.resource["deployment.environment"] == "test"


def test_tokens_are_those_of_the_answers_usage(collector: Collector, client: httpx.Client) -> None:
    trace_id = "1af7651916cd43dd8448eb211c80319c"
    body = chat_body("Be brief.", model="pico")
    answer = client.post("/v1/chat/completions", json=body, headers=parent(trace_id)).json()

    gen_ai = values(spans_of(collector, trace_id)["chat pico"].attributes)

    assert gen_ai["gen_ai.usage.input_tokens"] == answer["usage"]["prompt_tokens"]
    assert gen_ai["gen_ai.usage.output_tokens"] == answer["usage"]["completion_tokens"]


def test_a_client_that_hangs_up_leaves_an_aborted_span(
    collector: Collector, client: httpx.Client
) -> None:
    trace_id = "2af7651916cd43dd8448eb211c80319c"
    with open_stream(client, chat_body("Count!", model="pico"), parent(trace_id)) as stream:
        stream.text()

    spans = spans_of(collector, trace_id)

    engine = values(spans["chat pico"].attributes)
    assert engine["gen_ai.response.finish_reasons"] == ["abort"]
    assert values(spans["POST /v1/chat/completions"].attributes)["picoserve.client_gone"] is True
    assert all(span.status.code == Status.STATUS_CODE_UNSET for span in spans.values())


def test_a_refused_request_is_one_span_with_its_error(
    collector: Collector, client: httpx.Client
) -> None:
    trace_id = "3af7651916cd43dd8448eb211c80319c"
    body = chat_body(model="nobody")
    client.post("/v1/chat/completions", json=body, headers=parent(trace_id))

    (span,) = spans_of(collector, trace_id).values()

    assert values(span.attributes)["error.type"] == "model_not_found"
    assert values(span.attributes)["http.response.status_code"] == 404
    assert span.status.code == Status.STATUS_CODE_UNSET


def test_a_request_that_failed_on_its_engine_is_an_error_in_both_spans(
    collector: Collector, client: httpx.Client
) -> None:
    trace_id = "4af7651916cd43dd8448eb211c80319c"
    body = chat_body("word " * 150_000, model="pico")
    refused = client.post("/v1/chat/completions", json=body, headers=parent(trace_id))
    assert refused.status_code == 400

    spans = spans_of(collector, trace_id)

    assert {span.status.code for name, span in spans.items() if "POST" not in name} == {
        Status.STATUS_CODE_UNSET,
        Status.STATUS_CODE_ERROR,
    }
    assert values(spans["chat pico"].attributes)["error.type"] == "context_length_exceeded"


def test_no_span_holds_a_word_of_prompt_or_answer(
    collector: Collector, client: httpx.Client
) -> None:
    trace_id = "aaf7651916cd43dd8448eb211c80319c"
    asked = chat_body(SECRET, model="pico")
    answer = client.post("/v1/chat/completions", json=asked, headers=parent(trace_id))

    assert "dig there" in answer.text
    assert spans_of(collector, trace_id)
    for body in collector.raw:
        assert b"palm" not in body
        assert b"dig there" not in body


def test_the_trace_stands_in_the_log_line_of_its_request(
    traced: RunningServer, client: httpx.Client
) -> None:
    trace_id = "5af7651916cd43dd8448eb211c80319c"
    client.post("/v1/completions", json={"model": "nobody", "prompt": ""}, headers=parent(trace_id))
    client.post("/v1/completions", json={"model": "nobody", "prompt": ""})

    def lines() -> list[dict[str, Any]]:
        entries = traced.log_entries()
        return [entry for entry in entries if entry.get("route") == "/v1/completions"]

    wait_until(lambda: len(lines()) >= 2)
    first, second = lines()[-2:]
    assert first["trace_id"] == trace_id
    assert len(second["trace_id"]) == 32
    assert second["trace_id"] != trace_id


def test_who_only_looks_or_does_not_sample_is_not_traced(
    collector: Collector, client: httpx.Client
) -> None:
    unsampled, looking = "6af7651916cd43dd8448eb211c80319c", "7af7651916cd43dd8448eb211c80319c"
    last = "8af7651916cd43dd8448eb211c80319c"
    brief = chat_body("Be brief.", model="pico")
    client.post("/v1/chat/completions", json=brief, headers=parent(unsampled, sampled=False))
    client.get("/health", headers=parent(looking))
    client.post("/v1/chat/completions", json=brief, headers=parent(last))

    assert spans_of(collector, last)
    assert not {unsampled, looking} & {span.trace_id.hex() for span in collector.spans}


@pytest.mark.parametrize("header", ["", "nonsense", "00-" + "0" * 32 + "-" + PARENT + "-01", "é"])
def test_a_header_that_says_nothing_begins_a_trace(client: httpx.Client, header: str) -> None:
    body = chat_body("Be brief.", model="pico")
    headers = {b"traceparent": header.encode("latin-1"), b"tracestate": header.encode("latin-1")}

    assert client.post("/v1/chat/completions", json=body, headers=headers).status_code == 200


def test_what_is_left_is_sent_at_the_end(standin_library: Path, tmp_path: Path) -> None:
    trace_id = "9af7651916cd43dd8448eb211c80319c"
    config = standin_model(standin_library, tmp_path, slow_script())
    with running_collector() as collector:
        variables = ACCESS_KEY | {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        variables |= {"OTEL_BSP_SCHEDULE_DELAY": "600000", "OTEL_SERVICE_NAME": "voice"}
        with running_server(tmp_path, config, environment=variables) as server:
            brief = chat_body("Be brief.", model="pico")
            server.post("/v1/chat/completions", brief, parent(trace_id))
            assert server.stop() == 0

        assert collector.trace(trace_id)
        assert collector.resource["service.name"] == "voice"


def test_a_collector_that_never_answers_delays_neither_requests_nor_the_end(
    standin_library: Path, tmp_path: Path
) -> None:
    config = standin_model(standin_library, tmp_path, slow_script())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        variables = ACCESS_KEY | AT_ONCE | {"OTEL_EXPORTER_OTLP_ENDPOINT": url}
        variables |= {"OTEL_EXPORTER_OTLP_TIMEOUT": "600", "OTEL_BSP_MAX_QUEUE_SIZE": "4"}
        variables |= {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "2"}
        with running_server(tmp_path, config, environment=variables) as server:
            with httpx.Client(base_url=server.base_url, timeout=20) as client:
                brief = chat_body("Be brief.", model="pico")
                answers = [client.post("chat/completions", json=brief) for _ in range(12)]

            assert {answer.status_code for answer in answers} == {200}
            assert server.stop() == 0

    assert "could not be sent in time" in server.log.read_text()
    assert "Traceback" not in server.log.read_text()
