"""`picoserve chat`: a conversation with any OpenAI-compatible server."""

import asyncio
import contextlib
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Final

import typer

from picoserve.cli.remote import ApiKeyEnv, BaseUrl, RemoteModel, failing_cleanly

if TYPE_CHECKING:
    import httpx

    from picoserve.client.answer import Answer

_HELP: Final = "/reset starts afresh, /quit ends; Ctrl-C stops an answer."
_CTRL_C: Final = 130
_MEASURABLE_SECONDS: Final = 0.05


def chat(
    base_url: BaseUrl = None,
    model: RemoteModel = None,
    api_key_env: ApiKeyEnv = None,
    system: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The system prompt.", show_default=False)
    ] = None,
    temperature: Annotated[float | None, typer.Option(help="0 to 2.", show_default=False)] = None,
    max_tokens: Annotated[
        int | None, typer.Option(min=1, help="Most tokens of one answer.", show_default=False)
    ] = None,
) -> None:
    """Talk to a server; each answer is shown as it comes, with its times under it.

    Without a terminal it reads one message per line from standard input.
    """
    options = {"temperature": temperature, "max_tokens": max_tokens}
    given = {name: value for name, value in options.items() if value is not None}
    with failing_cleanly(), asyncio.Runner() as runner:
        from picoserve.client.endpoint import DEFAULT_BASE_URL, endpoint_for, first_model

        client = endpoint_for(base_url or DEFAULT_BASE_URL, api_key_env).client()
        try:
            model = model or runner.run(first_model(client))
            _talk(runner, client, _Conversation(model, system, given))
        finally:
            runner.run(client.aclose())


@dataclass(slots=True)
class _Conversation:
    """What is asked again with every message."""

    model: str
    system: str | None
    options: dict[str, float]
    messages: list[dict[str, object]] = field(default_factory=list)

    def body(self) -> dict[str, object]:
        start = [{"role": "system", "content": self.system}] if self.system else []
        return {**self.options, "model": self.model, "messages": [*start, *self.messages]}


def _talk(runner: asyncio.Runner, client: "httpx.AsyncClient", talk: _Conversation) -> None:
    from picoserve.client.endpoint import CallError

    failed = False
    typer.echo(f"{talk.model} at {str(client.base_url).rstrip('/')}\n{_HELP}", err=True)
    while (line := _next_line()) is not None and line != "/quit":
        if line == "/reset":
            talk.messages.clear()
            typer.echo("A new conversation.", err=True)
        elif line.startswith("/"):
            typer.echo(_HELP, err=True)
        elif line:
            try:
                runner.run(_turn(client, talk, line))
                failed = False
            except CallError as error:
                failed = True
                talk.messages.pop()
                typer.echo(f"picoserve: {error}", err=True)
            except KeyboardInterrupt:
                talk.messages.pop()
                typer.echo("\n(stopped)", err=True)
    if failed:
        raise typer.Exit(1)


def _next_line() -> str | None:
    """What the person says; None at the end."""
    if sys.stdin is None:
        # Whoever started this has closed it.
        return None
    terminal = sys.stdin.isatty()
    if terminal:
        # Arrow keys edit the line and bring back earlier ones, where Python was built with it.
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401
        typer.echo()
    try:
        return input("> " if terminal else "").strip()
    except EOFError:
        status = None
    except KeyboardInterrupt:
        status = _CTRL_C
    if terminal:
        typer.echo()
    if status is not None:
        raise typer.Exit(status)
    return None


async def _turn(client: "httpx.AsyncClient", talk: _Conversation, text: str) -> None:
    """One message and its answer, printed as it comes."""
    from time import perf_counter

    from picoserve.client.answer import Answer
    from picoserve.client.stream import stream_chat

    talk.messages.append({"role": "user", "content": text})
    answer = Answer(perf_counter())
    async for piece in stream_chat(client, talk.body(), answer):
        sys.stdout.write(piece)
        sys.stdout.flush()
    for call in answer.tool_calls:
        sys.stdout.write(f"{call.name}({call.arguments})\n")
    typer.echo()
    typer.secho(_times(answer), err=True, dim=True)
    talk.messages.append(answer.message())


def _times(answer: "Answer") -> str:
    parts = [f"{answer.tokens} tokens"]
    if answer.first_token_seconds is not None:
        parts.insert(0, f"first token {answer.first_token_seconds * 1000:.0f} ms")
    spoken = (answer.seconds or 0.0) - (answer.first_token_seconds or 0.0)
    if answer.seconds_per_token and spoken >= _MEASURABLE_SECONDS and not answer.tool_calls:
        parts.append(f"{1 / answer.seconds_per_token:.1f} tokens/s")
    if answer.finish not in {"", "stop"}:
        parts.append(answer.finish)
    return " · ".join(parts)
