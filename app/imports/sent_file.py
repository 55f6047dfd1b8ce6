"""Sent file: a file that comes in the request that imports it, with what its address or its form says of it.

Such a request is read as the JSON that would announce the file; from there on both kinds are one.
"""

import json
import warnings
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope

from app.core.errors import (
    MediaTypeUnsupported,
    ParameterInvalid,
    Problem,
    RequestInvalid,
    UnknownParameter,
    did_you_mean,
)
from app.core.http.body import JsonRoute
from app.core.http.names import JSON
from app.datasets.import_options import ImportOptions
from app.imports.models import ImportCreate

MULTIPART = "multipart/form-data"
# What clients call a table of text, packed or not; Windows knows a CSV file as Excel's.
FILE_TYPES = (
    *("text/csv", "application/csv", "text/tab-separated-values", "application/octet-stream"),
    *("application/gzip", "application/x-gzip", "application/zstd", "application/vnd.ms-excel"),
    *("application/zip", "application/x-zip-compressed"),
)
DEFAULT_NAME = "file.csv"
# More fields than a form can have a use for, and longer headers.
MAX_PARTS, MAX_HEAD = 1000, 8 * 1024
_DESCRIBING = (b"content-type", b"content-disposition")
HOW_TO_SEND = (
    "Send the file itself as Content-Type: text/csv or in a form, or announce it as JSON: "
    '{"filename": "stock.csv"}, and send it to the `upload` that the answer has.'
)
_FILE = "tolva.sent_file"
_LISTS = ("nulls", "units")
_FLAGS = ("dry_run", "allow_empty", "infer_again", "quoted_nulls", "lenient_quotes", "pad_short_rows")
_NUMBERS = ("max_rejections",)
_ONLY_AS_JSON = ("size", "in_parts", "options", "columns")
_TAKEN = (*(name for name in ImportCreate.model_fields if name not in _ONLY_AS_JSON), *ImportOptions.model_fields)


@dataclass(frozen=True)
class SentFile:
    """A file that came with a request; `said` are the settings that did, by name: all values that each was given."""

    name: str
    content: bytes
    said: Mapping[str, list[str]]


class SendableRoute(JsonRoute):
    """A route that takes the JSON of its type, or a file with the same members in the query string or in a form."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler for either kind of request."""
        handle_json = super().get_route_handler()
        if self.body_field is None:
            return handle_json
        # What comes of a file is read already; the reader of JSON would wait for another body.
        handle = APIRoute.get_route_handler(self)

        async def handle_either(request: Request) -> Response:
            kind = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
            if kind in (*FILE_TYPES, MULTIPART):
                return await handle(await _read(request, kind))
            if kind != JSON:
                raise MediaTypeUnsupported(f"The body is sent as '{kind[:100]}'.", hint=HOW_TO_SEND)
            return await handle_json(request)

        return handle_either


def describe_sent_file() -> dict[str, Any]:
    """The part of the operation's document about requests with a file, in addition to the JSON."""
    content = {"type": "string", "format": "binary"}
    form = {"type": "object", "required": ["file"], "properties": {"file": content}}
    schemas = {**ImportCreate.model_json_schema()["properties"], **ImportOptions.model_json_schema()["properties"]}
    return {
        "requestBody": {"content": {"text/csv": {"schema": content}, MULTIPART: {"schema": form}}},
        "parameters": [_describe(name, schemas[name]) for name in _TAKEN],
    }


# The settings that are written otherwise in an address than in JSON.
_WRITTEN: dict[str, dict[str, Any]] = {
    "header": {"type": "string", "pattern": "^(true|false|[1-9][0-9]{0,8})$"},
    "booleans": {"type": "array", "items": {"type": "string", "pattern": "^[^,]+$"}, "minItems": 2, "maxItems": 2},
    "date_format": {"type": "array", "items": {"type": "string", "pattern": "^.+=.+$"}},
}


