"""Settings → who may ask."""

from picoserve.config.settings import Settings
from picoserve.server.auth.access import Access
from picoserve.server.auth.keys import KeyRing
from picoserve.server.auth.livekit import LiveKitTokens


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
