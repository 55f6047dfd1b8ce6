"""A request for the records of a dataset, served without the framework's dependencies and without a session.

Both take longer than the statement itself. Who calls and what the dataset is are known from the requests before;
every statement holds only while that is still so, and where it is not the request is served anew.

Reads that say so go to the reader endpoint, which may be a moment behind. What it has of the catalogue is as old as
what it has of the records, so a shape that it does not have yet, or has no more, is not current there: no statement
meets a table of another shape. The request is then served anew by the writer.
"""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from asyncpg import PostgresError, Record
from fastapi import Request, Response

from app.core import direct
from app.core.connections import Pool, get_reader, get_writer
from app.core.errors import Problem
from app.core.postgres import RESHAPED
from app.datasets import mirror
from app.datasets.errors import DatasetReshaped, StoreUnsuitable
from app.datasets.known import Outdated, get_shape, look_up_shape
from app.datasets.shape import Shape, is_current
from app.keys.catalogue import key_works
from app.keys.deps import find_direct_caller, find_mirrored_caller
from app.keys.principal import Principal, Scope
from app.records.where import Statement

ATTEMPTS = 4


class Access:
    """What a request is served with: the caller, the dataset's shape, and statements that hold while both are right.

    `anew`: nothing that is known from before is relied on. `pool`: the connections it is read over.
    """

    def __init__(self, request: Request, caller: Principal, shape: Shape, pool: Pool, *, anew: bool = False) -> None:
        self.request = request
        self.caller = caller
        self.shape = shape
        self.pool = pool
        self._anew = anew
        self._shapes = [shape]

    async def get_embedded(self, name: str) -> Shape:
        """The shape of another dataset that is read in the same statements.

        Raises:
            ScopeMissing: the caller may not read it.
            DatasetNotFound: there is none.
        """
        self.caller.demand("read", name)
        if self.shape.store == "keyvalue":
            raise StoreUnsuitable(f"'{self.shape.name}' is in the key-value store, which embeds no other records.")
        shape = await _get_shape(name, self.caller, anew=self._anew)
        self._shapes.append(shape)
        return shape

    async def fetch(self, statement: Statement) -> list[Record]:
        """The rows of a query.

        Raises:
            Outdated: there are none, because a dataset or the caller is no longer what it was known as.
        """
        text = f"SELECT * FROM ({statement.text}) AS _rows WHERE {self._guard(len(statement.values))}"
        rows = await direct.fetch(text, *statement.values, *self.caller_values, pool=self.pool)
        if not rows and not await self.is_current():
            raise Outdated
        return rows

    async def explain(self, statement: Statement) -> list[Record]:
        """The rows of a statement that is no query: it holds whatever the dataset is."""
        return await direct.fetch(statement.text, *statement.values, pool=self.pool)

    async def is_current(self) -> bool:
        """Whether the datasets and the caller are still what they were known as."""
        if self.shape.store == "keyvalue":
            return await mirror.is_current(self.shape)
        rows = await direct.fetch(f"SELECT {self._guard(0)}", *self.caller_values, pool=self.pool)
        return bool(rows[0][0])

    @property
    def caller_values(self) -> Sequence[UUID]:
        """The id of the caller's key, for the condition that it still works; nothing of the administrator's."""
        return () if self.caller.key_id is None else (self.caller.key_id,)

    def _guard(self, count: int) -> str:
        """The condition under which the datasets and the caller are as they are known, behind `count` parameters."""
        conditions = [is_current(shape) for shape in self._shapes]
        if self.caller_values:
            conditions.append(key_works(f"${count + 1}"))
        return " AND ".join(conditions)


async def serve(
    request: Request,
    dataset: str,
    scope: Scope,
    answer: Callable[[Access], Awaitable[Response]],
    *,
    may_lag: bool = False,
) -> Response:
    """What `answer` gives for a caller who has the scope on the dataset; what `may_lag` is read from the reader.

    It is asked again where it raises Outdated, or an error that what was known is to blame for: nothing was done then.

    Raises:
        KeyMissing, KeyUnknown, KeyRevoked, KeyExpired, ScopeMissing: the caller may not.
        DatasetNotFound: there is no such dataset.
        DatasetReshaped: it is changed all the time.
    """
    for attempt in range(ATTEMPTS):
        anew = attempt > 0
        pool = get_reader() if may_lag and not anew else get_writer()
        access = await _begin(request, dataset, scope, pool, anew=anew)
        try:
            return await answer(access)
        except Outdated:
            continue
        except (Problem, PostgresError) as error:
            if not _may_be_outdated(error) or await access.is_current():
                raise
    raise DatasetReshaped(f"'{dataset}' was changed again and again while the request was served.")


async def _begin(request: Request, dataset: str, scope: Scope, pool: Pool, *, anew: bool) -> Access:
    """What a request is served with. For key-value records the relational database is not asked for anything."""
    shape = await mirror.find_shape(dataset, anew=anew)
    if shape is None:
        caller = await find_direct_caller(request, anew=anew)
        # Before anything else: a key that is limited to other datasets does not learn which ones exist.
        caller.demand(scope, dataset)
        shape = await _get_shape(dataset, caller, anew=anew)
    if shape.store == "keyvalue":
        # No statement asks whether the key still works.
        caller = await find_mirrored_caller(request)
        caller.demand(scope, dataset)
    return Access(request, caller, shape, pool, anew=anew)


async def _get_shape(dataset: str, caller: Principal, *, anew: bool) -> Shape:
    return await (look_up_shape if anew else get_shape)(dataset, caller.datasets)


def _may_be_outdated(error: Problem | PostgresError) -> bool:
    """Whether an error may come from what a dataset was before: a refusal, or a table that is not as it was known."""
    return error.status < 500 if isinstance(error, Problem) else error.sqlstate in RESHAPED
