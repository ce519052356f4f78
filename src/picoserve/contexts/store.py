"""The saved contexts of one server, and the rules for more of them."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from picoserve.contexts.folder import ContextFolder
from picoserve.contexts.record import ContextRecord, digest_of
from picoserve.contexts.saved import SavedContext
from picoserve.errors import ContextsFullError, EngineFailedError, NotFoundError
from picoserve.logs import get_logger

_MIB = 1024 * 1024

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ContextLimits:
    """How much is kept: contexts, and bytes of all their files together."""

    max_count: int
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A context that is being made.

    Attributes:
        file: Where its engine writes.
    """

    id: str
    file: Path
    model: str
    name: str
    beginning: str
    identity: str


class ContextStore:
    """Saved contexts by id, and by model and name. Lives on the event loop."""

    def __init__(self, folder: ContextFolder, limits: ContextLimits) -> None:
        self._folder = folder
        self._limits = limits
        self._by_id: dict[str, SavedContext] = {}
        self._drafts: set[str] = set()
        folder.remove_abandoned()
        for record in folder.records():
            self._by_id[record.id] = SavedContext(record, folder)

    def all(self) -> list[SavedContext]:
        """Every context, oldest first."""
        return list(self._by_id.values())

    def get(self, context_id: str) -> SavedContext:
        """The context of that id.

        Raises:
            NotFoundError: There is none.
        """
        saved = self._by_id.get(context_id)
        if saved is None:
            raise NotFoundError("There is no saved context with that id.", param="id")
        return saved

    def find(self, model: str, name: str) -> SavedContext | None:
        """The context of that name for a model; the newest, should there be several."""
        named = (s for s in self._by_id.values() if (s.model, s.name) == (model, name))
        return max(named, key=lambda saved: saved.record.created, default=None)

    def begin(self, model: str, name: str, beginning: str, identity: str) -> Draft:
        """Take a place for a new context; `publish` or `discard` gives it back.

        Raises:
            ContextsFullError: As many are kept as may be.
            EngineFailedError: The folder cannot be written.
        """
        replaced = self.find(model, name)
        others = [saved.record for saved in self._by_id.values() if saved is not replaced]
        if len(others) + len(self._drafts) >= self._limits.max_count:
            raise ContextsFullError(
                f"{self._limits.max_count} contexts are kept (contexts.max_count); delete one."
            )
        self._check_room(sum(record.bytes for record in others))
        try:
            context_id, file = self._folder.begin()
        except OSError as error:
            raise _not_written(error) from error
        self._drafts.add(context_id)
        return Draft(context_id, file, model, name, beginning, identity)

    async def publish(self, draft: Draft, prompt_tokens: int) -> SavedContext:
        """Keep what an engine has written, in the place of an older one of that name.

        Raises:
            ContextsFullError: All files together would have too many bytes.
            EngineFailedError: There is no file, or the folder cannot be written.
        """
        replaced = self.find(draft.model, draft.name)
        try:
            size = self._folder.written_bytes(draft.id)
            kept = (saved for saved in self._by_id.values() if saved is not replaced)
            self._check_room(sum(saved.record.bytes for saved in kept) + size)
            record = ContextRecord(
                id=draft.id,
                model=draft.model,
                name=draft.name,
                created=int(time.time()),
                prompt_tokens=prompt_tokens,
                bytes=size,
                characters=len(draft.beginning),
                digest=digest_of(draft.beginning),
                identity=draft.identity,
            )
            self._folder.publish(record)
        except OSError as error:
            raise _not_written(error) from error
        self._drafts.discard(draft.id)
        saved = self._by_id[draft.id] = SavedContext(record, self._folder)
        _log.info("context saved", **saved.facts())
        if replaced is not None:
            await self.delete(replaced.id)
        return saved

    def discard(self, draft: Draft) -> None:
        """Give up what was begun; does nothing once it is published."""
        if draft.id in self._drafts:
            self._drafts.discard(draft.id)
            self._folder.discard(draft.id)

    async def delete(self, context_id: str) -> None:
        """Remove a context and its file; whoever loads it at this moment may still do so.

        Raises:
            NotFoundError: There is none of that id.
        """
        saved = self.get(context_id)
        del self._by_id[context_id]
        _log.info("context deleted", **saved.facts())
        await asyncio.to_thread(self._folder.remove, context_id)

    def _check_room(self, size: int) -> None:
        if size > self._limits.max_bytes:
            raise ContextsFullError(
                f"The files of all contexts would have more than "
                f"{self._limits.max_bytes // _MIB} MiB (contexts.max_mib); delete one."
            )


def _not_written(error: OSError) -> EngineFailedError:
    _log.error("context cannot be written", reason=error.strerror or str(error))
    return EngineFailedError("The context could not be written; the server's log says why.")
