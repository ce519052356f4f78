"""Token ids of a text, from an engine of the model."""

import asyncio

from picoserve.errors import EngineFailedError
from picoserve.generation import Job
from picoserve.pipeline.moves import Moves
from picoserve.pipeline.outcomes import outcome_of
from picoserve.pool.lease import Lease
from picoserve.pool.model_pool import Placement
from picoserve.pool.pool import Pool
from picoserve.pool.stream import WorkerLostError


async def token_ids(pool: Pool, model: str, text: str, field: str) -> tuple[int, ...]:
    """The ids; their number is what a job with this prompt would report.

    Args:
        field: The request field that the text came from, for errors.

    Raises:
        PicoserveError: No engine works, or it failed, or too many other requests wait.
    """
    moves = Moves(len(pool.models[model].keepers))
    while True:
        lease = await _lease(pool, model, text)
        stream = lease.run(Job(text, tokenize=True))
        try:
            return (await outcome_of(lease, stream, field)).token_ids
        except WorkerLostError:
            if not moves.use(stream):
                raise EngineFailedError("The engine stopped working while tokenizing.") from None
        finally:
            lease.release()


async def _lease(pool: Pool, model: str, text: str) -> Lease:
    """A place on an engine, and with it a turn that lasts until the place is free again."""
    models = pool.models[model]
    now = asyncio.get_running_loop().time
    came = now()
    await models.tokenizing.take(text, retry_after=models.retry_after())
    try:
        # Without its text it goes where no conversation is likely to go on.
        lease = await pool.acquire(Placement(model, waited_seconds=now() - came), "")
    except BaseException:
        models.tokenizing.give_back()
        raise
    lease.when_free(models.tokenizing.give_back)
    return lease
