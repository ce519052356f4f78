from picoserve.pipeline.moves import Moves
from picoserve.pool.stream import JobStream
from picoserve.worker.messages import Begun, Piece


def lost(*, begun: bool = False, pieces: bool = False) -> JobStream:
    stream = JobStream(1)
    if begun:
        stream.push(Begun(1))
    if pieces:
        stream.push(Piece(1, b"x"))
    stream.lose()
    return stream


async def test_job_that_a_worker_had_begun_moves_once() -> None:
    moves = Moves(engines=3)

    assert [moves.use(lost(begun=True)) for _ in range(3)] == [True, False, False]


async def test_job_that_no_worker_had_begun_may_meet_every_engine_dying_and_still_move() -> None:
    moves = Moves(engines=2)

    assert [moves.use(lost()) for _ in range(3)] == [True, True, False]
    assert moves.use(lost(begun=True))


async def test_job_that_has_spoken_does_not_move() -> None:
    assert not Moves(engines=2).use(lost(begun=True, pieces=True))
