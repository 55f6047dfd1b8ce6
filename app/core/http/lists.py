"""Lists as every feature answers them: their parameters, their pages and what they refuse."""

from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel
from starlette.requests import Request

from app.core.errors import CursorInvalid, ParameterInvalid, UnknownParameter, did_you_mean

Item = TypeVar("Item")

# What a list answers that cannot be understood.
LIST_PROBLEMS = (ParameterInvalid, UnknownParameter, CursorInvalid)

Limit = Annotated[int, Query(alias="_limit", ge=1, le=1000, description="Maximum number.")]
Cursor = Annotated[str | None, Query(alias="_cursor", description="`next` of the previous page.")]


class Page(BaseModel, Generic[Item]):
    """A part of a list; `next` is the cursor of the part after it, null at the end."""

    data: Sequence[Item]
    next: str | None = None


def refuse_unknown_parameters(request: Request, known: Sequence[str]) -> None:
    """Raise UnknownParameter for the first query parameter that is not one of `known`."""
    for name in request.query_params:
        if name not in known:
            raise UnknownParameter(
                f"There is no parameter '{name}' here.{did_you_mean(name, known)}",
                hint=f"It takes: {', '.join(known)}." if known else "It takes none; the data goes into the body.",
            )
