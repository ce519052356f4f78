from tests.support.models import MODEL
from tests.support.server import RunningServer

from picoserve.client.endpoint import Endpoint
from picoserve.client.load import Load, run_load


def test_the_same_number_asks_the_same_and_another_something_else() -> None:
    load = Load(MODEL, prompt_tokens=9)

    assert load.body(1) == Load(MODEL, prompt_tokens=9).body(1) != load.body(2)
    assert len(str(load.body(1)["messages"]).split("content")[1].split()) >= 9


async def test_every_request_is_answered_and_counted(server: RunningServer) -> None:
    load = Load(MODEL, requests=5, concurrency=2, rate=1000.0, prompt_tokens=5, max_tokens=4)
    ends = []
    async with Endpoint(server.base_url).client() as client:
        run = await run_load(client, load, on_end=lambda: ends.append(1))

    assert (len(run.answers), run.failed, run.unfinished, len(ends)) == (5, 0, 0, 5)
    assert all(1 <= answer.tokens <= 4 for answer in run.answers)


async def test_nothing_is_waited_for_before_the_first_request_and_after_the_last(
    server: RunningServer,
) -> None:
    # With this seed the first pause is one of more than a minute.
    load = Load(MODEL, requests=1, rate=0.01, seconds=50, prompt_tokens=5, max_tokens=4, seed=0)
    async with Endpoint(server.base_url).client() as client:
        run = await run_load(client, load)

    assert (len(run.answers), run.unfinished) == (1, 0)
    assert run.seconds < load.seconds


async def test_failures_are_counted_by_their_reason(server: RunningServer) -> None:
    async with Endpoint(server.base_url).client() as client:
        run = await run_load(client, Load("nobody", requests=3))

    assert list(run.errors.values()) == [3]
    assert "nobody" in next(iter(run.errors))


async def test_the_end_of_the_time_ends_the_load(server: RunningServer) -> None:
    load = Load(MODEL, requests=1000, rate=0.5, seconds=0.3, prompt_tokens=5, max_tokens=4)
    async with Endpoint(server.base_url).client() as client:
        run = await run_load(client, load)

    # All of them would take half an hour.
    assert run.seconds < 30
    assert run.unfinished >= 900
