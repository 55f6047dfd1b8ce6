"""Records over HTTP. Their JSON comes from the database as text and is passed on as it is."""

import json
from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from app.access.errors import KeyMissing, ScopeMissing
from app.core.errors import CursorInvalid, ParameterInvalid, SlowReadsBusy, StatementTimedOut, UnknownParameter
from app.core.http.body import JSON_PROBLEMS, read_json_body
from app.core.http.lists import refuse_unknown_parameters
from app.core.http.names import JSON
from app.core.http.problem_documents import problem_responses
from app.core.settings import get_settings
from app.datasets.errors import DatasetNotFound, DatasetSchemaChanged, NotSupportedByStore
from app.datasets.path import DatasetName
from app.datasets.schema import DatasetSchema
from app.records import record_key
from app.records.deps import RecordKey, read_address, refuse_body
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
from app.records.etag import etag_of, is_known, quoted
from app.records.near_keys import explain_absence
from app.records.openapi import queries
from app.records.openapi.parameters import ANY_AGGREGATE, ANY_LIST, ANY_VIEW
from app.records.openapi.writes import body_of, described
from app.records.query.aggregate_query import AggregateQuery, aggregate_from_address, next_results
from app.records.query.formats import accepted_form
from app.records.query.limits import Limits
from app.records.query.record_query import (
    Embedded,
    Form,
    RecordQuery,
    RecordView,
    next_cursor,
    query_from_address,
    query_from_body,
    unserved,
    view_from_address,
    warnings_of,
)
from app.records.relational.export import MEDIA_TYPES, ExportResponse, plan_export, plan_results_export
from app.records.request import RecordsRequest, answer
from app.records.results import RecordPage
from app.records.stores import reads_of

READ_PROBLEMS = problem_responses(
    KeyMissing, ScopeMissing, DatasetNotFound, StatementTimedOut, DatasetSchemaChanged, NotSupportedByStore
)
QUERY_PROBLEMS = (
    *(ParameterInvalid, UnknownParameter, ParameterRepeated, QueryTooLarge, QueryContradictory, CursorInvalid),
    *(FormatNotAvailable, ExportTooLarge, SlowReadsBusy),
)
# Longer ones would make a header that proxies refuse; `next` is in the page all the same.
MAX_LINK_LENGTH = 4000

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The record is as If-None-Match has it"}}

router = APIRouter(prefix="/datasets/{dataset}/records", tags=["records"], responses=READ_PROBLEMS)
# Next to the records, so that no key can have its name.
aggregates = APIRouter(prefix="/datasets/{dataset}/aggregate", tags=["records"], responses=READ_PROBLEMS)


@router.get(
    "",
    response_class=Response,
    responses=problem_responses(*QUERY_PROBLEMS),
    openapi_extra=described(parameters=ANY_LIST),
)
async def list_records(request: Request, name: DatasetName) -> Response:
    """List records: those that fulfil all conditions, sorted, in pages, or all of them as CSV or as lines of JSON."""
    return await answer(request, name, "read", _list, may_lag=True)


async def _list(request: RecordsRequest) -> Response:
    refuse_body(request.http)
    form = accepted_form(request.http.headers.get("accept"))
    query = query_from_address(request.schema, request.http.scope["query_string"], limits(), form)
    return await _run(request, query, form, has_address=True)


@router.post(
    "/query",
    response_class=Response,
    responses=problem_responses(QueryInvalid, *JSON_PROBLEMS, *QUERY_PROBLEMS),
    openapi_extra=described(requestBody=body_of(queries.ANY_QUERY)),
)
async def query_records(request: Request, name: DatasetName) -> Response:
    """Query records: as the list does, with conditions joined by and, or and not, and with long lists of values."""
    return await answer(request, name, "read", _query, may_lag=True)


async def _query(request: RecordsRequest) -> Response:
    refuse_unknown_parameters(request.http, ())
    form = accepted_form(request.http.headers.get("accept"))
    body = await read_json_body(request.http, JSON)
    return await _run(request, query_from_body(request.schema, body, limits(), form), form)


@router.post(
    "/get",
    response_class=Response,
    responses=problem_responses(QueryInvalid, QueryTooLarge, *JSON_PROBLEMS),
    openapi_extra=described(requestBody=body_of(queries.ANY_KEYS)),
)
async def get_records(request: Request, name: DatasetName) -> Response:
    """Get many records by their keys: in the order of the keys, with null for each that does not exist."""
    return await answer(request, name, "read", _get_many, may_lag=True)


async def _get_many(request: RecordsRequest) -> Response:
    refuse_unknown_parameters(request.http, ())
    body = await read_json_body(request.http, JSON)
    asked = record_key.keys_from_body(body, request.schema.key, get_settings().max_keys)
    records = await reads_of(request.schema).get_many(request, asked)
    return Response(f'{{"data":[{",".join(record or "null" for record in records)}]}}', media_type=JSON)


@router.get(
    "/{key:path}",
    response_class=Response,
    responses={
        **NOT_MODIFIED,
        **problem_responses(RecordNotFound, RecordKeyInvalid, ParameterInvalid, UnknownParameter),
    },
    openapi_extra=described(parameters=ANY_VIEW),
)
async def get_record(request: Request, name: DatasetName, key: RecordKey) -> Response:
    """Get a record by its key. Use its `ETag` for conditional writes."""
    return await answer(request, name, "read", partial(_get, key))


