"""Datasets over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request, Response

from app.access.deps import CurrentCaller, Idempotent
from app.access.errors import KeyMissing, ScopeMissing
from app.core.database.sessions import Session
from app.core.errors import ParameterInvalid, UnknownParameter
from app.core.http.body import BODY_PROBLEMS, JsonRoute
from app.core.http.cursors import decode_cursor, encode_cursor
from app.core.http.idempotency import IDEMPOTENCY_PROBLEMS
from app.core.http.lists import LIST_PROBLEMS, Cursor, Limit, Page, paginate, refuse_unknown_parameters
from app.core.http.problem_documents import problem_responses
from app.datasets import repository, service
from app.datasets.alter import apply
from app.datasets.bodies import DatasetCreate, DatasetPublic, DatasetUpdate
from app.datasets.deps import AdministeredDataset, DatasetFromPath
from app.datasets.errors import (
    ChangeTimedOut,
    ColumnInUse,
    ColumnNotFound,
    DatasetBusy,
    DatasetNameTaken,
    DatasetNotEmpty,
    DatasetNotFound,
    DatasetReferenced,
    NotSupportedByStore,
    RecordsIncompatible,
    ReferenceInvalid,
    TooManyColumns,
    TooManyIndexes,
    TypeConversionNotSupported,
    ValueTooLongForIndex,
)

LIST = "datasets"
UPDATE_EXAMPLES: dict[str, Any] = {
    "rename": {"summary": "Rename a column", "value": {"columns": {"nme": {"name": "name"}}}},
    "retype": {
        "summary": "Change a type and a constraint",
        "value": {"columns": {"price": {"type": "decimal", "precision": 12, "scale": 2, "min": 0}}},
    },
    "add": {
        "summary": "Add a column, with a value for the records that are there",
        "value": {"add_columns": [{"name": "currency", "type": "text", "one_of": ["EUR", "USD"], "fill": "EUR"}]},
    },
    "drop": {
        "summary": "Drop a column, and the constraints of another",
        "value": {"columns": {"notes": None, "stock": {"min": None, "max": None}}},
    },
    "key": {"summary": "Change the key", "value": {"key": ["sku"]}},
    "indexes": {
        "summary": "Say which indexes there are",
        "value": {"indexes": [{"columns": ["category", "-price"]}, {"search": True}]},
    },
}

router = APIRouter(
    prefix="/datasets", route_class=JsonRoute, tags=["datasets"], responses=problem_responses(KeyMissing, ScopeMissing)
)


@router.post(
    "",
    status_code=201,
    dependencies=[Idempotent],
    responses=problem_responses(
        DatasetNameTaken,
        *BODY_PROBLEMS,
        NotSupportedByStore,
        ReferenceInvalid,
        TooManyColumns,
        TooManyIndexes,
        *IDEMPOTENCY_PROBLEMS,
    ),
)
async def create_dataset(
    body: DatasetCreate, caller: CurrentCaller, session: Session, request: Request, response: Response
) -> DatasetPublic:
    """Make a dataset. Without columns, its first import infers them."""
    caller.demand("write", body.name)
    dataset = await service.create_dataset(session, body, caller)
    response.headers["Location"] = str(request.url_for("get_dataset", dataset=dataset.name))
    return (await repository.show(session, [dataset]))[0]


@router.get("", responses=problem_responses(*LIST_PROBLEMS))
async def list_datasets(
    request: Request, caller: CurrentCaller, session: Session, limit: Limit = 50, cursor: Cursor = None
) -> Page[DatasetPublic]:
    """List the datasets that the key may read. They are in the order of their names."""
    refuse_unknown_parameters(request, ("_limit", "_cursor"))
    after = str(decode_cursor(cursor, LIST, length=1)[0]) if cursor is not None else ""
    rows = await repository.list_page(session, limit + 1, after=after, visible=caller.datasets)
    data, following = paginate(rows, limit, lambda dataset: encode_cursor([dataset.name], LIST))
    return Page(data=await repository.show(session, data), next=following)


@router.get("/{dataset}", responses=problem_responses(DatasetNotFound))
async def get_dataset(dataset: DatasetFromPath, session: Session) -> DatasetPublic:
    """Show a dataset: its columns, its key, how many records it has."""
    return (await repository.show(session, [dataset]))[0]


@router.patch(
    "/{dataset}",
    responses=problem_responses(
        DatasetNotFound,
        DatasetReferenced,
        DatasetBusy,
        RecordsIncompatible,
        ValueTooLongForIndex,
        ColumnInUse,
        *BODY_PROBLEMS,
        ColumnNotFound,
        TypeConversionNotSupported,
        ReferenceInvalid,
        TooManyColumns,
        TooManyIndexes,
        ChangeTimedOut,
        NotSupportedByStore,
    ),
)
async def update_dataset(
    dataset: AdministeredDataset,
    body: Annotated[DatasetUpdate, Body(openapi_examples=UPDATE_EXAMPLES)],
    caller: CurrentCaller,
    session: Session,
) -> DatasetPublic:
    """Change a dataset: its title, its columns, its key, its indexes. This needs the scope admin.

    All of a request is done, or nothing. Existing records are checked first: if some do not fit, the problem's `errors`
    name up to ten of them for each reason, with the record's key and the value.
    """
    await apply.update_dataset(session, dataset, body, caller)
    shown = (await repository.show(session, [dataset]))[0]
    if body.dry_run:
        await session.rollback()
    return shown


@router.delete(
    "/{dataset}",
    status_code=204,
    responses=problem_responses(
        DatasetNotFound, DatasetNotEmpty, DatasetReferenced, DatasetBusy, ParameterInvalid, UnknownParameter
    ),
)
async def delete_dataset(
    dataset: AdministeredDataset,
    caller: CurrentCaller,
    session: Session,
    request: Request,
    confirm: Annotated[str | None, Query(description="the dataset's name, to delete it with its records")] = None,
) -> None:
    """Delete a dataset. This needs the scope admin, and a dataset that holds records its name as `confirm`."""
    refuse_unknown_parameters(request, ("confirm",))
    if confirm != dataset.name:
        await service.check_is_empty(session, dataset)
    await service.delete_dataset(session, dataset, caller)
