"""The OpenAPI documents and the pages that show them, with everything they need served from here."""

from functools import cache
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.core.db import Session
from app.datasets import openapi, repository
from app.datasets.deps import DatasetFromPath
from app.datasets.examples import with_examples
from app.datasets.shape import shape_of
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
async def get_openapi_document(request: Request, caller: OptionalCaller, session: Session) -> Response:
    """Describe the fixed routes, and the records of every dataset that the key may read."""
    document = _fixed_document(request)
    datasets = await repository.list_visible(session, caller.datasets) if caller is not None else []
    shapes = await with_examples(session, [shape_of(dataset) for dataset in datasets])
    described = openapi.describe_all(document, shapes)
    return Response(described, media_type="application/json")


@router.get("/datasets/{dataset}/openapi.json")
async def get_dataset_document(
    request: Request, dataset: DatasetFromPath, caller: CurrentCaller, session: Session
) -> Response:
    """Describe the records of one dataset."""
    document = _fixed_document(request)
    shape = shape_of(dataset)
    named = [name for name in set(shape.references.values()) if caller.may("read", name)]
    others = [shape_of(other) for other in await repository.list_visible(session, named)] if named else []
    shape, *referenced = await with_examples(session, [shape, *others])
    described = openapi.describe_dataset(document, shape, referenced)
    return JSONResponse({"servers": document["servers"], **described})


@router.get("/docs", response_class=HTMLResponse)
async def show_docs() -> HTMLResponse:
    """The page that shows and tries everything. It holds no data: its script asks for that with the reader's key."""
    return HTMLResponse(_page("docs"))


@router.get("/datasets/{dataset}/docs", response_class=HTMLResponse)
async def show_dataset_docs() -> HTMLResponse:
    """The page that shows one dataset; it holds no data either, not even whether there is such a dataset."""
    return HTMLResponse(_page("../../docs"))


def _fixed_document(request: Request) -> dict[str, Any]:
    """The document of the fixed routes: a second's work, so done at its first reading and kept."""
    app: FastAPI = request.app
    if app.openapi_schema is None:
        app.openapi_schema = openapi.complete(app.openapi())
    return {"servers": [{"url": request.scope["root_path"] or "/"}], **app.openapi_schema}


@cache
def _page(home: str) -> str:
    # Addresses are relative, so that the page works below any path a gateway puts in front.
    page = files("app.datasets").joinpath("docs.html").read_text("utf-8")
    return page.replace("{assets}", f"{home}/assets").replace("{home}", home)
