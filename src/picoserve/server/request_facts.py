"""What is known of one request, gathered on its way, for headers, log line and metrics."""

from collections.abc import Iterable, MutableMapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Final

from picoserve.errors import PicoserveError
from picoserve.generation import Usage
from picoserve.openai_api.usage import total_usage
from picoserve.pipeline.record import GenerationRecord
from picoserve.pool.prompt_size import estimated_tokens
from picoserve.server.limits.account import Account
from picoserve.server.limits.turn import Turn

_SCOPE_KEY: Final = "picoserve.facts"
_CLIENT_CLOSED: Final = 499  # nginx's number for a client that did not wait


@dataclass(slots=True)
class RequestFacts:
    """Created by the outermost middleware; whoever learns something writes it here.

    Attributes:
        began: When the request came, in seconds of `time.perf_counter`.
        key_name: Whose key let it in; never the key.
        model: The configured model's name, whichever alias was asked for.
        prompts: How many prompts share the records evenly.
        error: The error's code or type, "" without an error.
        own_limit: The setting that the error names as exceeded, "" for none.
        left_early: The client left before there was a job.
        status: The status sent, 0 before.
        account: What its key may still ask for; None for a request that no limit applies to.
        turn: Its own part of that, once it was let in.
    """

    id: str = ""
    began: float = field(default_factory=perf_counter)
    key_name: str = ""
    model: str = ""
    prompts: int = 1
    error: str = ""
    own_limit: str = ""
    left_early: bool = False
    status: int = 0
    account: Account | None = None
    turn: Turn | None = None
    records: Sequence[GenerationRecord] = ()

    @property
    def failure(self) -> str:
        """What went wrong: the request's own error, or that of one of its jobs."""
        return self.error or next((record.error for record in self.records if record.error), "")

    @property
    def limit(self) -> str:
        """The setting that the request or one of its jobs went beyond, "" for none."""
        return self.own_limit or next((r.limit for r in self.records if r.limit), "")

    @property
    def client_gone(self) -> bool:
        """Whether the client left before its answer was whole."""
        unfinished = any(record.finished is None for record in self.records)
        return self.left_early or (unfinished and not self.failure)

    @property
    def shown_status(self) -> int:
        """The status for logs and metrics: 499 where nobody was left to send one to."""
        return self.status if self.status not in {0, 204} else _CLIENT_CLOSED

    @property
    def finish(self) -> str:
        """Why the answer ended: OpenAI's words, `mixed`, `abort` or `error`; "" without one."""
        if self.client_gone:
            return "abort"
        if self.failure:
            return "error"
        reasons = {record.finish.value for record in self.records if record.finish}
        return reasons.pop() if len(reasons) == 1 else "mixed" if reasons else ""

    @property
    def engines(self) -> str:
        """The engines that worked on it."""
        return ",".join(dict.fromkeys(record.engine for record in self.records if record.engine))

    @property
    def usage(self) -> Usage | None:
        """Tokens as the answer's `usage` counts them; None while a choice is unfinished."""
        usages = [record.usage for record in self.records if record.usage]
        if not usages or len(usages) < len(self.records):
            return None
        return total_usage(usages, self.prompts)

    @property
    def spent_tokens(self) -> int:
        """Tokens that count against limits: those of `usage`; of jobs cut short what is known."""
        usage = self.usage
        if usage is not None:
            return usage.prompt_tokens + usage.completion_tokens
        prompts: dict[str, int] = {}
        for record in self.records:
            # Choices that have not begun know nothing of their prompt yet.
            known = prompts.get(record.job.prompt, 0)
            prompts[record.job.prompt] = max(known, record.prompt_tokens)
        pieces = sum(record.pieces for record in self.records)
        return sum(prompts.values()) + pieces

    def reserve_tokens(self, prompts: Iterable[str], answer_tokens: int = 0) -> None:
        """Take what the request needs at most. Raises RateLimitError."""
        if self.turn is not None:
            self.turn.reserve(sum(map(estimated_tokens, prompts)), answer_tokens)

    def limit_headers(self) -> dict[str, str]:
        """`x-ratelimit-…`, with what this request has used where it is over already."""
        if self.account is None:
            return {}
        if self.turn is not None and self.usage is not None:
            self.turn.settle(self.spent_tokens)
        return self.account.headers()

    @property
    def wait_seconds(self) -> float | None:
        """The longest time that one of the jobs stood in line."""
        waits = [w for w in (record.wait_seconds for record in self.records) if w is not None]
        return max(waits, default=None)

    @property
    def first_token_seconds(self) -> float | None:
        """From the request's coming to the first piece of its answer."""
        pieces = [record.first_piece for record in self.records if record.first_piece]
        return min(pieces) - self.began if pieces else None


def note_error(scope: MutableMapping[str, Any], error: PicoserveError) -> None:
    """The request with this ASGI scope is answered with an error."""
    facts = facts_of(scope)
    facts.error, facts.own_limit = error.code or error.type, error.limit


def facts_of(scope: MutableMapping[str, Any]) -> RequestFacts:
    """The facts of the request with this ASGI scope."""
    facts: RequestFacts = scope.setdefault(_SCOPE_KEY, RequestFacts())
    return facts


def begin_facts(scope: MutableMapping[str, Any], request_id: str) -> RequestFacts:
    """New facts for a request that has just come."""
    facts = scope[_SCOPE_KEY] = RequestFacts(request_id)
    return facts