def _describe(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter of a request with a file."""
    about = schema.get("description") or f"`{name}` of the JSON"
    said = next((kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}), schema)
    shown = {member: value for member, value in said.items() if member not in ("title", "default", "description")}
    shown |= {member: schema[member] for member in ("pattern",) if member in schema}
    shown = _WRITTEN.get(name, shown)
    return {"name": name, "in": "query", "required": False, "description": f"With a file: {about}.", "schema": shown}


def find_sent_file(request: Request) -> SentFile | None:
    """The file that came with a request, or None if it only announces one.

    Raises:
        RequestInvalid, ParameterInvalid, UnknownParameter: there is no file, or its parameters are invalid.
    """
    found: SentFile | Problem | None = request.scope.get(_FILE)
    if isinstance(found, Problem):
        raise found
    if found is None and request.query_params:
        name = next(iter(request.query_params))
        raise UnknownParameter(
            f"There is no parameter '{name}' with JSON.",
            hint="Say it in the body. Parameters go with a request whose body is the file.",
        )
    return found


async def _read(request: Request, kind: str) -> Request:
    """The request as one that announces its file, which `find_sent_file` gives.

    What is wrong with it is said there as well: once the caller is known.
    """
    body = await request.body()
    found: SentFile | Problem
    try:
        found = read_form(request, body) if kind == MULTIPART else read_plain(request, body)
        announcement = _announce(found)
    except Problem as problem:
        found, announcement = problem, {"filename": DEFAULT_NAME}
    headers = [header for header in request.scope["headers"] if header[0] != b"content-type"]
    scope = {**request.scope, _FILE: found, "headers": [*headers, (b"content-type", JSON.encode())]}
    return _Announcing(scope, request.receive, announcement, body if isinstance(found, Problem) else found.content)


class _Announcing(Request):
    """A request that came with a file, as one with the JSON that announces it.

    Its body is the same if it is sent again in a form with another boundary: an Idempotency-Key is for what is meant.
    """

    def __init__(self, scope: Scope, receive: Receive, announcement: dict[str, Any], content: bytes) -> None:
        super().__init__(scope, receive)
        self._json = announcement
        self._body = json.dumps(announcement, sort_keys=True).encode() + b"\n" + content


def read_plain(request: Request, body: bytes) -> SentFile:
    """The file that is the body, with what the headers and the address say of it."""
    said = _collect(request.query_params.multi_items())
    head = _read_head([(name, value) for name, value in request.headers.raw if name in _DESCRIBING])
    if head.charset and "encoding" not in said:
        said["encoding"] = [head.charset]
    return SentFile(_only("filename", said.pop("filename", [head.filename or DEFAULT_NAME])), body, said)


def read_form(request: Request, body: bytes) -> SentFile:
    """The one file of a form, and its other fields: RFC 7578."""
    files: list[tuple[str, bytes]] = []
    fields = request.query_params.multi_items()
    for head, content in _parts_of(request.headers["content-type"], body):
        if head.filename is not None:
            files.append((head.filename or DEFAULT_NAME, content))
        else:
            fields.append((head.name, content.decode("utf-8", "replace")))
    if len(files) != 1:
        raise RequestInvalid(
            f"The form has {len(files)} files; one is imported at a time.", hint="As curl sends it: -F file=@stock.csv."
        )
    said = _collect(fields)
    name, content = files[0]
    return SentFile(_only("filename", said.pop("filename", [name])), content, said)


def _parts_of(kind: str, body: bytes) -> Iterator[tuple["_Head", bytes]]:
    """The parts of a form: RFC 2046, 5.1.1."""
    boundary = _read_head([(b"content-type", kind.encode("latin-1"))]).boundary
    if not boundary or not boundary.isascii():
        raise RequestInvalid("The form's Content-Type has no boundary of ASCII characters.", hint=HOW_TO_SEND)
    _, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary.encode(), MAX_PARTS + 1)
    if len(parts) > MAX_PARTS:
        raise RequestInvalid(f"The form has more than {MAX_PARTS} parts.", hint=HOW_TO_SEND)
    for part in parts:
        if part.startswith(b"--"):
            return
        _, _, rest = part.partition(b"\r\n")
        # A part without headers begins with the empty line.
        head, _, content = (b"\r\n" + rest).partition(b"\r\n\r\n")
        lines = [line.partition(b":") for line in head.split(b"\r\n")]
        yield _read_head([(name.strip().lower(), value.strip()) for name, _, value in lines]), content


@dataclass(frozen=True)
class _Head:
    """Parse headers of a body."""

    name: str
    filename: str | None
    charset: str | None
    boundary: str | None


def _read_head(headers: Iterable[tuple[bytes, bytes]]) -> _Head:
    """Parse headers of a body, in which a file's name may be encoded in several ways: RFC 6266."""
    # The client of the bucket loads it too, and nothing before.
    from aiohttp.helpers import parse_mimetype  # noqa: PLC0415
    from aiohttp.multipart import content_disposition_filename, parse_content_disposition  # noqa: PLC0415

    given = {name: value.decode("utf-8", "replace") for name, value in headers if name in _DESCRIBING}
    if sum(map(len, given.values())) > MAX_HEAD:
        raise RequestInvalid(f"The headers of the file have more than {MAX_HEAD:,} characters.", hint=HOW_TO_SEND)
    said = parse_mimetype(given.get(b"content-type", "")).parameters
    try:
        with warnings.catch_warnings(action="ignore"):
            _, disposition = parse_content_disposition(given.get(b"content-disposition"))
            filename = content_disposition_filename(disposition)
    except ValueError:
        raise RequestInvalid("The file's Content-Disposition cannot be read.", hint=HOW_TO_SEND) from None
    return _Head(disposition.get("name", ""), filename, said.get("charset"), said.get("boundary"))


def _collect(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """The settings by their names.

    Raises:
        UnknownParameter: a name is unknown.
    """
    said: dict[str, list[str]] = {}
    for name, value in pairs:
        if name not in _TAKEN:
            raise UnknownParameter(
                f"There is no parameter '{name[:100]}' here.{did_you_mean(name, _TAKEN)}",
                hint=f"With a file go: {', '.join(_TAKEN)}.",
            )
        said.setdefault(name, []).append(value)
    return said


def _announce(sent: SentFile) -> dict[str, Any]:
    """The parameters of a file, as the JSON that would announce it."""
    members: dict[str, Any] = {"filename": sent.name.replace("\\", "/").rpartition("/")[2], "size": len(sent.content)}
    options: dict[str, Any] = {}
    for name, values in sent.said.items():
        value = _READERS.get(name, _only)(name, values)
        if name in ImportOptions.model_fields:
            options[name] = value
        else:
            members[name] = value
    return members | ({"options": options} if options else {})


def _only(name: str, values: list[str]) -> str:
    if len(values) > 1:
        raise ParameterInvalid(f"'{name}' is given {len(values)} times.", hint="Give it once.")
    return values[0]


def _flag(name: str, values: list[str]) -> bool | str:
    text = _only(name, values)
    return {"true": True, "false": False}.get(text.lower(), text)


def _number(name: str, values: list[str]) -> int | str:
    text = _only(name, values)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else text


def _header(name: str, values: list[str]) -> int | str:
    text = _flag(name, values)
    return _number(name, values) if isinstance(text, str) else text


def _names(_name: str, values: list[str]) -> list[str]:
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def _list(_name: str, values: list[str]) -> list[str]:
    return values


def _formats(name: str, values: list[str]) -> dict[str, str]:
    formats = {}
    for value in values:
        column, _, written = value.rpartition("=")
        if not (column and written):
            raise ParameterInvalid(f"'{value[:100]}' in '{name}' is not column=format.", hint="As day=DD/MM/YYYY.")
        formats[column] = written
    return formats


def _delimiter(name: str, values: list[str]) -> str:
    return _only(name, values).replace("\\t", "\t")


_READERS: dict[str, Callable[[str, list[str]], Any]] = {
    **dict.fromkeys(_LISTS, _list),
    **dict.fromkeys(_FLAGS, _flag),
    **dict.fromkeys(_NUMBERS, _number),
    "header": _header,
    "key": _names,
    "booleans": _names,
    "date_format": _formats,
    "delimiter": _delimiter,
}
