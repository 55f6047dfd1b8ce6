"""Writing records over HTTP: adding one or many, replacing, changing and deleting one by its key."""

from functools import partial

from fastapi import APIRouter, Request, Response

from app.access.errors import KeyMissing, ScopeMissing
from app.core.errors import ParameterInvalid, UnknownParameter
from app.core.http.body import JSON_PROBLEMS, read_json_body
from app.core.http.idempotency import IDEMPOTENCY_PROBLEMS, claim_request
from app.core.http.lists import refuse_unknown_parameters
from app.core.http.names import JSON, MERGE_PATCH
from app.core.http.problem_documents import problem_responses
from app.datasets.errors import DatasetBusy, DatasetNotFound
from app.datasets.path import DatasetName
from app.records import service
from app.records.deps import RecordKey, read_address, read_conditions
from app.records.documents import reader_of
from app.records.errors import (
    DatasetWithoutColumns,
    PreconditionFailed,
    RecordInvalid,
    RecordKeyInvalid,
    RecordNotFound,
    RecordReferenced,
    ReferenceMissing,
    TooManyRecords,
    ValueTaken,
)
from app.records.etag import etag_of
from app.records.openapi import writes as documents
from app.records.openapi.writes import described
from app.records.record_key import join_key
from app.records.request import RecordsRequest, answer
from app.records.results import WriteResult

WRITE_PROBLEMS = (RecordInvalid, ValueTaken, ReferenceMissing)
ADDRESS_PROBLEMS = (RecordNotFound, RecordKeyInvalid, ParameterInvalid, PreconditionFailed)

router = APIRouter(
    prefix="/datasets/{dataset}/records",
    tags=["records"],
    responses=problem_responses(
        KeyMissing, ScopeMissing, DatasetNotFound, DatasetWithoutColumns, DatasetBusy, UnknownParameter
    ),
)


@router.post(
    "",
    status_code=201,
    response_class=Response,
    responses=problem_responses(*JSON_PROBLEMS, *WRITE_PROBLEMS, TooManyRecords, *IDEMPOTENCY_PROBLEMS),
    openapi_extra=described(requestBody=documents.ANY_NEW, parameters=[documents.REPETITION]),
)
async def create_records(request: Request, name: DatasetName) -> Response:
    """Add a record, or all records of an array or none of them. The answer shows what was added."""
    return await answer(request, name, "write", _create)


async def _create(request: RecordsRequest) -> Response:
    await _begin(request)
    body = await read_json_body(request.http, JSON)
    if not isinstance(body, list):
        return _answer(request, await service.create_record(request, body))
    records = await service.create_records(request, body)
    return Response(f'{{"data":[{",".join(records)}]}}', 201, media_type=JSON)


@router.put(
    "/{key:path}",
    response_class=Response,
    responses=problem_responses(*JSON_PROBLEMS, *WRITE_PROBLEMS, *ADDRESS_PROBLEMS),
    openapi_extra=described(requestBody=documents.ANY_RECORD, parameters=documents.CREATE_CONDITIONS),
)
async def replace_record(request: Request, name: DatasetName, key: RecordKey) -> Response:
    """Add the record with this key (201), or replace it (200): a column that is left out is null."""
    return await answer(request, name, "write", partial(_replace, key))


async def _replace(path: str, request: RecordsRequest) -> Response:
    await _begin(request)
    address, conditions = read_address(request.http, path), read_conditions(request.http, creates=True)
    body = await read_json_body(request.http, JSON)
    return _answer(request, await service.replace_record(request, address, body, conditions))


@router.patch(
    "/{key:path}",
    response_class=Response,
    responses=problem_responses(*JSON_PROBLEMS, *WRITE_PROBLEMS, *ADDRESS_PROBLEMS),
    openapi_extra=described(requestBody=documents.ANY_CHANGE, parameters=documents.CONDITIONS),
)
async def update_record(request: Request, name: DatasetName, key: RecordKey) -> Response:
    """Change a record by a JSON merge patch: a column that is left out stays, null empties it."""
    return await answer(request, name, "write", partial(_update, key))


async def _update(path: str, request: RecordsRequest) -> Response:
    await _begin(request)
    address, conditions = read_address(request.http, path), read_conditions(request.http)
    body = await read_json_body(request.http, JSON, MERGE_PATCH)
    record = await service.update_record(request, address, body, conditions)
    return Response(record, media_type=JSON, headers={"ETag": etag_of(record)})


@router.delete(
    "/{key:path}",
    status_code=204,
    response_class=Response,
    responses=problem_responses(*ADDRESS_PROBLEMS, RecordReferenced),
    openapi_extra=described(parameters=documents.CONDITIONS),
)
async def delete_record(request: Request, name: DatasetName, key: RecordKey) -> Response:
    """Delete a record. With `If-Match`, only if it is still as you know it."""
    return await answer(request, name, "write", partial(_delete, key))


async def _delete(path: str, request: RecordsRequest) -> Response:
    await _begin(request)
    address, conditions = read_address(request.http, path), read_conditions(request.http)
    await service.delete_record(request, address, conditions)
    return Response(status_code=204)


async def _begin(request: RecordsRequest) -> None:
    """Begin a write, under its Idempotency-Key if it has one.

    Raises:
        DatasetWithoutColumns: there is nothing to write to.
    """
    refuse_unknown_parameters(request.http, ())
    await claim_request(request.http, request.caller.id, within=request.schema.id)
    reader_of(request.schema)


def _answer(request: RecordsRequest, written: WriteResult) -> Response:
    headers = {"ETag": etag_of(written.record)}
    if written.new_key is None:
        return Response(written.record, 200, headers, media_type=JSON)
    headers["Location"] = f"{request.http.base_url}datasets/{request.schema.name}/records/{join_key(written.new_key)}"
    return Response(written.record, 201, headers, media_type=JSON)
