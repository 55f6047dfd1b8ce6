"""Queries of a dataset's records: conditions and flags as query parameters. Pure."""

import re
from collections.abc import Sequence
from typing import Annotated, Literal

import typer

Format = Literal["table", "json", "ndjson", "csv"]
FileFormat = Literal["csv", "ndjson", "json", "zip"]
Parameters = list[tuple[str, str]]

MEDIA_TYPES = {"csv": "text/csv", "zip": "text/csv", "ndjson": "application/x-ndjson", "json": "application/x-ndjson"}

Filters = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILTER",
        help="Conditions that all hold: category=Outdoor price__gte=10 name__ilike=%lamp% (docs/queries.md).",
        show_default=False,
    ),
]
Select = Annotated[str | None, typer.Option(help="The columns to show: sku,price.", show_default=False)]
Sort = Annotated[
    str | None, typer.Option(help="The columns to sort by, - for descending: -price,name.", show_default=False)
]
Search = Annotated[
    str | None, typer.Option("--search", help="Words that the text columns contain.", show_default=False)
]
Limit = Annotated[int | None, typer.Option(min=1, help="Maximum number.", show_default=False)]

# How others write what has an operator of its own here.
_SIGNS = {">": "__gt", ">=": "__gte", "<": "__lt", "<=": "__lte", "!": "__ne", "!=": "__ne", "<>": "__ne"} | {
    "~": "__ilike"
}


def parse_filters(filters: Sequence[str]) -> Parameters:
    """Conditions as parameters, in their order; which columns and operators there are is the API's to say."""
    return [_parse_filter(text) for text in filters]


def _parse_filter(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if sign and name and name[-1] not in "<>!~":
        return name, value
    if match := re.fullmatch(r"(\w+)\s*(>=|<=|!=|<>|[<>!~])\s*(.*)", text, re.DOTALL):
        name, sign, value = match.groups()
        raise typer.BadParameter(f"'{text}' is not a filter; write {name}{_SIGNS[sign]}={value}", param_hint="FILTER")
    raise typer.BadParameter(f"'{text}' is not a filter; write price=3 or price__gt=3", param_hint="FILTER")


def list_parameters(
    filters: Sequence[str], *, select: str | None, sort: str | None, search: str | None, limit: int | None
) -> Parameters:
    """The parameters of a list."""
    flags = {"_select": select, "_sort": sort, "_q": search, "_limit": limit}
    return [*parse_filters(filters), *((name, str(value)) for name, value in flags.items() if value is not None)]
