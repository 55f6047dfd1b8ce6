"""A request for the records of a dataset, served without the framework's dependencies and without a session.

Both take longer than the statement itself. The caller and the dataset's schema are cached from earlier requests; every
statement has a condition that both are current, and if they are not the request is served again. So no answer relies on
the cache alone: either a store answered under that condition, or it is asked whether the condition holds.

Reads that allow it go to the reader endpoint, which may lag a moment. Its catalogue is as old as its records, so a
schema that it does not have yet, or has no more, is not current there: no statement meets a table of another schema.
The writer then serves the request again.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from asyncpg import PostgresError, Record
from fastapi import Request, Response

from app.access.deps import find_direct_caller, find_mirrored_caller
from app.access.keys.conditions import key_works
from app.access.principal import Principal, Scope
from app.core.database import statements
from app.core.database.bulkhead import LongRead, takes_place
from app.core.database.errors import RESHAPED
from app.core.database.pool import Pool, get_reader, get_writer
from app.core.database.sql import Statement
from app.core.database.statements import Fetch
from app.core.errors import Problem
from app.core.http.idempotency import Replayed
from app.datasets.errors import DatasetSchemaChanged, NotSupportedByStore
from app.datasets.keyvalue import metadata
from app.datasets.schema import DatasetSchema, is_current
from app.datasets.schema_cache import StaleSchema, find_known_schema, get_schema, look_up_schema

ATTEMPTS = 4


class RecordsRequest:
    """The context of a request: the caller, the dataset's schema, and statements that hold while both are current.

    `fresh`: rely on nothing that is cached. `pool`: the connections to read over.
    """

    def __init__(
        self, http: Request, caller: Principal, schema: DatasetSchema, pool: Pool, *, fresh: bool = False
    ) -> None:
        self.http = http
        self.caller = caller
        self.schema = schema
        self.pool = pool
        self._fresh = fresh
        self._schemas = [schema]
        self._is_backed = False

    async def get_embedded(self, name: str) -> DatasetSchema:
        """The schema of another dataset that is read in the same statements.

        Raises:
            ScopeMissing: the caller may not read it.
            DatasetNotFound: the dataset does not exist.
        """
        self.caller.demand("read", name)
        if not self.schema.can.embeds:
            raise NotSupportedByStore(f"'{self.schema.name}' is in the key-value store, which embeds no other records.")
        schema = await _get_schema(name, self.caller, fresh=self._fresh)
        self._schemas.append(schema)
        return schema

    async def fetch(self, statement: Statement, *, may_take_long: bool = False) -> list[Record]:
        """The rows of a query, which waits for a place among those that may take long if it may.

        Raises:
            StaleSchema: there are no rows, because a dataset or the caller is no longer as cached.
            SlowReadsBusy: there is no place.
        """
        guarded = self.guard(statement, LongRead.QUERY if may_take_long else None)
        read = partial(statements.fetch, guarded.text, *guarded.values, pool=self.pool)
        rows = await (self.pool.bulkhead.run(LongRead.QUERY, read) if may_take_long else read())
        if rows:
            self.confirm()
        elif not await self.is_current():
            raise StaleSchema
        return rows

    def guard(self, statement: Statement, kind: LongRead | None = None) -> Statement:
        """A query that has no rows if a dataset or the caller is no longer as cached; of a kind, it takes a place."""
        place = f" AND {takes_place(kind)}" if kind is not None else ""
        text = f"SELECT * FROM ({statement.text}) AS _rows WHERE {self._guard(len(statement.values))}{place}"
        return Statement(text, (*statement.values, *self.caller_values))

    async def write(self, statement: str, *values: Any, fetch: Fetch = statements.write) -> list[Record]:
        """The rows of a statement that writes: it has the condition in itself, and the id of the caller's key last."""
        rows = await fetch(statement, *values, *self.caller_values)
        if rows:
            self.confirm()
        return rows

    def confirm(self) -> None:
        """Note that a store answered for the datasets and the caller as they are known."""
        self._is_backed = True

    async def is_backed(self) -> bool:
        """Return whether an answer may be sent: a store answered under the condition, or confirms it now."""
        return self._is_backed or await self.is_current()

    async def explain(self, statement: Statement) -> list[Record]:
        """The rows of a statement that is not a query: it has no condition on the dataset."""
        return await statements.fetch(statement.text, *statement.values, pool=self.pool)

    async def is_current(self) -> bool:
        """Return whether the datasets and the caller are still as cached."""
        if self.schema.can.has_item:
            is_current = await metadata.is_current(self.schema)
        else:
            rows = await statements.fetch(f"SELECT {self._guard(0)}", *self.caller_values, pool=self.pool)
            is_current = bool(rows[0][0])
        if is_current:
            self.confirm()
        return is_current

    @property
    def caller_values(self) -> Sequence[UUID]:
        """The id of the caller's key, for the condition that it still works; nothing of the administrator's."""
        return () if self.caller.key_id is None else (self.caller.key_id,)

    def _guard(self, count: int) -> str:
        """The condition that the datasets and the caller are as cached, after `count` parameters."""
        conditions = [is_current(schema) for schema in self._schemas]
        if self.caller_values:
            conditions.append(key_works(f"${count + 1}"))
        return " AND ".join(conditions)


