"""Problems in OpenAPI documents: the schema of all, and a response for each. Pure."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field

from app.core.errors import Problem
from app.core.http.names import PROBLEM_JSON


class ProblemDocument(BaseModel):
    """An error, as RFC 9457 describes it."""

    type: str = Field(description="the kind of problem, for programs", examples=["/problems/dataset-not-found"])
    title: str = Field(description="the kind of problem, for people")
    status: int = Field(description="the HTTP status")
    detail: str = Field(description="what happened this time")
    hint: str | None = Field(None, description="how to fix it")
    errors: list[dict[str, Any]] | None = Field(None, description="each mistake, with a message and its position")
    request_id: str | None = Field(None, description="finds the request in the log")


def problem_responses(*problems: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """The problems of a route for its `responses=`: one entry a status."""
    found: dict[int | str, list[type[Problem]]] = {}
    for problem in problems:
        found.setdefault(problem.status, []).append(problem)
    return {
        status: problem_response(_either([problem.title for problem in same]), same) for status, same in found.items()
    }


def _either(titles: Sequence[str]) -> str:
    first, *others = titles
    return " or ".join([first, *(title[0].lower() + title[1:] for title in others)])


def problem_response(description: str, problems: Sequence[type[Problem]] = ()) -> dict[str, Any]:
    """An OpenAPI response whose body is a problem, with what tells the given ones apart as examples."""
    content: dict[str, Any] = {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}
    if problems:
        content["examples"] = {problem.slug(): {"value": _example(problem)} for problem in problems}
    return {"description": description, "content": {PROBLEM_JSON: content}}


def _example(problem: type[Problem]) -> dict[str, Any]:
    members = {"type": f"/problems/{problem.slug()}", "title": problem.title, "status": problem.status}
    return {**members, "detail": "What happened this time.", "request_id": "5f0c1d…"}
