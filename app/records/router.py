"""Records over HTTP. Their JSON comes from the database as text and is passed on as it is."""

import json
from typing import Any

from fastapi import APIRouter, Request, Response

from app.core.body import JsonBody
from app.core.db import Session
from app.core.errors import (
    CursorInvalid,
    MalformedJson,
    MediaTypeUnsupported,
    ParameterInvalid,
    StatementTimedOut,
    UnknownParameter,
)
from app.core.http import problem_responses, refuse_unknown_parameters
from app.core.settings import get_settings
from app.datasets import openapi_queries as queries
from app.datasets import repository
from app.datasets.deps import DatasetFromPath
from app.datasets.errors import DatasetNotFound, DatasetReshaped
from app.datasets.shape import Shape, shape_of
from app.keys.deps import CurrentCaller
from app.keys.errors import KeyMissing, ScopeMissing
from app.keys.principal import Principal
from app.records import keys, relational
from app.records.aggregate import aggregate_from_address
from app.records.deps import RecordKey
from app.records.errors import (
    ExportTooLarge,
    FormatNotAvailable,
    ParameterRepeated,
    QueryContradictory,
    QueryInvalid,
    QueryTooLarge,
    RecordKeyInvalid,
    RecordNotFound,
    ResultOutOfRange,
)
from app.records.exports import MEDIA_TYPES, ExportResponse, plan_export
from app.records.formats import accepted_form
from app.records.limits import Limits
from app.records.preconditions import etag_of, is_known, quoted
from app.records.query import (
    Form,
    RecordQuery,
    RecordView,
    next_cursor,
    query_from_address,
    query_from_body,
    unserved,
    view_from_address,
)
from app.records.sql import Embedded

READ_PROBLEMS = problem_responses(KeyMissing, ScopeMissing, DatasetNotFound, StatementTimedOut, DatasetReshaped)
QUERY_PROBLEMS = (
    *(ParameterInvalid, UnknownParameter, ParameterRepeated, QueryTooLarge, QueryContradictory, CursorInvalid),
    *(FormatNotAvailable, ExportTooLarge),
)
# Longer ones would make a header that proxies refuse; `next` is in the page all the same.
MAX_LINK_LENGTH = 4000

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The record is as If-None-Match has it"}}

router = APIRouter(prefix="/datasets/{dataset}/records", tags=["records"], responses=READ_PROBLEMS)
# Beside the records, so that no key can be called as it is.
aggregates = APIRouter(prefix="/datasets/{dataset}/aggregate", tags=["records"], responses=READ_PROBLEMS)


@router.get(
    "",
    response_class=Response,
    responses=problem_responses(*QUERY_PROBLEMS),
    openapi_extra={"parameters": queries.ANY_LIST},
)
async def list_records(request: Request, dataset: DatasetFromPath, caller: CurrentCaller, session: Session) -> Response:
    """List records: those that fulfil all conditions, sorted, in pages, or all of them as CSV or as lines of JSON."""
    shape = shape_of(dataset)
    form = accepted_form(request.headers.get("accept"))
    query = query_from_address(shape, request.scope["query_string"], limits(), form)
    return await _run(session, caller, shape, query, form, request=request)


@router.post(
    "/query",
    response_class=Response,
    responses=problem_responses(QueryInvalid, MalformedJson, MediaTypeUnsupported, *QUERY_PROBLEMS),
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": queries.ANY_QUERY}}}},
)
async def query_records(
    request: Request, dataset: DatasetFromPath, caller: CurrentCaller, session: Session, body: JsonBody
) -> Response:
    """Query records: as the list does, with conditions joined by and, or and not, and with long lists of values."""
    shape = shape_of(dataset)
    refuse_unknown_parameters(request, ())
    form = accepted_form(request.headers.get("accept"))
    query = query_from_body(shape, body, limits(), form)
    return await _run(session, caller, shape, query, form)


@router.post(
    "/get",
    response_class=Response,
    responses=problem_responses(QueryInvalid, QueryTooLarge, MalformedJson, MediaTypeUnsupported),
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": queries.ANY_KEYS}}}},
)
async def get_records(request: Request, dataset: DatasetFromPath, session: Session, body: JsonBody) -> Response:
    """Get many records by their keys, in the order of these, null for each that there is not."""
    shape = shape_of(dataset)
    refuse_unknown_parameters(request, ())
    asked = keys.keys_from_body(body, shape.key, get_settings().max_keys)
    records = await relational.get_many(session, shape, asked)
    text = f'{{"data":[{",".join(record or "null" for record in records)}]}}'
    return Response(text, media_type="application/json")


