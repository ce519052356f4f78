"""A server whose one engine plays a script: what each client's tests need, always the same."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.standin.model_script import ModelScript, Reply
from tests.support.models import ACCESS_KEY, standin_model
from tests.support.server import RunningServer, running_server

NAME: Final = "pico"
GREETING: Final = "Hello there, my friend."
WEATHER: Final = "It is sunny in Paris."
JOURNAL: Final = "journal"

SCRIPT: Final = ModelScript(
    context_length=100_000,
    journal=JOURNAL,
    replies=[
        Reply(match="21 degrees", text=WEATHER),
        Reply(
            match_last="How is the weather",
            text='{"name": "get_weather", "arguments": {"city": "Paris"}}',
            continues=True,
        ),
        Reply(match_last="person", text='{"name": "Ada", "age": 36}', continues=True),
        Reply(match_last="Count", count=50_000, tokens_per_second=50.0),
        Reply(text=GREETING),
    ],
)


@contextmanager
def scripted_server(library: Path, folder: Path) -> Generator[RunningServer, None, None]:
    """One picoLLM engine on the stand-in library, and a server before it.

    "How is the weather" gets a call of `get_weather`, a result of "21 degrees" gets a sentence,
    "person" gets a JSON object, "Count" counts for minutes, all else gets a greeting.
    """
    config = standin_model(library, folder, SCRIPT, name=NAME)
    with running_server(folder, config, environment=ACCESS_KEY) as server:
        yield server
    log = server.log.read_text()
    assert "Traceback" not in log
    assert "never retrieved" not in log
