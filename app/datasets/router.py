"""Datasets over HTTP."""

from fastapi import APIRouter, Request, Response

from app.core.db import Session
from app.core.errors import RequestInvalid
from app.core.http import Cursor, Limit, Page, problem_responses, refuse_unknown_parameters
from app.core.idempotency import IDEMPOTENCY_PROBLEMS
from app.core.paging import decode_cursor, encode_cursor
from app.datasets import repository, service
from app.datasets.deps import AdministeredDataset, DatasetFromPath, WritableDataset
from app.datasets.errors import DatasetBusy, DatasetNameTaken, DatasetNotFound, DatasetReferenced
from app.datasets.models import DatasetCreate, DatasetPublic, DatasetUpdate
from app.keys.deps import CurrentCaller, Idempotent
from app.keys.errors import KeyMissing, ScopeMissing

LIST = "datasets"

router = APIRouter(prefix="/datasets", tags=["datasets"], responses=problem_responses(KeyMissing, ScopeMissing))


@router.post(
    "",
    status_code=201,
    dependencies=[Idempotent],
    responses=problem_responses(DatasetNameTaken, RequestInvalid, *IDEMPOTENCY_PROBLEMS),
)
async def create_dataset(
    body: DatasetCreate, caller: CurrentCaller, session: Session, request: Request, response: Response
) -> DatasetPublic:
    """Make a dataset. Without columns, its first import infers them."""
    caller.demand("write", body.name)
    dataset = await service.create_dataset(session, body)
    response.headers["Location"] = str(request.url_for("get_dataset", dataset=dataset.name))
    return (await repository.show(session, [dataset]))[0]


@router.get("")
async def list_datasets(
    request: Request, caller: CurrentCaller, session: Session, limit: Limit = 50, cursor: Cursor = None
) -> Page[DatasetPublic]:
    """List the datasets that the key may read, by name."""
    refuse_unknown_parameters(request, ("_limit", "_cursor"))
    after = decode_cursor(cursor, LIST, length=1)[0] if cursor is not None else ""
    rows = await repository.list_page(session, limit + 1, after=str(after), visible=caller.datasets)
    data = rows[:limit]
    following = encode_cursor([data[-1].name], LIST) if len(rows) > limit else None
    return Page(data=await repository.show(session, data), next=following)


@router.get("/{dataset}", responses=problem_responses(DatasetNotFound))
async def get_dataset(dataset: DatasetFromPath, session: Session) -> DatasetPublic:
    """Show a dataset: its columns, its key, how many records it has."""
    return (await repository.show(session, [dataset]))[0]


@router.patch("/{dataset}", responses=problem_responses(DatasetNotFound, RequestInvalid))
async def update_dataset(dataset: WritableDataset, body: DatasetUpdate, session: Session) -> DatasetPublic:
    """Change a dataset's title or description; null removes it."""
    dataset.sqlmodel_update(body.model_dump(exclude_unset=True))
    await repository.touch_dataset(session, dataset)
    return (await repository.show(session, [dataset]))[0]


@router.delete(
    "/{dataset}", status_code=204, responses=problem_responses(DatasetNotFound, DatasetReferenced, DatasetBusy)
)
async def delete_dataset(dataset: AdministeredDataset, session: Session) -> None:
    """Delete a dataset with all of its records. This needs the scope admin."""
    await service.delete_dataset(session, dataset)
