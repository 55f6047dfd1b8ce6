"""OpenAPI documents as they are sent: built in a thread, one by one, and cached until the datasets change.

The process answers others meanwhile. Readers who ask for the same document at once share one build; the catalogue is
read in short statements, and no connection is held while a document is built.
"""

import asyncio
import gc
import gzip
import hashlib
import json
import re
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from app.access.principal import Principal
from app.apidocs.examples import with_examples
from app.core.http.accept_encoding import accepts_gzip, is_known
from app.core.recent import Recent
from app.core.settings import MIB, get_settings
from app.core.slices import slices
from app.datasets.lookup import DatasetRow, DatasetState, count_datasets, list_names, list_rows, list_states
from app.datasets.schema import DatasetSchema, find_kept_schema, schema_of
from app.records.openapi import assembly as openapi

KEPT_BYTES = 32 * MIB
# Of the datasets that are read by one statement.
MAX_COLUMNS_READ = 500
# Of the datasets that another one's document describes as well.
MAX_COLUMNS_REFERRED_TO = 10_000
# A smaller one would gain nothing.
LEAST_PACKED_BYTES = 1024
# It is built seldom and sent often.
LEVEL = 9

# A name or an address, and a port: a document repeats nothing else that a caller sends.
HOST = re.compile(r"([A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Build = Callable[[dict[str, Any]], bytes]


@dataclass(frozen=True)
class Document:
    """A document, its entity tag, and the document compressed."""

    plain: bytes
    etag: str
    packed: bytes | None

    @property
    def size(self) -> int:
        return len(self.plain) + len(self.packed or b"")


class Documents:
    """The documents of one application."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._kept = Recent[Document](KEPT_BYTES)
        self._building = asyncio.Lock()
        self._reading = asyncio.Lock()

    async def describe(self, request: Request, key: Hashable, build: Build) -> Response:
        """Answer with the document of this key, built of the one of the fixed routes if it is not kept."""
        address = address_of(request)
        place = (address, in_lambda(request), key)
        document = self._kept.find(place)
        if document is None:
            async with self._building:
                document = self._kept.find(place)
                if document is None:
                    document = await asyncio.to_thread(_without_pauses(self._build), request, address, build)
                    self._kept.keep(place, document, document.size)
        return _answer(request, document)

    async def find_schemas(
        self, states: Sequence[DatasetState], rows: Sequence[DatasetRow] = ()
    ) -> list[DatasetSchema]:
        """The schemas of datasets, those of `rows` first, with examples of their records."""
        # Readers who want the same find it once the first of them has read it.
        async with self._reading:
            schemas = [schema_of(row) for row in rows] + await _read_schemas(states)
            return await with_examples(schemas)

    async def find_schemas_within(self, most_bytes: int, states: Sequence[DatasetState]) -> list[DatasetSchema] | None:
        """The schemas of datasets with examples; None as soon as describing them is known to take more than so much."""
        names = {state.name for state in states}
        schemas: list[DatasetSchema] = []
        size = 0
        for some in slices(states, lambda state: state.width, MAX_COLUMNS_READ):
            found = await self.find_schemas(some)
            async with self._building:
                size += await asyncio.to_thread(_without_pauses(openapi.least_size), found, names)
            if size > most_bytes:
                return None
            schemas += found
        return schemas

    def _build(self, request: Request, address: str, build: Build) -> Document:
        if self._app.openapi_schema is None:
            # A second's work.
            self._app.openapi_schema = openapi.complete(self._app.openapi())
        plain = build({"servers": [{"url": address}], **self._app.openapi_schema})
        etag = f'W/"{hashlib.sha256(plain).hexdigest()[:32]}"'
        # Where the gateway compresses, only what a function could not send otherwise.
        least = get_settings().max_response_bytes + 1 if in_lambda(request) else LEAST_PACKED_BYTES
        is_worth_it = _size(request, plain) >= least
        return Document(plain, etag, gzip.compress(plain, LEVEL, mtime=0) if is_worth_it else None)


def documents_of(request: Request) -> Documents:
    """The documents of the application that a request was sent to."""
    state = request.app.state
    if not hasattr(state, "documents"):
        state.documents = Documents(request.app)
    documents: Documents = state.documents
    return documents


def address_of(request: Request) -> str:
    """The base URL at which clients reach the application, as this request did: the path alone without a host."""
    root, host = request.scope["root_path"], request.headers.get("host", "")
    if HOST.fullmatch(host) is None:
        return root or "/"
    return f"{request.scope['scheme']}://{host}{root}"


def in_lambda(request: Request) -> bool:
    """Return whether a Lambda function answers the request: the gateway compresses, and answers that fit are plain."""
    return "aws.event" in request.scope


async def describe_everything(request: Request, caller: Principal | None) -> Response:
    """Answer with the document of everything that the caller may see, or with its index if that is too much."""
    documents, root = documents_of(request), request.scope["root_path"]
    visible = caller.datasets if caller is not None else ()
    most = get_settings().max_documented_datasets
    states = await list_states(visible, most + 1) if caller is not None else []
    most_bytes = get_settings().max_openapi_bytes
    schemas = await documents.find_schemas_within(most_bytes, states) if len(states) <= most else None
    if schemas is None:
        names, total = await _list_indexed(visible)
        return await documents.describe(
            request, ("index", total, *names), lambda fixed: openapi.describe_index(fixed, root, names, total)
        )
    described = schemas

    def build(fixed: dict[str, Any]) -> bytes:
        whole = openapi.describe_all(fixed, described)
        if len(whole) <= most_bytes:
            return whole
        names = [schema.name for schema in described]
        return openapi.describe_index(fixed, root, names, len(names))

    return await documents.describe(request, ("everything", *schemas), build)


async def describe_dataset(request: Request, dataset: DatasetRow, caller: Principal) -> Response:
    """Answer with the document of one dataset."""
    documents = documents_of(request)
    named = {str(column["references"]) for column in dataset.columns if column.get("references")}
    readable = [name for name in named if caller.may("read", name)]
    states = await list_states(readable) if readable else []
    some = next(slices(states, lambda state: state.width, MAX_COLUMNS_REFERRED_TO), [])
    schema, *referenced = await documents.find_schemas(some, [dataset])
    most_bytes = get_settings().max_openapi_bytes

    def build(fixed: dict[str, Any]) -> bytes:
        whole = openapi.describe_dataset(fixed, schema, referenced)
        # The others are shown for `_embed` only: without them, the document is as whole as it can be.
        return whole if len(whole) <= most_bytes else openapi.describe_dataset(fixed, schema, [])

    return await documents.describe(request, ("dataset", schema, *referenced), build)


def _without_pauses(work: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """The work, with garbage left alone meanwhile: all of the process stands still while it is looked for.

    What is put together here and dropped again leaves none: it has no cycles.
    """

    @wraps(work)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        gc.disable()
        try:
            return work(*args, **kwargs)
        finally:
            gc.enable()

    return run


async def _list_indexed(visible: Collection[str] | None) -> tuple[list[str], int]:
    """The names that an index lists, and how many datasets there are in all."""
    names = await list_names(visible, get_settings().max_indexed_datasets)
    return names, max(len(names), await count_datasets(visible))


async def _read_schemas(states: Sequence[DatasetState]) -> list[DatasetSchema]:
    """The schemas of datasets in these states, or in the next ones; those that are gone are left out."""
    schemas = {state.id: find_kept_schema(state.id, state.updated_at) for state in states}
    absent = [state for state in states if schemas[state.id] is None]
    for some in slices(absent, lambda state: max(1, state.width), MAX_COLUMNS_READ):
        rows = await list_rows([state.id for state in some])
        schemas |= {row.id: schema_of(row) for row in rows}
    return [schema for schema in schemas.values() if schema is not None]


def _size(request: Request, document: bytes) -> int:
    """The bytes of a document that is sent: in a function's answer it is a text in JSON, in which a quote takes two."""
    return len(json.dumps(document.decode())) - len('""') if in_lambda(request) else len(document)


def _answer(request: Request, document: Document) -> Response:
    headers = {"ETag": document.etag, "Vary": "Accept-Encoding"}
    if is_known(",".join(request.headers.getlist("if-none-match")), document.etag):
        return Response(status_code=304, headers=headers)
    if document.packed is None or not accepts_gzip(",".join(request.headers.getlist("accept-encoding"))):
        return Response(document.plain, headers=headers, media_type="application/json")
    return Response(document.packed, headers=headers | {"Content-Encoding": "gzip"}, media_type="application/json")
