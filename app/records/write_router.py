"""Writing records over HTTP: adding one or many, replacing, changing and deleting one by its key."""

from typing import Any

from fastapi import APIRouter, Request, Response

from app.core.body import JSON, MERGE_PATCH, read_json_body
from app.core.errors import BodyTooLarge, MalformedJson, MediaTypeUnsupported, ParameterInvalid, UnknownParameter
from app.core.http import problem_responses
from app.core.idempotency import IDEMPOTENCY_PROBLEMS
from app.datasets import openapi_writes as documents
from app.datasets.deps import DatasetName
from app.datasets.errors import DatasetBusy, DatasetNotFound
from app.keys.errors import KeyMissing, ScopeMissing
from app.records.deps import RecordKey, begin_writing, read_address, read_conditions
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
from app.records.keys import join_key
from app.records.preconditions import etag_of
from app.records.writes import Written

BODY_PROBLEMS = (MalformedJson, MediaTypeUnsupported, BodyTooLarge)
WRITE_PROBLEMS = (RecordInvalid, ValueTaken, ReferenceMissing)
ADDRESS_PROBLEMS = (RecordNotFound, RecordKeyInvalid, ParameterInvalid, PreconditionFailed)

router = APIRouter(
    prefix="/datasets/{dataset}/records",
    tags=["records"],
    responses=problem_responses(
        KeyMissing, ScopeMissing, DatasetNotFound, DatasetWithoutColumns, DatasetBusy, UnknownParameter
    ),
)


def _described(**members: Any) -> dict[str, Any]:
    """What the framework cannot tell of a route that reads its request by itself."""
    return {"security": documents.SECURITY, **members}


@router.post(
    "",
    status_code=201,
    response_class=Response,
    responses=problem_responses(*BODY_PROBLEMS, *WRITE_PROBLEMS, TooManyRecords, *IDEMPOTENCY_PROBLEMS),
    openapi_extra=_described(requestBody=documents.ANY_NEW, parameters=documents.REPETITION),
)
async def create_records(request: Request, name: DatasetName) -> Response:
    """Add a record, or all records of an array or none of them. The answer shows what was added."""
    async with begin_writing(request, name) as writing:
        body = await read_json_body(request, JSON)
        if not isinstance(body, list):
            return _answer(request, name, await writing.writer.create(body))
        records = await writing.writer.create_many(body)
    return Response(f'{{"data":[{",".join(records)}]}}', 201, media_type=JSON)


@router.put(
    "/{key:path}",
    response_class=Response,
    responses=problem_responses(*BODY_PROBLEMS, *WRITE_PROBLEMS, *ADDRESS_PROBLEMS),
    openapi_extra=_described(requestBody=documents.ANY_RECORD, parameters=documents.CREATE_CONDITIONS),
)
async def replace_record(request: Request, name: DatasetName, key: RecordKey) -> Response:
    """Add the record with this key (201), or replace it (200): a column that is left out is null."""
    async with begin_writing(request, name) as writing:
        address, conditions = read_address(request, key), read_conditions(request, creates=True)
        body = await read_json_body(request, JSON)
        return _answer(request, name, await writing.writer.replace(address, body, conditions))


@router.patch(
    "/{key:path}",
    response_class=Response,
    responses=problem_responses(*BODY_PROBLEMS, *WRITE_PROBLEMS, *ADDRESS_PROBLEMS),
    openapi_extra=_described(requestBody=documents.ANY_CHANGE, parameters=documents.CONDITIONS),
)
async def update_record(request: Request, name: DatasetName, key: RecordKey) -> Response:
    """Change a record by a JSON merge patch: a column that is left out stays, null empties it."""
    async with begin_writing(request, name) as writing:
        address, conditions = read_address(request, key), read_conditions(request)
        body = await read_json_body(request, JSON, MERGE_PATCH)
        record = await writing.writer.update(address, body, conditions)
    return Response(record, media_type=JSON, headers={"ETag": etag_of(record)})


@router.delete(
    "/{key:path}",
    status_code=204,
    response_class=Response,
    responses=problem_responses(*ADDRESS_PROBLEMS, RecordReferenced),
    openapi_extra=_described(parameters=documents.CONDITIONS),
)
async def delete_record(request: Request, name: DatasetName, key: RecordKey) -> Response:
    """Delete a record."""
    async with begin_writing(request, name) as writing:
        address, conditions = read_address(request, key), read_conditions(request)
        await writing.writer.delete(address, conditions, writing.caller)
    return Response(status_code=204)


def _answer(request: Request, dataset: str, written: Written) -> Response:
    headers = {"ETag": etag_of(written.record)}
    if written.is_new:
        headers["Location"] = f"{request.base_url}datasets/{dataset}/records/{join_key(written.key)}"
    return Response(written.record, 201 if written.is_new else 200, headers, media_type=JSON)
