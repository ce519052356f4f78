"""The page at `/` and its two files. They hold no secret; what they ask for needs the key."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from picoserve.server.read_route import ReadRoute

router = APIRouter(route_class=ReadRoute, include_in_schema=False)

PAGE_PATHS: Final = ("/", "/docs", "/page/page.css", "/page/page.js")

_FOLDER: Final = Path(__file__).parent.parent / "page"
PAGE_HEADERS: Final = {
    "content-security-policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            "img-src 'self' data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}


@router.get("/")
def page() -> Response:
    """The page."""
    return _file("page.html", "text/html")


@router.get("/page/page.css")
def style() -> Response:
    """Its looks."""
    return _file("page.css", "text/css")


@router.get("/page/page.js")
def script() -> Response:
    """Its behaviour."""
    return _file("page.js", "text/javascript")


def _file(name: str, media_type: str) -> Response:
    return Response((_FOLDER / name).read_bytes(), media_type=media_type, headers=PAGE_HEADERS)
