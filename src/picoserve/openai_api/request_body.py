"""What the bodies of all requests have in common."""

from typing import ClassVar

from picoserve.openai_api.messages import WireModel


class RequestBody(WireModel):
    """A request's body: what its class does not declare is a stranger to its address.

    Attributes:
        known_extras: Fields that are known though they are not declared: refused where they ask
            for something, else ignored and named to the client.
    """

    known_extras: ClassVar[frozenset[str]] = frozenset()
