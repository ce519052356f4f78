"""The description of one application, made when it is first asked for and then kept."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import msgspec
from starlette.routing import BaseRoute


class ApiDescription:
    """What an application takes and answers, for programs and for people."""

    def __init__(self, routes: Callable[[], Sequence[BaseRoute]]) -> None:
        """Remember where the routes are to be found."""
        self._routes = routes

    @cached_property
    def document(self) -> dict[str, Any]:
        """The OpenAPI document."""
        # Pydantic's schemas cost tens of milliseconds, which no start-up has to pay.
        from picoserve.server.openapi.document import openapi_document  # noqa: PLC0415

        return openapi_document(self._routes())

    @cached_property
    def json(self) -> bytes:
        """The document as JSON."""
        return msgspec.json.encode(self.document)

    @cached_property
    def html(self) -> bytes:
        """The document as a page."""
        from picoserve.server.openapi.page import documentation_page  # noqa: PLC0415

        return documentation_page(self.document).encode()
