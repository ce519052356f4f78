"""Who may ask, in one place that can be exchanged while the server runs."""

from dataclasses import dataclass

from picoserve.server.auth.keys import KeyRing
from picoserve.server.auth.livekit import LiveKitTokens


@dataclass(slots=True)
class Access:
    """The keys and tokens that are accepted.

    Attributes:
        keys: Let in.
        livekit: Let in too.
        admin: May also see and steer the server itself.
        metrics: May read the metrics.
    """

    keys: KeyRing
    livekit: LiveKitTokens
    admin: KeyRing
    metrics: KeyRing

    def names(self) -> set[str]:
        """The names of all keys that let in."""
        return {*self.keys.names(), *self.livekit.names()}

    def become(self, other: "Access") -> None:
        """Accept what the other one accepts, from the next request on."""
        self.keys, self.livekit = other.keys, other.livekit
        self.admin, self.metrics = other.admin, other.metrics
