"""Settings → who may ask."""

from picoserve.config.settings import Settings
from picoserve.server.auth.keys import KeyRing
from picoserve.server.auth.livekit import LiveKitTokens


def access_from(settings: Settings) -> tuple[KeyRing, LiveKitTokens]:
    """The keys and tokens that are accepted. Raises ConfigError for a key that is malformed."""
    auth = settings.auth
    keys = KeyRing([key.get_secret_value() for key in auth.keys], auth.key_file)
    return keys, LiveKitTokens({pair.key: pair.secret.get_secret_value() for pair in auth.livekit})
