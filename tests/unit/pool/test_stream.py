import asyncio
from functools import partial

import pytest

from picoserve.generation import EngineFinish, Outcome
from picoserve.pool.stream import JobStream, WorkerLostError
from picoserve.worker.messages import Accepted, Begun, Done, Piece

ACCEPTED, PIECE = Accepted(1, 5, None), Piece(1, b"x")
BEGUN, DONE = Begun(1), Done(1, Outcome(EngineFinish.END, 5, 1))


async def test_everything_that_is_ready_comes_at_once_and_in_order() -> None:
    stream = JobStream(1)
    for report in (ACCEPTED, PIECE, DONE):
        stream.push(report)

    assert await stream.read() == [ACCEPTED, PIECE, DONE]
    assert stream.ended


async def test_reader_wakes_with_the_next_report() -> None:
    stream = JobStream(1)
    reading = asyncio.create_task(stream.read())
    await asyncio.sleep(0)

    stream.push(ACCEPTED)

    assert await reading == [ACCEPTED]
    assert not stream.has_pieces


async def test_what_arrived_before_the_loss_is_read_first() -> None:
    stream = JobStream(1)
    stream.push(PIECE)
    stream.lose()

    assert await stream.read() == [PIECE]
    with pytest.raises(WorkerLostError):
        await stream.read()


async def test_loss_wakes_the_reader() -> None:
    stream = JobStream(1)
    reading = asyncio.create_task(stream.read())
    await asyncio.sleep(0)

    stream.lose()

    with pytest.raises(WorkerLostError):
        await reading


@pytest.mark.parametrize("early", [True, False])
async def test_end_is_told_once(early: bool) -> None:
    stream = JobStream(1)
    told: list[int] = []
    if early:
        stream.when_ended(lambda: told.append(1))
    stream.push(DONE)
    stream.lose()
    if not early:
        stream.when_ended(lambda: told.append(1))

    assert told == [1]
    assert await stream.read() == [DONE]


async def test_cancelled_reader_loses_nothing() -> None:
    stream = JobStream(1)
    reading = asyncio.create_task(stream.read())
    await asyncio.sleep(0)
    reading.cancel()
    stream.push(PIECE)

    assert await stream.read() == [PIECE]


async def test_death_is_told_only_between_taking_up_and_accepting_the_job() -> None:
    told: list[int] = []
    cases: list[tuple[list[Begun | Accepted | Done], bool]] = [
        ([], True),
        ([BEGUN], True),
        ([BEGUN], False),
        ([BEGUN, ACCEPTED], True),
        ([BEGUN, DONE], True),
    ]
    for number, (reports, died) in enumerate(cases):
        stream = JobStream(1)
        stream.on_death = partial(told.append, number)
        for report in reports:
            stream.push(report)
        stream.lose(died=died)

    assert told == [1]
