"""Reading the configuration again while the server runs.

Keys, limits, and what is logged change at once; the rest takes a restart and is told.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from pydantic import ValidationError

from picoserve.app.access import access_from, warn_of_short_secrets
from picoserve.app.limits import limits_from
from picoserve.config.changes import changed_keys
from picoserve.config.problems import validation_problems
from picoserve.config.settings import Settings
from picoserve.errors import ConfigError
from picoserve.logs import configure_logging, get_logger
from picoserve.server.auth.access import Access
from picoserve.server.limits.ledger import Ledger

_LEVELS: Final = ("debug", "info", "warning", "error")

_log = get_logger(__name__)


class Reloading:
    """The settings in force, and what they are made anew from."""

    def __init__(
        self, settings: Settings, read: Callable[[], Settings], access: Access, ledger: Ledger
    ) -> None:
        """Take what can change.

        Args:
            read: Reads the settings as at the start; raises ConfigError.
        """
        self._settings = settings
        self._read = read
        self._access = access
        self._ledger = ledger

    async def run(self, wanted: asyncio.Event) -> None:
        """Read again whenever it is wanted. What is broken changes nothing and is told."""
        while True:
            await wanted.wait()
            wanted.clear()
            try:
                read = await asyncio.to_thread(self._read)
                settings = _in_force(self._settings, read)
                access = await asyncio.to_thread(access_from, settings)
            except ConfigError as error:
                problems = error.message.splitlines()
                _log.error("configuration not reloaded; the old one stays", problems=problems)
                continue
            except Exception:  # noqa: BLE001  # whoever mends it must find someone who reads it
                _log.exception("configuration not reloaded; the old one stays")
                continue
            self._apply(settings, access)
            if later := changed_keys(settings, read):
                _log.warning("changes that take a restart", keys=later)

    def _apply(self, settings: Settings, access: Access) -> None:
        self._access.become(access)
        self._ledger.table = limits_from(settings, access)
        changed = changed_keys(self._settings, settings)
        before, after = self._settings.log, settings.log
        self._settings = settings
        if _LEVELS.index(after.level) > _LEVELS.index(before.level):
            # The line that tells of it is the last one before the silence.
            _log.info("configuration reloaded", changed=changed)
            configure_logging(after.level, after.format)
        else:
            configure_logging(after.level, after.format)
            _log.info("configuration reloaded", changed=changed)
        warn_of_short_secrets(settings.auth)


def _in_force(old: Settings, new: Settings) -> Settings:
    """The old settings with those of the new ones that need no restart.

    Raises:
        ConfigError: They do not go together: without keys a server that listens to others must
            have been started so.
    """
    log = old.log.model_copy(update={"level": new.log.level, "format": new.log.format})
    try:
        return Settings.model_validate(
            {**dict(old), "auth": new.auth, "limits": new.limits, "log": log}
        )
    except ValidationError as error:
        raise ConfigError("\n".join(validation_problems(error, {}))) from None
