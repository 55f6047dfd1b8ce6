"""The dataset that a path names, for a caller who may have it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, Path
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import Session, sql_state
from app.datasets.errors import DatasetReshaped
from app.datasets.models import Dataset
from app.datasets.repository import find_dataset, get_dataset
from app.keys.deps import CurrentCaller
from app.keys.models import Scope
from app.keys.principal import Principal

# A table or a column is not there, or has another type, than the catalogue said a moment before.
RESHAPED = ("42P01", "42703", "42804", "42883")

DatasetName = Annotated[str, Path(alias="dataset", description="the dataset's name", examples=["products"])]


@asynccontextmanager
async def _dataset(scope: Scope, name: str, caller: Principal, session: AsyncSession) -> AsyncIterator[Dataset]:
    """The dataset while a request is served; what fails because it is changed meanwhile is told as that."""
    # The scope comes first: a key that is limited to other datasets does not learn which ones exist.
    caller.demand(scope, name)
    dataset = await get_dataset(session, name, visible=caller.datasets)
    state = dataset.id, dataset.updated_at
    try:
        yield dataset
    except DBAPIError as error:
        if sql_state(error) not in RESHAPED:
            raise
        await session.rollback()
        now = await find_dataset(session, name)
        if now is not None and (now.id, now.updated_at) == state:
            raise
        raise DatasetReshaped(f"'{name}' was changed or deleted while the request was served.") from error


async def _readable(name: DatasetName, caller: CurrentCaller, session: Session) -> AsyncIterator[Dataset]:
    async with _dataset("read", name, caller, session) as dataset:
        yield dataset


async def _writable(name: DatasetName, caller: CurrentCaller, session: Session) -> AsyncIterator[Dataset]:
    async with _dataset("write", name, caller, session) as dataset:
        yield dataset


async def _administered(name: DatasetName, caller: CurrentCaller, session: Session) -> AsyncIterator[Dataset]:
    async with _dataset("admin", name, caller, session) as dataset:
        yield dataset


# What a route reads to have the path's dataset, with the scope it needs: read, write or admin.
DatasetFromPath = Annotated[Dataset, Depends(_readable, scope="function")]
WritableDataset = Annotated[Dataset, Depends(_writable, scope="function")]
AdministeredDataset = Annotated[Dataset, Depends(_administered, scope="function")]
