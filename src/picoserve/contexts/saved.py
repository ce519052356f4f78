"""One saved context in use."""

import msgspec

from picoserve.contexts.folder import ContextFolder
from picoserve.contexts.record import ContextRecord
from picoserve.generation import ContextFile
from picoserve.logs import get_logger

_log = get_logger(__name__)


class SavedContext:
    """A context that engines may load.

    Attributes:
        record: What is known of it.
    """

    def __init__(self, record: ContextRecord, folder: ContextFolder) -> None:
        self.record = record
        self._folder = folder
        self._told_stale = False

    @property
    def id(self) -> str:
        """Its name in addresses and on disk."""
        return self.record.id

    @property
    def model(self) -> str:
        """The served model's name."""
        return self.record.model

    @property
    def name(self) -> str:
        """What requests call it."""
        return self.record.name

    @property
    def is_broken(self) -> bool:
        """Whether loading it has failed."""
        return bool(self.record.problem)

    def file_for(self, identity: str) -> ContextFile | None:
        """Its file for an engine of this identity; None where that one cannot load it."""
        if self.is_broken or identity != self.record.identity:
            return None
        try:
            path = self._folder.file_of(self.record)
        except OSError as error:
            self.note_failure(f"its file cannot be used ({error})")
            return None
        return ContextFile(str(path), self.record.characters)

    def note_failure(self, detail: str) -> None:
        """It is of no use any more: said once in the log, and written down for the next start.

        Args:
            detail: For the log; may name files.
        """
        if self.is_broken:
            return
        _log.warning("saved context is broken", reason=detail, **self.facts())
        self.record = msgspec.structs.replace(
            self.record, problem="Loading it has failed. Save it again under the same name."
        )
        self._folder.update(self.record)

    def note_stale(self) -> None:
        """No engine of its model fits it: said once in the log."""
        if not self._told_stale:
            self._told_stale = True
            _log.warning(
                "saved context is of another model file, library or device; it is not used",
                **self.facts(),
            )

    def facts(self) -> dict[str, object]:
        """What a log line says of it."""
        record = self.record
        return {
            "id": record.id,
            "model": record.model,
            "name": record.name,
            "prompt_tokens": record.prompt_tokens,
            "bytes": record.bytes,
        }