async def _get(path: str, request: RecordsRequest) -> Response:
    http = request.http
    key = read_address(http, path)(request.schema.key)
    try:
        record, etag = await _read_record(request, key)
    except RecordNotFound as absence:
        raise await explain_absence(request, absence, key) from None
    if is_known(http.headers.getlist("if-none-match"), etag):
        return Response(status_code=304, headers={"ETag": etag})
    return Response(record, media_type=JSON, headers={"ETag": etag})


async def _read_record(request: RecordsRequest, key: Sequence[Any]) -> tuple[str, str]:
    """A record as its request wants it shown, and the entity tag of all of it."""
    reads, shown = reads_of(request.schema), request.http.scope["query_string"]
    if not shown:
        record = await reads.get_record(request, key)
        return record, etag_of(record)
    view = view_from_address(request.schema, shown, limits())
    record, digest = await reads.get_view(request, key, view, await _find_embedded(request, view))
    return record, quoted(digest)


@aggregates.get(
    "",
    response_class=Response,
    responses=problem_responses(*QUERY_PROBLEMS, ResultOutOfRange),
    openapi_extra=described(parameters=ANY_AGGREGATE),
)
async def aggregate_records(request: Request, name: DatasetName) -> Response:
    """Aggregate records: counts, sums, means and extremes of those that match all conditions, in groups or of all."""
    return await answer(request, name, "read", _aggregate, may_lag=True)


async def _aggregate(request: RecordsRequest) -> Response:
    refuse_body(request.http)
    form = accepted_form(request.http.headers.get("accept"))
    query = aggregate_from_address(request.schema, request.http.scope["query_string"], limits(), form)
    if form != "page":
        return await _export_results(request, query, form)
    page = await reads_of(request.schema).compute(request, query)
    following = next_results(request.schema, query, page.last) if page.last is not None else None
    complete = f'"complete":{json.dumps(following is None)}'
    return _page(request, page, following, [complete, *_warnings(warnings_of(query.where))], route="aggregate_records")


async def _export_results(request: RecordsRequest, query: AggregateQuery, form: Form) -> Response:
    schema = request.schema
    await reads_of(schema).check_results_export(request)
    if not schema.columns:
        return Response("count\n0\n" if form == "csv" else '{"count":0}\n', media_type=MEDIA_TYPES[form])
    return ExportResponse(request, form, plan_results_export(schema, query, form))


def _warnings(texts: Sequence[str]) -> list[str]:
    """The member of a page that warns, if there is anything to warn of."""
    return [f'"warnings":{json.dumps(texts, ensure_ascii=False)}'] if texts else []


def limits() -> Limits:
    """The limits of one query, from the settings."""
    settings = get_settings()
    return Limits(
        page_size=settings.max_page_size,
        export_records=settings.max_export_records,
        terms=settings.max_query_terms,
        depth=settings.max_query_depth,
        list_values=settings.max_list_values,
        text_length=settings.max_query_text,
    )


async def _run(request: RecordsRequest, query: RecordQuery, form: Form, *, has_address: bool = False) -> Response:
    """The response to a query, in the accepted format; a page of a query string links to the next one."""
    embedded = await _find_embedded(request, query.view)
    if form != "page":
        return await _export(request, query, form, embedded)
    return _answer(
        request, query, await reads_of(request.schema).list_page(request, query, embedded), has_address=has_address
    )


async def _find_embedded(request: RecordsRequest, view: RecordView) -> Embedded:
    """The schemas of the datasets that a view embeds, all of which the caller must be allowed to read."""
    return {column.name: await request.get_embedded(column.references or "") for column in view.embed}


async def _export(request: RecordsRequest, query: RecordQuery, form: Form, embedded: Embedded) -> Response:
    schema = request.schema
    if not schema.columns:
        return Response(media_type=MEDIA_TYPES[form])
    await reads_of(schema).check_export(request, query)
    return ExportResponse(request, form, plan_export(schema, query, form, embedded))


def _answer(request: RecordsRequest, query: RecordQuery, page: RecordPage, *, has_address: bool) -> Response:
    schema = request.schema
    following = next_cursor(schema, query, page.last) if page.last is not None else None
    counted = [f'"count":{page.count}'] if page.count is not None else []
    is_slow = page.seconds >= get_settings().slow_query_seconds
    slow = [f"No index serves {part}." for part in unserved(schema, query)] if is_slow else []
    others = [*counted, *_warnings([*warnings_of(query.where), *slow])]
    return _page(request, page, following, others, route="list_records" if has_address else None)


def _page(
    request: RecordsRequest, page: RecordPage, following: str | None, others: Sequence[str], *, route: str | None
) -> Response:
    """A page as JSON with its other members; a header links to the `following` one if a route has its address."""
    members = [f'"data":[{",".join(page.records)}]', f'"next":{json.dumps(following)}', *others]
    headers = {"Vary": "Accept"}
    if following is not None and route is not None:
        headers |= _link(request.http, route, request.schema, following)
    return Response(f"{{{','.join(members)}}}", media_type=JSON, headers=headers)


def _link(request: Request, route: str, schema: DatasetSchema, cursor: str) -> dict[str, str]:
    url = request.url_for(route, dataset=schema.name)
    # A list may be given as several parameters of one name.
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "_cursor"]
    address = str(url.replace(query=urlencode([*kept, ("_cursor", cursor)])))
    return {"Link": f'<{address}>; rel="next"'} if len(address) <= MAX_LINK_LENGTH else {}
