"""A request that writes records, and what it says: the dataset, the record's address, the conditions on its state.

It is served without the framework's dependencies and without a session: both take longer than the write itself.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Path, Request

from app.core.direct import direct_connection
from app.core.http import refuse_unknown_parameters
from app.core.idempotency import claim_request
from app.keys.deps import find_direct_caller
from app.keys.principal import Principal
from app.records.keys import parse_key, split_key
from app.records.preconditions import Preconditions, read_preconditions
from app.records.target import get_target
from app.records.writes import Address, Writer

RecordKey = Annotated[
    str, Path(alias="key", description="the key's value, or its values joined by commas; each percent-encoded")
]


@dataclass(frozen=True)
class Writing:
    """Who writes, and what writes for them."""

    caller: Principal
    writer: Writer


@asynccontextmanager
async def begin_writing(request: Request, dataset: str) -> AsyncIterator[Writing]:
    """Let a caller who may write to a dataset do so, under the request's Idempotency-Key where it has one.

    Raises:
        KeyMissing, KeyUnknown, KeyRevoked, KeyExpired, ScopeMissing: the caller may not.
        DatasetNotFound, DatasetWithoutColumns: there is nothing to write to.
        UnknownParameter: the address has a parameter.
    """
    # A slow sender keeps no connection from others.
    await request.body()
    async with direct_connection() as direct:
        caller = await find_direct_caller(request, direct)
        # Before anything else: a key that is limited to other datasets does not learn which ones exist.
        caller.demand("write", dataset)
        refuse_unknown_parameters(request, ())
        await claim_request(request, caller.id)
        yield Writing(caller, Writer(direct, await get_target(direct, dataset, caller.datasets)))


def read_address(request: Request, key: str) -> Address:
    """The address of the record that a path names."""
    path = request.scope.get("raw_path")
    return lambda columns: parse_key(split_key(path, key, len(columns)), columns)


def read_conditions(request: Request, *, creates: bool = False) -> Preconditions:
    """What the request's headers ask of the record's state.

    Raises:
        ParameterInvalid: they are not what the standard describes, or not what this request can have.
    """
    headers = request.headers
    return read_preconditions(headers.getlist("if-match"), headers.getlist("if-none-match"), creates=creates)
