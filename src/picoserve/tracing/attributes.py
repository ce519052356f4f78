"""What spans say, under the names of OpenTelemetry's conventions for HTTP and for GenAI.

See https://opentelemetry.io/docs/specs/semconv/ (http/http-spans, gen-ai/gen-ai-spans); names of
our own begin with `picoserve.`. Never a word of a prompt or of an answer.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from picoserve.generation import Job, Usage
from picoserve.pipeline.record import GenerationRecord
from picoserve.server.request_facts import RequestFacts

Attributes = dict[str, str | int | float | bool | Sequence[str]]

_OPERATIONS: Final[Mapping[str, str]] = {
    "/v1/chat/completions": "chat",
    "/v1/completions": "text_completion",
    "/v1/embeddings": "embeddings",
}
_MAX_CHARACTERS: Final = 256


def arrival_attributes(scope: Mapping[str, Any], headers: Mapping[str, str]) -> Attributes:
    """What is known of a request when it comes."""
    server, client = scope.get("server") or ("", None), scope.get("client") or ("", None)
    return _known(
        {
            "http.request.method": scope["method"],
            "url.scheme": scope["scheme"],
            "url.path": scope["path"][:_MAX_CHARACTERS],
            "network.protocol.version": scope["http_version"],
            "server.address": server[0],
            "server.port": server[1],
            "client.address": client[0],
            "user_agent.original": headers.get("user-agent", "")[:_MAX_CHARACTERS],
        }
    )


def request_attributes(facts: RequestFacts, route: str) -> Attributes:
    """What is known of a request when it is over."""
    status = facts.status
    return _known(
        {
            "http.route": route,
            "http.response.status_code": status if status == facts.shown_status else None,
            "http.response.header.x-request-id": [facts.id],
            "error.type": facts.failure,
            "picoserve.limit": facts.limit,
            "picoserve.key_name": facts.key_name,
            "picoserve.client_gone": facts.client_gone or None,
        }
    )


def engine_attributes(record: GenerationRecord, facts: RequestFacts, route: str) -> Attributes:
    """What is known of one generation when it is over."""
    first = None if record.first_piece is None else record.first_piece - facts.began
    return _known(
        {
            "gen_ai.operation.name": operation(route),
            "gen_ai.provider.name": "picoserve",
            "gen_ai.request.model": record.model,
            "gen_ai.response.model": record.model,
            "gen_ai.response.finish_reasons": [_finish(record)],
            "gen_ai.response.time_to_first_chunk": first,
            "error.type": record.error,
            "picoserve.engine": record.engine,
            "picoserve.engine.calls": record.calls,
            "picoserve.moved": record.moved or None,
            **({} if record.job.embed else _sampling(record.job)),
            **_usage(record.usage),
        }
    )


def _sampling(job: Job) -> Mapping[str, float | None]:
    sampling = job.sampling
    return {
        "gen_ai.request.max_tokens": job.max_tokens,
        "gen_ai.request.temperature": sampling.temperature,
        "gen_ai.request.top_p": sampling.top_p,
        "gen_ai.request.presence_penalty": sampling.presence_penalty or None,
        "gen_ai.request.frequency_penalty": sampling.frequency_penalty or None,
        "gen_ai.request.seed": sampling.seed,
    }


def _usage(usage: Usage | None) -> Mapping[str, int | None]:
    if usage is None:
        return {}
    return {
        "gen_ai.usage.input_tokens": usage.prompt_tokens,
        "gen_ai.usage.output_tokens": usage.completion_tokens,
        "gen_ai.usage.cache_read.input_tokens": usage.cached_tokens,
    }


def operation(route: str) -> str:
    """The GenAI conventions' word for what a route does."""
    return _OPERATIONS.get(route, "")


def _finish(record: GenerationRecord) -> str:
    """OpenAI's words; `error` and, where the client left, `abort`, as in the log."""
    return record.finish.value if record.finish else "error" if record.error else "abort"


def _known(attributes: Mapping[str, str | float | Sequence[str] | None]) -> Attributes:
    return {name: value for name, value in attributes.items() if value is not None and value != ""}
