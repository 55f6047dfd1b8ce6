"""Records are added, replaced, changed and deleted in PostgreSQL, each time by one statement.

Nothing is read before it: the statement checks the rules between records and the preconditions. Why it wrote nothing is
found out afterwards, when its transaction is over. The functions are those of `stores.RecordWrites`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from asyncpg import (
    ForeignKeyViolationError,
    LockNotAvailableError,
    ProgramLimitExceededError,
    Record,
    UniqueViolationError,
)

from app.core.database.statements import Fetch, direct_transaction, fetch, write
from app.datasets.errors import DatasetBusy
from app.datasets.schema_cache import StaleSchema
from app.records.documents import Values
from app.records.errors import RecordInvalid
from app.records.etag import Preconditions
from app.records.merge_patch import Changes
from app.records.relational.conflicts import arrays_of, explain_clash, text_of
from app.records.relational.write_plan import WritePlan, write_plan_of
from app.records.request import RecordsRequest
from app.records.results import Referenced, Refused, Unmet, Unwritten, WriteResult

WAIT_SECONDS = 5
CLASHES = (UniqueViolationError, ForeignKeyViolationError)


async def insert(request: RecordsRequest, values: Values) -> WriteResult | Unwritten:
    """Add a record."""
    plan = _plan_of(request)
    try:
        with _limits_named(plan):
            rows = await request.write(plan.sql.insert_one, *map(text_of, values.values()))
    except CLASHES:
        return await _explain_clash(request, [values])
    if not rows:
        raise StaleSchema
    return WriteResult(rows[0][0], rows[0][1])


async def insert_many(request: RecordsRequest, records: Sequence[Values]) -> list[str] | Unwritten:
    """Add all records or none; answers them in their order."""
    plan = _plan_of(request)
    arrays = arrays_of(records, [column.name for column in plan.sql.columns])
    try:
        with _limits_named(plan):
            rows = await request.write(plan.sql.insert_many, *arrays)
    except CLASHES:
        return await _explain_clash(request, records)
    if not rows:
        raise StaleSchema
    return [row[0] for row in rows]


async def upsert(
    request: RecordsRequest, key: Sequence[Any], values: Values, conditions: Preconditions
) -> WriteResult | Unwritten:
    """Give the record with a key a value in every column, or add it; none is added if the database numbers them."""
    plan = _plan_of(request)
    if conditions.absent:
        return await _insert_absent(request, key, values, conditions)
    if conditions.exists or plan.is_numbered:
        record = await update(request, key, Changes(values), conditions)
        return WriteResult(record) if isinstance(record, str) else record
    try:
        with _limits_named(plan):
            rows = await request.write(plan.sql.upsert, *map(text_of, values.values()))
    except CLASHES:
        return await _explain_clash(request, [values], own=key)
    if not rows:
        raise StaleSchema
    record, key_texts, is_new = rows[0]
    return WriteResult(record, key_texts if is_new else None)


async def _insert_absent(
    request: RecordsRequest, key: Sequence[Any], values: Values, conditions: Preconditions
) -> WriteResult | Unwritten:
    """Add the record with a key, which must be free."""
    if request.schema.is_numbered:
        return await _explain_unmet(request, key, conditions)
    outcome = await insert(request, values)
    if isinstance(outcome, Refused):
        state = await _explain_unmet(request, key, conditions)
        return state if state.is_there else outcome
    return outcome


async def update(
    request: RecordsRequest, key: Sequence[Any], changes: Changes, conditions: Preconditions
) -> str | Unwritten:
    """Change the record with a key and answer it; patched documents are read and locked until it is written."""
    plan = _plan_of(request)
    own = {column.name for column in plan.sql.key}
    values = {name: value for name, value in changes.values.items() if name not in own}
    rows: list[Record] = []
    try:
        async with direct_transaction() if changes.patches else nullcontext(write) as fetch_within:
            with _limits_named(plan):
                stored = await _lock(plan, key, changes, fetch_within) if changes.patches else {}
                if stored is not None:
                    values |= changes.merge(stored)
                    rows = await _update(request, key, values, conditions, fetch_within)
    except CLASHES:
        return await _explain_clash(request, [values], own=key)
    return str(rows[0][0]) if rows else await _explain_unmet(request, key, conditions)


async def _lock(
    plan: WritePlan, key: Sequence[Any], changes: Changes, fetch_within: Fetch
) -> dict[str, str | None] | None:
    """The texts of the documents that are patched, in the record with a key; None without such a record."""
    columns = [column for column, _ in changes.patches]
    lock, read = plan.sql.lock(columns)
    await fetch_within(lock)
    rows = await fetch_within(read, *map(text_of, key))
    return {column.name: text for column, text in zip(columns, rows[0], strict=True)} if rows else None


async def _update(
    request: RecordsRequest, key: Sequence[Any], values: Values, conditions: Preconditions, fetch_within: Fetch
) -> list[Record]:
    sql = _plan_of(request).sql
    columns = [column for column in sql.columns if column.name in values]
    statement = sql.update(columns, conditional=conditions.digests is not None)
    parameters = map(text_of, (*(values[column.name] for column in columns), *key))
    return await request.write(statement, *parameters, *_digests(conditions), fetch=fetch_within)


async def delete(request: RecordsRequest, key: Sequence[Any], conditions: Preconditions) -> Unwritten | None:
    """Delete the record with a key."""
    plan = _plan_of(request)
    statement = plan.sql.delete(conditional=conditions.digests is not None)
    try:
        with _limits_named(plan):
            rows = await request.write(statement, *map(text_of, key), *_digests(conditions))
    except ForeignKeyViolationError as error:
        return Referenced(str(error.table_name))
    return None if rows else await _explain_unmet(request, key, conditions)


async def _explain_clash(request: RecordsRequest, records: Sequence[Values], *, own: Sequence[Any] = ()) -> Refused:
    """Explain why the database did not take records; `own` is the key of the one to replace.

    Raises:
        StaleSchema: nothing is in their way any longer, or the dataset is not as it was known: write them again then.
    """
    if not await request.is_current():
        raise StaleSchema
    refused = await explain_clash(_plan_of(request), records, request.caller, own)
    if refused is None:
        raise StaleSchema
    return refused


async def _explain_unmet(request: RecordsRequest, key: Sequence[Any], conditions: Preconditions) -> Unmet:
    """Explain why no record was written at a key.

    Raises:
        StaleSchema: nothing is in its way any longer, or the dataset is not as it was known: write it again then.
    """
    if not await request.is_current():
        raise StaleSchema
    is_there = (await fetch(_plan_of(request).sql.exists, *map(text_of, key)))[0][0]
    if is_there and conditions.digests is None and not conditions.absent:
        raise StaleSchema
    return Unmet(is_there)


def _plan_of(request: RecordsRequest) -> WritePlan:
    return write_plan_of(request.schema, with_caller=bool(request.caller_values))


@contextmanager
def _limits_named(plan: WritePlan) -> Iterator[None]:
    """Translate the database's refusals, other than those of conflicts, into problems."""
    try:
        yield
    except LockNotAvailableError:
        raise DatasetBusy(
            f"An import or another request holds a lock on '{plan.name}'; nothing was written.",
            hint=f"Try again in {WAIT_SECONDS} seconds, or when the import has ended.",
            headers={"Retry-After": str(WAIT_SECONDS)},
        ) from None
    except ProgramLimitExceededError:
        hint = "Indexed values have 2,700 bytes at most."
        raise RecordInvalid("A value is larger than the database can hold or index.", hint=hint) from None


def _digests(conditions: Preconditions) -> list[list[str]]:
    return [] if conditions.digests is None else [list(conditions.digests)]
