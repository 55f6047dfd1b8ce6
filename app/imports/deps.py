"""The import that a path names, for a caller who may have its dataset."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Request

from app.access.deps import CurrentCaller, IdempotencyKey
from app.access.errors import ScopeMissing
from app.access.principal import Principal, Scope
from app.core.database.sessions import Session
from app.core.http.idempotency import claim_request
from app.datasets.deps import WritableDataset
from app.imports.models import Import
from app.imports.repository import get_import

ImportId = Annotated[UUID, Path(alias="import", description="the import's id")]


async def _get(scope: Scope, import_id: UUID, caller: Principal, session: Session) -> Import:
    row = await get_import(session, import_id)
    if row.dataset_id is None:
        # Another dataset may have its name by now: that opens nothing of what the files of the deleted one held.
        caller.demand("admin")
    elif not caller.may("read", row.dataset_name):
        raise ScopeMissing(
            "The import is into a dataset that the key gives no access to.",
            hint="Ask for a key that names the dataset.",
        )
    caller.demand(scope, row.dataset_name)
    return row


async def _readable(import_id: ImportId, caller: CurrentCaller, session: Session) -> Import:
    return await _get("read", import_id, caller, session)


async def _writable(import_id: ImportId, caller: CurrentCaller, session: Session) -> Import:
    return await _get("write", import_id, caller, session)


# What a route reads to have the path's import, with the scope it needs on its dataset.
ImportFromPath = Annotated[Import, Depends(_readable)]
WritableImport = Annotated[Import, Depends(_writable)]


async def _claim_announcement(
    request: Request, caller: CurrentCaller, dataset: WritableDataset, _key: IdempotencyKey = None
) -> None:
    await claim_request(request, caller.id, within=dataset.id)


async def _claim_change(
    request: Request, caller: CurrentCaller, _row: WritableImport, _key: IdempotencyKey = None
) -> None:
    await claim_request(request, caller.id)


# For routes that take an Idempotency-Key: who may not do it claims nothing, and another dataset of the name has others.
IdempotentInDataset = Depends(_claim_announcement)
IdempotentOnImport = Depends(_claim_change)