@router.get(
    "/{key:path}",
    response_class=Response,
    responses={
        **NOT_MODIFIED,
        **problem_responses(RecordNotFound, RecordKeyInvalid, ParameterInvalid, UnknownParameter),
    },
    openapi_extra={"parameters": queries.ANY_VIEW},
)
async def get_record(
    request: Request, dataset: DatasetFromPath, key: RecordKey, caller: CurrentCaller, session: Session
) -> Response:
    """Get a record by its key."""
    shape = shape_of(dataset)
    texts = keys.split_key(request.scope.get("raw_path"), key, len(shape.key))
    values = keys.parse_key(texts, shape.key)
    if not request.scope["query_string"]:
        record = await relational.get_record(session, dataset, values)
        etag = etag_of(record)
    else:
        view = view_from_address(shape, request.scope["query_string"], limits())
        embedded = await _find_embedded(session, caller, view)
        record, digest = await relational.get_view(session, shape, values, view, embedded)
        etag = quoted(digest)
    if is_known(request.headers.getlist("if-none-match"), etag):
        return Response(status_code=304, headers={"ETag": etag})
    return Response(record, media_type="application/json", headers={"ETag": etag})


@aggregates.get(
    "",
    response_class=Response,
    responses=problem_responses(*QUERY_PROBLEMS, ResultOutOfRange),
    openapi_extra={"parameters": queries.ANY_AGGREGATE},
)
async def aggregate_records(request: Request, dataset: DatasetFromPath, session: Session) -> Response:
    """Compute counts, sums, means and extremes of the records that fulfil all conditions, in groups or at all."""
    shape = shape_of(dataset)
    query = aggregate_from_address(shape, request.scope["query_string"], limits())
    results, more = await relational.compute(session, shape, query)
    text = f'{{"data":[{",".join(results)}],"complete":{json.dumps(not more)}}}'
    return Response(text, media_type="application/json")


def limits() -> Limits:
    """How much one query may ask for, as the settings say."""
    settings = get_settings()
    return Limits(
        page_size=settings.max_page_size,
        export_records=settings.max_export_records,
        terms=settings.max_query_terms,
        depth=settings.max_query_depth,
        list_values=settings.max_list_values,
        text_length=settings.max_query_text,
    )


async def _run(
    session: Session, caller: Principal, shape: Shape, query: RecordQuery, form: Form, *, request: Request | None = None
) -> Response:
    """What a query has, in the form that was asked for; with the request of an address, a page links to the next."""
    embedded = await _find_embedded(session, caller, query.view)
    if form != "page":
        return await _export(session, shape, query, form, embedded)
    return _answer(shape, query, await relational.list_page(session, shape, query, embedded), request)


async def _find_embedded(session: Session, caller: Principal, view: RecordView) -> Embedded:
    """The shapes of the datasets that a view embeds, all of which the caller must be allowed to read."""
    names = {column.name: column.references or "" for column in view.embed}
    for name in names.values():
        caller.demand("read", name)
    return {
        column: shape_of(await repository.get_dataset(session, name, visible=caller.datasets))
        for column, name in names.items()
    }


async def _export(session: Session, shape: Shape, query: RecordQuery, form: Form, embedded: Embedded) -> Response:
    if not shape.columns:
        return Response(media_type=MEDIA_TYPES[form])
    await relational.check_export(session, shape, query)
    return ExportResponse(shape.name, form, plan_export(shape, query, form, embedded))


def _answer(shape: Shape, query: RecordQuery, page: relational.RecordPage, request: Request | None) -> Response:
    following = next_cursor(shape, query, page.last) if page.last is not None else None
    members = [f'"data":[{",".join(page.records)}]', f'"next":{json.dumps(following)}']
    if page.count is not None:
        members.append(f'"count":{page.count}')
    if page.seconds >= get_settings().slow_query_seconds and (parts := unserved(shape, query)):
        members.append(f'"warnings":{json.dumps([f"No index serves {part}." for part in parts])}')
    headers = {"Vary": "Accept"}
    if following is not None and request is not None:
        headers |= _link(request, shape, following)
    return Response(f"{{{','.join(members)}}}", media_type="application/json", headers=headers)


def _link(request: Request, shape: Shape, cursor: str) -> dict[str, str]:
    url = request.url_for("list_records", dataset=shape.name)
    address = str(url.include_query_params(**{**request.query_params, "_cursor": cursor}))
    return {"Link": f'<{address}>; rel="next"'} if len(address) <= MAX_LINK_LENGTH else {}
