"""Exceptions of the framework, the database and the network, rendered as problems."""

from collections.abc import Sequence

from asyncpg import PostgresError
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from app.core.database.errors import problem_of
from app.core.errors import (
    MalformedJson,
    MethodNotAllowed,
    ParameterInvalid,
    Problem,
    RequestInvalid,
    RouteNotFound,
)
from app.core.http.idempotency import Replayed, replay
from app.core.http.near_routes import find_near, find_taker
from app.core.http.problems import render_problem
from app.core.validation import Misfit, find_misfits

MAX_SHOWN = 200
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def install_exception_handlers(app: FastAPI) -> None:
    """Answer everything that a request can raise with a problem; an unknown exception is a 500."""
    app.add_exception_handler(Problem, _render)
    app.add_exception_handler(Replayed, _replay)
    app.add_exception_handler(HTTPException, _render_http)
    app.add_exception_handler(RequestValidationError, _render_validation)
    for kind in (PostgresError, OSError):
        app.add_exception_handler(kind, _render_database)


async def _render(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return render_problem(error)


async def _replay(_: Request, error: Exception) -> Response:
    assert isinstance(error, Replayed)
    return replay(error.answer)


async def _render_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    # Reading the body, FastAPI turns what it does not know into its own exception: the limit's problem is the cause.
    if isinstance(error.__cause__, Problem):
        return render_problem(error.__cause__)
    return render_problem(_problem_for_http(request, error))


def _problem_for_http(request: Request, error: HTTPException) -> Problem:
    path = request.scope["path"]
    if error.status_code == RouteNotFound.status:
        near, hint = find_near(path, _templates(request.app))
        return RouteNotFound(f"There is nothing at {_shown(path)}.{near}", hint=hint)
    if error.status_code == MethodNotAllowed.status:
        method, allowed = request.method, ", ".join(_allowed_methods(request))
        return MethodNotAllowed(
            f"{_shown(path)} does not accept {method}; it accepts {allowed}.",
            hint=find_taker(path, method, _templates(request.app, method)),
            headers={"Allow": allowed},
        )
    return MalformedJson("The body cannot be read.", hint="Send JSON, with Content-Type: application/json.")


def _shown(path: str) -> str:
    return path if len(path) <= MAX_SHOWN else f"{path[:MAX_SHOWN]}…"


def _templates(app: FastAPI, method: str | None = None) -> list[str]:
    """The addresses that there are, with their parameters in braces; those that take a method, if one is given."""
    return list(
        dict.fromkeys(
            route.path_format
            for route in iter_route_contexts(app.routes)
            if route.path_format and (method is None or method in (route.methods or ()))
        )
    )


def _allowed_methods(request: Request) -> list[str]:
    """Every method the path takes: routes of one path are separate, and the framework names the first one's only."""
    allowed = [method for method in METHODS if _takes(request, method)]
    return ["GET", "HEAD", *allowed[1:]] if "GET" in allowed else allowed


def _takes(request: Request, method: str) -> bool:
    scope = {**request.scope, "method": method}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)


async def _render_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    field = getattr(request.scope.get("route"), "body_field", None)
    body_type = field.field_info.annotation if field is not None else None
    return render_problem(_problem_for_misfits(find_misfits(error.errors(), error.body, body_type)))


def _problem_for_misfits(misfits: Sequence[Misfit]) -> Problem:
    first = misfits[0]
    errors = [misfit.document() for misfit in misfits]
    place = ".".join(map(str, first.path))
    message = first.message if first.message.endswith("?") else f"{first.message}."
    if first.where != "body":
        of_path = "It is the `id` in the list, and in the response that created it." if first.where == "path" else None
        return ParameterInvalid(f"'{place}' cannot be used: {message}", hint=first.hint or of_path, errors=errors)
    detail = f"{place}: {message}" if place else f"{message[:1].upper()}{message[1:]}"
    return RequestInvalid(detail, hint=first.hint, errors=errors)


async def _render_database(_: Request, error: Exception) -> Response:
    assert isinstance(error, PostgresError | OSError)
    problem = problem_of(error)
    if problem is None:
        raise error
    return render_problem(problem)