async def answer(
    http: Request,
    dataset: str,
    scope: Scope,
    handle: Callable[[RecordsRequest], Awaitable[Response]],
    *,
    may_lag: bool = False,
) -> Response:
    """Answer a request by `handle` for a caller who has the scope on the dataset.

    A read that `may_lag` goes to the reader endpoint.

    It is called again if it raises StaleSchema, if what was known may be to blame for its error, and if no store
    answered for what was known and that is not so any more: nothing was done then.

    Raises:
        KeyMissing, KeyUnknown, KeyRevoked, KeyExpired, ScopeMissing: the caller is refused.
        DatasetNotFound: the dataset does not exist.
        DatasetSchemaChanged: it keeps changing.
    """
    for attempt in range(ATTEMPTS):
        fresh = attempt > 0
        pool = get_reader() if may_lag and not fresh else get_writer()
        request = await _begin(http, dataset, scope, pool, fresh=fresh)
        try:
            response = await handle(request)
        except StaleSchema:
            continue
        except (Problem, PostgresError, Replayed) as error:
            if not _may_be_outdated(error) or await request.is_current():
                raise
        else:
            if await request.is_backed():
                return response
    raise DatasetSchemaChanged(f"'{dataset}' kept changing during the request.")


async def _begin(http: Request, dataset: str, scope: Scope, pool: Pool, *, fresh: bool) -> RecordsRequest:
    """Build the context of a request. For key-value records the relational database is not asked for anything."""
    schema = await find_known_schema(dataset, fresh=fresh)
    if schema is None or not schema.can.has_item:
        caller = await find_direct_caller(http, fresh=fresh)
        try:
            # Before anything else: a key that is limited to other datasets does not learn which ones exist.
            caller.demand(scope, dataset)
            schema = schema or await _get_schema(dataset, caller, fresh=fresh)
        except Problem:
            # Only a caller whose key works now gets the refusal, not one from the cache.
            await find_direct_caller(http, fresh=True)
            raise
    if schema.can.has_item:
        # No statement asks whether the key still works.
        caller = await find_mirrored_caller(http)
        caller.demand(scope, dataset)
    return RecordsRequest(http, caller, schema, pool, fresh=fresh)


async def _get_schema(dataset: str, caller: Principal, *, fresh: bool) -> DatasetSchema:
    return await (look_up_schema if fresh else get_schema)(dataset, caller.datasets)


def _may_be_outdated(error: Problem | PostgresError | Replayed) -> bool:
    """Return whether an outdated cache may be the reason of an error: a refusal, an old answer, or a changed table."""
    if isinstance(error, PostgresError):
        return error.sqlstate in RESHAPED
    return isinstance(error, Replayed) or error.status < 500
