"""The import that a path names, for a caller who may have its dataset."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path

from app.core.db import Session
from app.imports.models import Import
from app.imports.repository import get_import
from app.keys.deps import CurrentCaller

ImportId = Annotated[UUID, Path(alias="import", description="the import's id")]


async def _readable(import_id: ImportId, caller: CurrentCaller, session: Session) -> Import:
    row = await get_import(session, import_id)
    caller.demand("read", row.dataset_name)
    return row


async def _writable(import_id: ImportId, caller: CurrentCaller, session: Session) -> Import:
    row = await get_import(session, import_id)
    caller.demand("write", row.dataset_name)
    return row


# What a route reads to have the path's import, with the scope it needs on its dataset.
ImportFromPath = Annotated[Import, Depends(_readable)]
WritableImport = Annotated[Import, Depends(_writable)]
