"""What the framework, the database and the network raise, rendered as problems."""

from typing import Any

from asyncpg import PostgresError
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from app.core.errors import (
    MalformedJson,
    MethodNotAllowed,
    ParameterInvalid,
    Problem,
    RequestInvalid,
    RouteNotFound,
    did_you_mean,
)
from app.core.http import render_problem
from app.core.idempotency import Replayed, replay
from app.core.postgres import problem_of

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def install_exception_handlers(app: FastAPI) -> None:
    """Have everything that a request can raise answered with a problem; what is not known here is a 500."""
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
        return RouteNotFound(f"There is nothing at {path}.{_near_route(request)}", hint="See /docs for what there is.")
    if error.status_code == MethodNotAllowed.status:
        allowed = ", ".join(_allowed_methods(request))
        return MethodNotAllowed(
            f"{path} does not take {request.method}; it takes {allowed}.", headers={"Allow": allowed}
        )
    return MalformedJson("The body cannot be read as JSON.", hint="Send JSON in UTF-8.")


def _near_route(request: Request) -> str:
    first = request.scope["path"].strip("/").split("/")[0]
    known = {route.path.split("/")[1] for route in iter_route_contexts(request.app.routes) if route.path}
    return "" if first in known else did_you_mean(first, known)


def _allowed_methods(request: Request) -> list[str]:
    """Every method the path takes: routes of one path are separate, and the framework names the first one's only."""
    allowed = [method for method in METHODS if _takes(request, method)]
    return ["GET", "HEAD", *allowed[1:]] if "GET" in allowed else allowed


def _takes(request: Request, method: str) -> bool:
    scope = {**request.scope, "method": method}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)


async def _render_validation(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return render_problem(_problem_for_validation(error.errors()))


def _problem_for_validation(mistakes: Any) -> Problem:
    errors = [_locate(mistake) for mistake in mistakes]
    first = mistakes[0]
    if first["type"] == "json_invalid":
        reason = first.get("ctx", {}).get("error", "it does not parse")
        return MalformedJson(f"The body is not JSON: {reason}.", errors=errors)
    place = ".".join(str(part) for part in first["loc"][1:])
    message = _message(first)
    if first["loc"][0] != "body":
        return ParameterInvalid(f"'{place}' cannot be used: {message}.", errors=errors)
    detail = f"{place}: {message}." if place else f"{message}."
    return RequestInvalid(detail, hint=first.get("ctx", {}).get("hint"), errors=errors)


def _locate(mistake: dict[str, Any]) -> dict[str, Any]:
    where, *path = mistake["loc"]
    return {"in": where, "path": "/".join(str(part) for part in path), "message": _message(mistake)}


def _message(mistake: dict[str, Any]) -> str:
    if mistake["type"] == "extra_forbidden":
        return f"There is no member '{mistake['loc'][-1]}' here"
    message = str(mistake["msg"]).removeprefix("Value error, ")
    return message[:1].upper() + message[1:] if not message.startswith("'") else message


async def _render_database(_: Request, error: Exception) -> Response:
    assert isinstance(error, PostgresError | OSError)
    problem = problem_of(error)
    if problem is None:
        raise error
    return render_problem(problem)
