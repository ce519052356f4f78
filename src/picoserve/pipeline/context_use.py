"""One generation's use of a saved context: which job loads it, and what came of that."""

from dataclasses import replace

from picoserve.contexts.saved import SavedContext
from picoserve.engine.engine import EngineInfo
from picoserve.generation import ContextLoad, Job
from picoserve.pipeline.record import GenerationRecord
from picoserve.pool.stream import JobStream


class ContextUse:
    """Between a generation and the context that its prompt begins with, if there is one.

    A context that cannot be loaded costs the request nothing but the time. One that kills its
    engine is not tried again: the next engine would die of it too.
    """

    def __init__(self, saved: SavedContext | None, record: GenerationRecord) -> None:
        self._saved = saved
        self._record = record

    def with_file(self, job: Job, info: EngineInfo) -> Job:
        """The job for an engine, with the file that it may load."""
        if self._saved is None:
            return job
        return replace(job, load=self._saved.file_for(info.context_identity))

    def watch(self, stream: JobStream, job: Job) -> None:
        """Learn of the worker's death also after the client has left."""
        if job.load is not None:
            stream.on_death = self._note_death

    def note(self, load: ContextLoad | None) -> None:
        """What the engine says of it."""
        if load is None or self._saved is None:
            return
        self._record.load = load
        if load.problem:
            self._saved.note_failure(load.problem)

    def _note_death(self) -> None:
        self.note(ContextLoad(0, "its engine died while loading it"))
