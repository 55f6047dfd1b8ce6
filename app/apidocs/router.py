"""The OpenAPI documents and the pages that show them, with everything they need served from here."""

from functools import cache

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.access.deps import CurrentCaller, OptionalCaller
from app.apidocs.documents import describe_dataset, describe_everything
from app.core.pages.page import ICON, VARY, Page, read_part, style, wants_html
from app.datasets.lookup import get_dataset
from app.datasets.path import DatasetName

router = APIRouter(include_in_schema=False)

# The parts of the page's script, in the order in which they build on each other.
SCRIPTS = ("address", "access", "samples", "examples", "snippets", "overview", "filters", "plain", "start")
FOLDER = "docs_page"


class _Assets(StaticFiles):
    """Swagger UI's files, kept by browsers for a day."""

    def get_path(self, scope: Scope) -> str:
        """The file's path in the folder, whether or not a gateway has stripped its stage from the request's path.

        Starlette takes the folder off only if the stage is there too.
        """
        if not scope["path"].startswith(scope["root_path"]):
            scope = {**scope, "root_path": scope["root_path"].removeprefix(scope["app_root_path"])}
        return super().get_path(scope)

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=86400"
        return response


assets = _Assets(packages=[("fastapi_offline", "static")])


@router.get("/")
async def show_start(request: Request) -> Response:
    """Lead to the page that shows everything; programs that ask for JSON get the addresses there are."""
    if "application/json" in request.headers.get("accept", "") and not wants_html(request):
        root = str(request.base_url)
        places = {"docs": "docs", "openapi": "openapi.json", "datasets": "datasets", "problems": "problems"}
        links = {name: f"{root}{place}" for name, place in places.items()}
        return JSONResponse({"name": request.app.title, "version": request.app.version, **links}, headers=VARY)
    return RedirectResponse(f"{request.scope['root_path']}/docs", headers=VARY)


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
async def show_docs(request: Request) -> Response:
    """The page that shows and tries everything. It holds no data: its script asks for that with the reader's key."""
    return _page("docs").answer(request)


@router.get("/datasets/{dataset}/docs", response_class=HTMLResponse)
async def show_dataset_docs(request: Request) -> Response:
    """The page that shows one dataset; it holds no data either, not even whether there is such a dataset."""
    return _page("../../docs").answer(request)


@cache
def _page(home: str) -> Page:
    # Addresses are relative, so that the page works below any path a gateway puts in front.
    parts = {
        "style": style() + _read("page.css"),
        "script": "".join(_read(f"{name}.js") for name in SCRIPTS),
        "icon": ICON,
        "assets": f"{home}/assets",
        "home": home,
    }
    page = _read("page.html")
    for name, text in parts.items():
        page = page.replace(f"{{{name}}}", text)
    return Page(page)


def _read(name: str) -> str:
    return read_part("app.apidocs", f"{FOLDER}/{name}")
