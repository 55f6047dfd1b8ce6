"""Pages: HTML with everything it needs in itself, under a policy that runs and loads nothing else."""

import re
from base64 import b64encode
from hashlib import sha256
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from app.core.http.accept_encoding import is_known

# A hopper. The slashes of its name space are escaped: a page names no other host.
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http:%2F%2Fwww.w3.org%2F2000%2Fsvg' viewBox='0 0 16 16'%3E"
    "%3Cpath fill='%230b8a78' d='M1 2h14L10 9v6H6V9z'/%3E%3C/svg%3E"
)

# What an address answers with that has a page for browsers, and JSON for programs.
VARY = {"Vary": "Accept"}


class Page:
    """The text of a page, its entity tag, and the policy under which browsers show it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._headers = {
            "Content-Security-Policy": _policy(text),
            "Cache-Control": "no-cache",
            "ETag": f'W/"{sha256(text.encode()).hexdigest()[:32]}"',
        }

    def answer(self, request: Request) -> Response:
        """The page, or that it is as the browser knows it."""
        known = ",".join(request.headers.getlist("if-none-match"))
        if is_known(known, self._headers["ETag"]):
            return Response(status_code=304, headers=self._headers)
        return HTMLResponse(self._text, headers=self._headers)


def wants_html(request: Request) -> bool:
    """Return whether a browser asks: programs take anything, or name what they take."""
    return "text/html" in request.headers.get("accept", "")


def read_part(package: str, name: str) -> str:
    """The text of a file next to a module, for a page."""
    return files(package).joinpath(name).read_text("utf-8")


def style() -> str:
    """The style of all pages."""
    return read_part("app.core.pages", "page.css")


def _policy(page: str) -> str:
    """The content security policy of a page: its own scripts and styles by their hashes, and files from here."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self'{_hashes('script', page)}",
            f"style-src 'self'{_hashes('style', page)}",
            # Swagger UI's style sheet has its icons in itself, and so has a page.
            "img-src 'self' data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )


def _hashes(tag: str, page: str) -> str:
    """The source expressions that allow what stands in a page's tags of this name without attributes."""
    texts = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
    return "".join(f" 'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in texts)
