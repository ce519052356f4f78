"""Whether a job whose worker has died may run on another engine."""

from picoserve.pool.stream import JobStream


class Moves:
    """What is left of one job's right to move.

    A job that its worker had taken up may be what killed it, so it moves once. One that was
    still on its way is not to blame, and every engine of the model may have died like this.
    """

    def __init__(self, engines: int) -> None:
        """A new job's right, on a model of so many engines."""
        self._after_begin = 1
        self._before_begin = engines

    def use(self, stream: JobStream) -> bool:
        """Whether the job that this stream has lost may move; counts as a move if so."""
        if stream.has_pieces:
            return False
        if stream.has_begun:
            self._after_begin -= 1
            return self._after_begin >= 0
        self._before_begin -= 1
        return self._before_begin >= 0
