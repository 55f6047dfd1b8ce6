"""Lists as every feature answers them: their parameters, their pages and what they refuse."""

from collections.abc import Callable, Sequence
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


def paginate(
    rows: Sequence[Item], limit: int, cursor_after: Callable[[Item], str]
) -> tuple[Sequence[Item], str | None]:
    """The rows of a page and the cursor of the next one, out of `limit` rows and one more if there is a next page."""
    data = rows[:limit]
    return data, cursor_after(data[-1]) if len(rows) > limit else None


def refuse_unknown_parameters(request: Request, known: Sequence[str]) -> None:
    """Raise UnknownParameter for the first query parameter that is not one of `known`."""
    for name in request.query_params:
        if name not in known:
            raise UnknownParameter(
                f"There is no parameter '{name}' here.{did_you_mean(name, known)}",
                hint=f"It takes: {', '.join(known)}." if known else "It takes none; the data goes into the body.",
            )
