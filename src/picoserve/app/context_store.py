"""Settings → the saved contexts."""

from picoserve.config.contexts import ContextSettings
from picoserve.contexts.folder import ContextFolder
from picoserve.contexts.store import ContextLimits, ContextStore

_MIB = 1024 * 1024


def context_store(settings: ContextSettings) -> ContextStore | None:
    """What is kept in the configured folder; None without one. Raises ConfigError."""
    if settings.folder is None:
        return None
    limits = ContextLimits(settings.max_count, settings.max_mib * _MIB)
    return ContextStore(ContextFolder(settings.folder), limits)
