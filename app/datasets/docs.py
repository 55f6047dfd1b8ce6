"""The OpenAPI documents and the pages that show them, with everything they need served from here."""

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.datasets.catalogue import get_dataset
from app.datasets.documents import describe_dataset, describe_everything
from app.datasets.path import DatasetName
from app.keys.deps import CurrentCaller, OptionalCaller

router = APIRouter(include_in_schema=False)


class _Assets(StaticFiles):
    """Swagger UI's files, kept by browsers for a day."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=86400"
        return response


assets = _Assets(packages=[("fastapi_offline", "static")])


@router.get("/openapi.json")
async def get_openapi_document(request: Request, caller: OptionalCaller) -> Response:
    """Describe the fixed routes, and the records of every dataset that the key may read."""
    return await describe_everything(request, caller)


@router.get("/datasets/{dataset}/openapi.json")
async def get_dataset_document(request: Request, name: DatasetName, caller: CurrentCaller) -> Response:
    """Describe the records of one dataset."""
    caller.demand("read", name)
    return await describe_dataset(request, await get_dataset(name, visible=caller.datasets), caller)


@router.get("/docs", response_class=HTMLResponse)
async def show_docs() -> HTMLResponse:
    """The page that shows and tries everything. It holds no data: its script asks for that with the reader's key."""
    return _show("docs")


@router.get("/datasets/{dataset}/docs", response_class=HTMLResponse)
async def show_dataset_docs() -> HTMLResponse:
    """The page that shows one dataset; it holds no data either, not even whether there is such a dataset."""
    return _show("../../docs")


def _show(home: str) -> HTMLResponse:
    page, policy = _page(home)
    return HTMLResponse(page, headers={"Content-Security-Policy": policy, "Cache-Control": "no-cache"})


@cache
def _page(home: str) -> tuple[str, str]:
    """The page and its policy."""
    # Addresses are relative, so that the page works below any path a gateway puts in front.
    page = files("app.datasets").joinpath("docs.html").read_text("utf-8")
    page = page.replace("{assets}", f"{home}/assets").replace("{home}", home)
    return page, _policy(page)


def _policy(page: str) -> str:
    """What a page may load and run: its own script and style by their hashes, and files from here."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' {_hash_of('script', page)}",
            f"style-src 'self' {_hash_of('style', page)}",
            # Swagger UI's style sheet has its icons in itself.
            "img-src 'self' data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )


def _hash_of(tag: str, page: str) -> str:
    """The source expression that allows what stands in a page's one tag of this name without attributes."""
    (text,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
