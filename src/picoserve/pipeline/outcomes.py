"""Jobs of which nothing but the end is wanted."""

from picoserve.generation import Outcome
from picoserve.pipeline.failures import error_from_failure
from picoserve.pool.lease import Lease
from picoserve.pool.stream import JobStream
from picoserve.worker.messages import Done, Failed


async def outcome_of(lease: Lease, stream: JobStream, field: str) -> Outcome:
    """Wait for the end of a job.

    Args:
        field: The request field that the text came from, for errors.

    Raises:
        PicoserveError: The engine refused it, or failed.
        WorkerLostError: The worker is gone.
    """
    while True:
        for report in await stream.read():
            if isinstance(report, Done):
                return report.outcome
            if isinstance(report, Failed):
                raise error_from_failure(report, lease, field)
