"""The dataset that a path names, for a caller who may have it."""

from typing import Annotated

from fastapi import Depends

from app.access.deps import CurrentCaller
from app.access.principal import Principal, Scope
from app.core.database.sessions import Session
from app.datasets.models import Dataset
from app.datasets.path import DatasetName
from app.datasets.repository import get_dataset


async def _get(scope: Scope, name: str, caller: Principal, session: Session) -> Dataset:
    # The scope comes first: a key that is limited to other datasets does not learn which ones exist.
    caller.demand(scope, name)
    return await get_dataset(session, name, visible=caller.datasets)


async def _readable(name: DatasetName, caller: CurrentCaller, session: Session) -> Dataset:
    return await _get("read", name, caller, session)


async def _writable(name: DatasetName, caller: CurrentCaller, session: Session) -> Dataset:
    return await _get("write", name, caller, session)


async def _administered(name: DatasetName, caller: CurrentCaller, session: Session) -> Dataset:
    return await _get("admin", name, caller, session)


# What a route reads to have the path's dataset, with the scope it needs: read, write or admin.
DatasetFromPath = Annotated[Dataset, Depends(_readable)]
WritableDataset = Annotated[Dataset, Depends(_writable)]
AdministeredDataset = Annotated[Dataset, Depends(_administered)]
