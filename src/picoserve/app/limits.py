"""Settings → what each key may ask for."""

from picoserve.config.limits import KeyLimits, LimitSettings
from picoserve.config.settings import Settings
from picoserve.logs import get_logger
from picoserve.server.auth.access import Access
from picoserve.server.limits.account import Limits
from picoserve.server.limits.ledger import LimitTable, name_of_address

_log = get_logger(__name__)


def limits_from(settings: Settings, access: Access) -> LimitTable:
    """The limits by name; a name that no key has is told in the log."""
    limits = settings.limits
    named = {key.name: _limits(limits, key) for key in limits.keys}
    if settings.auth.is_configured:
        strangers = sorted(named.keys() - access.names())
        if strangers:
            _log.warning("limits for keys that nobody has", names=strangers)
    else:
        named = {name_of_address(name): limits for name, limits in named.items()}
    return LimitTable(_limits(limits, limits), named)


def _limits(default: LimitSettings, of: LimitSettings | KeyLimits) -> Limits:
    def chosen(own: int | None, otherwise: int) -> int:
        return otherwise if own is None else own

    return Limits(
        chosen(of.concurrent_requests, default.concurrent_requests),
        chosen(of.requests_per_minute, default.requests_per_minute),
        chosen(of.tokens_per_minute, default.tokens_per_minute),
    )
