"""Settings → who may ask."""

from typing import Final

from picoserve.config.auth import AuthSettings
from picoserve.config.settings import Settings
from picoserve.logs import get_logger
from picoserve.server.auth.access import Access
from picoserve.server.auth.keys import KeyRing
from picoserve.server.auth.livekit import LiveKitTokens

_SECRET_BYTES: Final = 32  # RFC 7518, section 3.2: a key of HS256 is no shorter than its hash.

_log = get_logger(__name__)


def access_from(settings: Settings) -> Access:
    """Who may ask and who may administer. Raises ConfigError for a file without right keys."""
    auth = settings.auth
    keys = KeyRing([key.get_secret_value() for key in auth.keys], auth.key_file)
    admin = KeyRing(
        [key.get_secret_value() for key in auth.admin_keys],
        auth.admin_key_file,
        setting="auth.admin_key",
    )
    metrics = KeyRing(
        [key.get_secret_value() for key in auth.metrics_keys], setting="auth.metrics_key"
    )
    pairs = {pair.key: pair.secret.get_secret_value() for pair in auth.livekit}
    return Access(keys, LiveKitTokens(pairs), admin, metrics)


def warn_of_short_secrets(auth: AuthSettings) -> None:
    """Tell in the log of LiveKit secrets that can be guessed: here, and not at each token."""
    for pair in auth.livekit:
        if len(pair.secret.get_secret_value().encode()) < _SECRET_BYTES:
            _log.warning("a LiveKit secret of fewer than 32 bytes can be guessed", key=pair.key)
