"""The application: routers, middleware and problem rendering; the only place that knows every feature."""

from collections.abc import Sequence

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.types import Receive, Scope, Send

from app.core import health
from app.core.http.cors import Cors
from app.core.http.error_handlers import install_exception_handlers
from app.core.http.idempotency import IdempotentRequests
from app.core.http.middleware import BodyLimit, HeadRequests, InternalErrors, RequestContext, RootPath
from app.core.http.problem_documents import problem_response
from app.core.origins import parse_origins
from app.core.settings import Settings, get_settings
from app.datasets import images as image_port
from app.images import lookup as images
from app.records import router as records
from app.records import write_router as record_writes

DESCRIPTION = "Drop a CSV in a bucket, get a typed, documented API."


def create_app(*, within: Sequence[Middleware] = (), late: bool = False) -> FastAPI:
    """Build the application. It reads the settings, and neither database nor network.

    `within` is middleware of the environment around the routes: its answers have a request id and CORS headers. `late`:
    the routes that take long to load are included by the first request for one of them.

    Raises:
        SettingsInvalid: a setting is missing or unsafe.
    """
    settings = get_settings()
    image_port.provide(images)
    app = FastAPI(
        title="Tolva",
        summary=DESCRIPTION,
        version="0.1.0",
        # Our own pages take their place: they know the datasets and need no internet.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        # A URL with an extra slash is a 404: clients turn `…/records/..` into one.
        redirect_slashes=False,
        # A body that does not say what it is, is JSON: `core/body.py` reads all of them.
        strict_content_type=False,
        separate_input_output_schemas=False,
        generate_unique_id_function=lambda route: route.name,
        responses={"default": problem_response("Any other problem")},
        middleware=_middleware(settings, within),
    )
    # A request looks for its route from the first on: what is asked for most comes first.
    for feature in (records, record_writes, health):
        app.include_router(feature.router)
    app.include_router(records.aggregates)
    if late:
        _include_at_first_use(app)
    else:
        _include_catalogue(app)
        _serve_pictures()
    install_exception_handlers(app)
    return app


def _include_catalogue(app: FastAPI) -> None:
    """Include the routes that work with the catalogue, in sessions: loading these takes as long as all the others."""
    from app.access.keys import router as keys  # noqa: PLC0415
    from app.apidocs import examples as record_examples  # noqa: PLC0415
    from app.apidocs import router as docs  # noqa: PLC0415
    from app.core.pages import problem_pages  # noqa: PLC0415
    from app.datasets import router as datasets  # noqa: PLC0415
    from app.images import router as images  # noqa: PLC0415
    from app.images.variants import router as variants  # noqa: PLC0415
    from app.imports import router as imports  # noqa: PLC0415
    from app.records.keyvalue import examples as keyvalue_examples  # noqa: PLC0415

    for feature in (datasets, imports, images, variants, keys, docs, problem_pages):
        app.include_router(feature.router)
    record_examples.provide("keyvalue", keyvalue_examples.find_record)
    app.mount("/docs/assets", docs.assets, name="assets")


def _serve_pictures() -> None:
    """Let the routes of pictures answer; in AWS another function does, whose encoders this one would never load."""
    from app.images.check.process import most_processes  # noqa: PLC0415
    from app.images.variants.content import Content  # noqa: PLC0415
    from app.images.variants.router import serve_with  # noqa: PLC0415
    from app.images.variants.stock import Stock  # noqa: PLC0415

    serve_with(Content(Stock(most_processes())))


def _include_at_first_use(app: FastAPI) -> None:
    """Include them on the first unmatched request, which is then served like any other."""
    refuse = app.router.default

    async def include(scope: Scope, receive: Receive, send: Send) -> None:
        _include_catalogue(app)
        app.router.default = refuse
        await app.router(scope, receive, send)

    app.router.default = include


def _middleware(settings: Settings, within: Sequence[Middleware]) -> list[Middleware]:
    return [
        Middleware(RequestContext),
        Middleware(RootPath, path=settings.root_path),
        Middleware(Cors, origins=parse_origins(settings.cors_origins)),
        Middleware(InternalErrors),
        Middleware(HeadRequests),
        *within,
        *_refuse_writes(settings),
        Middleware(IdempotentRequests),
        Middleware(BodyLimit),
    ]


def _refuse_writes(settings: Settings) -> list[Middleware]:
    """The middleware that refuses writes where the database is a copy."""
    if not settings.read_only:
        return []
    from app.core.http.read_only import ReadOnly  # noqa: PLC0415  # few processes need it

    return [Middleware(ReadOnly, reads=records.router.routes)]
