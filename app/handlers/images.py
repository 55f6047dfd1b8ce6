"""The Lambda function that answers with pictures. It knows no keys and no database: the table and the bucket alone.

A URL without a version needs a key, so it leads to the API's function.
"""

from typing import Any

from mangum import Mangum
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.core.errors import RouteNotFound
from app.core.http.cors import Cors
from app.core.http.middleware import HeadRequests, InternalErrors, RequestContext, RootPath
from app.core.http.problems import ProblemResponse, render_problem
from app.core.origins import parse_origins
from app.core.settings import get_settings
from app.handlers.environment import prepare_log
from app.handlers.fronts import HttpRequest, RestRequest
from app.images.variants.content import Content, parameters_of
from app.images.variants.stock import Stock

# A picture travels in base64, within an answer that Lambda limits.
GROWTH = 4 / 3
# There is one core at 1,769 MB.
MAKERS = 1


def create_app() -> Starlette:
    """The application of the function."""
    settings = get_settings()
    content = Content(Stock(MAKERS), most_bytes=int(settings.max_response_bytes / GROWTH))

    async def show(request: Request) -> Response:
        given = request.query_params.multi_items()
        image = request.path_params["image"]
        if not any(name == "v" for name, _ in given):
            query = f"?{request.url.query}" if request.url.query else ""
            location = f"{settings.base_url}/images/{image}/link{query}"
            return Response(status_code=307, headers={"Location": location, "Cache-Control": "private, no-store"})
        return await content.respond(request, image, given)

    async def show_object(request: Request) -> Response:
        """Show a variant by its object's path: CloudFront asks so if the bucket has it not."""
        path = request.path_params
        return await content.respond(request, path["image"], parameters_of(path["shape"], path["version"]))

    async def refuse(_request: Request, _error: Exception) -> Response:
        return render_problem(RouteNotFound("There are only pictures here."))

    return Starlette(
        routes=[
            Route("/images/{image}/content", show, methods=["GET"]),
            Route("/variants/{image}/{version}/{shape}", show_object, methods=["GET"]),
        ],
        middleware=[
            Middleware(RequestContext),
            Middleware(RootPath, path=settings.root_path),
            Middleware(Cors, origins=parse_origins(settings.cors_origins)),
            Middleware(InternalErrors),
            Middleware(HeadRequests),
            *_guard(),
        ],
        exception_handlers={404: refuse, 405: refuse},
    )


def _guard() -> list[Middleware]:
    secret = get_settings().origin_secret
    if secret is None:
        return []
    from app.handlers.origin_guard import OriginGuard  # noqa: PLC0415  # one front only has it

    return [Middleware(OriginGuard, secret=secret.get_secret_value())]


def _load() -> Any:
    prepare_log("images")
    # As in the API's function: clients live as long as the process.
    return Mangum(
        create_app(),
        lifespan="off",
        custom_handlers=[RestRequest, HttpRequest],
        text_mime_types=[ProblemResponse.media_type],
    )


handler = _load()
