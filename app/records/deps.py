"""Dependencies of requests for a single record: its key, and the preconditions."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import Path, Request
from starlette.convertors import PathConvertor, register_url_convertor

from app.columns.column import Column
from app.core.errors import ParameterInvalid
from app.records.etag import Preconditions, read_preconditions
from app.records.record_key import parse_key, split_key


class _AnyPath(PathConvertor):
    """The rest of a path, with any characters: Starlette's own ends at a line end, which a key may have."""

    regex = r"[\s\S]*"


register_url_convertor("path", _AnyPath())

RecordKey = Annotated[
    str, Path(alias="key", description="the key's value, or its values joined by commas, each percent-encoded")
]

# The values of the key that a request's address names, given the key's columns as they are now.
Address = Callable[[Sequence[Column]], list[Any]]


def read_address(request: Request, key: str) -> Address:
    """The address of the record that a path names."""
    path = request.scope.get("raw_path")
    return lambda columns: parse_key(split_key(path, key, columns), columns)


def read_conditions(request: Request, *, creates: bool = False) -> Preconditions:
    """The preconditions in the request's headers.

    Raises:
        ParameterInvalid: they are not what the standard describes, or this request cannot have them.
    """
    headers = request.headers
    return read_preconditions(headers.getlist("if-match"), headers.getlist("if-none-match"), creates=creates)


def refuse_body(request: Request) -> None:
    """Raise ParameterInvalid if a GET has a body, which would be passed over.

    A query as JSON, which its sender may have meant, is a POST.
    """
    headers = request.headers
    if "transfer-encoding" in headers or headers.get("content-length", "0").strip() not in ("", "0"):
        raise ParameterInvalid(
            "A GET has no body here: put what you ask for into the URL.",
            hint="A query as JSON goes to POST /datasets/{dataset}/records/query.",
        )
