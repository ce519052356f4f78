"""What the bodies of all requests have in common."""

from collections.abc import Iterator
from typing import ClassVar

from picoserve.openai_api.messages import WireModel


class RequestBody(WireModel):
    """A request's body: what its class does not declare is a stranger to its address.

    Attributes:
        known_extras: Fields that are known though they are not declared: refused where they ask
            for something, else ignored and named to the client.
    """

    known_extras: ClassVar[frozenset[str]] = frozenset()

    def extras(self) -> Iterator[str]:
        """Names of what was sent and is not declared, also in objects inside: `stream_options.a`.

        What lists hold, as messages and tools, is not looked at.
        """
        return _extras(self, "")


def _extras(part: WireModel, path: str) -> Iterator[str]:
    for name in part.model_extra or ():
        yield f"{path}{name}"
    for name in part.model_fields_set:
        inner = getattr(part, name, None)
        if isinstance(inner, WireModel):
            yield from _extras(inner, f"{path}{name}.")
