"""Records are added, replaced, changed and deleted in PostgreSQL, each time by one statement.

Nothing is read before it: the parser checks a record's own rules, and the statement checks the rules between records. A
write that did not happen is explained afterwards.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from asyncpg import (
    ForeignKeyViolationError,
    LockNotAvailableError,
    PostgresError,
    ProgramLimitExceededError,
    Record,
    UniqueViolationError,
)

from app.access.principal import Principal
from app.columns.column import Column
from app.core.database.statements import Fetch, direct_transaction, fetch, write
from app.core.settings import get_settings
from app.datasets.errors import DatasetBusy
from app.datasets.schema_cache import StaleSchema
from app.records.deps import Address
from app.records.documents import Fault, Values
from app.records.errors import PreconditionFailed, RecordInvalid, RecordNotFound, TooManyRecords
from app.records.etag import Preconditions
from app.records.relational.conflicts import arrays_of, explain_clash, explain_reference, text_of
from app.records.relational.write_plan import write_plan_of
from app.records.request import RecordsRequest
from app.records.results import WriteResult, explain_state, merge_document, name_record, refuse_faults

WAIT_SECONDS = 5
CLASHES = (UniqueViolationError, ForeignKeyViolationError)

Result = TypeVar("Result")


class _Unwritten(Exception):
    """Nothing was written; `explain` finds out why once the transaction is over."""

    def __init__(self, explain: Callable[[], Awaitable[Exception]]) -> None:
        super().__init__("unwritten")
        self.explain = explain


class Writer:
    """Writes the records of one dataset.

    Each method raises RecordInvalid if a record breaks a rule of its dataset, ValueTaken and ReferenceMissing if it
    conflicts with others, DatasetBusy while an import or a change of the dataset is in its way, and StaleSchema if it
    should be tried again with the current dataset.
    """

    def __init__(self, request: RecordsRequest) -> None:
        self._request = request
        self._plan = write_plan_of(request.schema, with_caller=bool(request.caller_values))

    async def create(self, document: Any) -> WriteResult:
        """Add a record."""
        return await self._explained(partial(self._create, document))

    async def create_many(self, documents: Sequence[Any]) -> list[str]:
        """Add all records or none; answers them in their order.

        Raises:
            TooManyRecords: there are more than the settings allow.
        """
        most = get_settings().max_written_records
        if len(documents) > most:
            raise TooManyRecords(
                f"There are {len(documents):,} records; one request may add {most:,} (TOLVA_MAX_WRITTEN_RECORDS).",
                hint="Send them in several requests, or import a file.",
            )
        return await self._explained(partial(self._create_many, documents)) if documents else []

    async def replace(self, address: Address, document: Any, conditions: Preconditions) -> WriteResult:
        """Give the record with a key a value in every column, adding it if it does not exist.

        If the database numbers the records, no record is added: the caller cannot choose the number.

        Raises:
            RecordKeyInvalid: the key is invalid.
            RecordNotFound: it names one that the database would have numbered.
            PreconditionFailed: the conditions do not hold.
        """
        return await self._explained(partial(self._replace, address, document, conditions))

    async def update(self, address: Address, document: Any, conditions: Preconditions) -> str:
        """Change the record at an address as a merge patch says; answers it.

        Raises:
            RecordKeyInvalid, RecordNotFound: the address names no record, or none that is there.
            PreconditionFailed: the conditions do not hold.
        """
        return await self._explained(partial(self._patch, address, document, conditions))

    async def delete(self, address: Address, conditions: Preconditions, caller: Principal) -> None:
        """Delete the record at an address.

        Raises:
            RecordKeyInvalid, RecordNotFound: the address names no record, or none that is there.
            PreconditionFailed: the conditions do not hold.
            RecordReferenced: another record refers to it.
        """
        await self._explained(partial(self._delete, address, conditions, caller))

    async def _create(self, document: Any) -> WriteResult:
        values, faults = self._plan.reader.read_new(document)
        refuse_faults(self._plan.name, faults)
        row = await self._insert(self._plan.sql.insert_one, values)
        return WriteResult(row[0], row[1])

    async def _create_many(self, documents: Sequence[Any]) -> list[str]:
        plan = self._plan
        records: list[Values] = []
        faults: list[Fault] = []
        for index, document in enumerate(documents):
            values, wrong = plan.reader.read_new(document, index)
            records.append(values)
            faults += wrong
        refuse_faults(plan.name, faults)
        arrays = arrays_of(records, [column.name for column in plan.sql.columns])
        try:
            rows = await self._request.write(plan.sql.insert_many, *arrays)
        except CLASHES:
            raise _Unwritten(partial(self._explain_clash, records, is_list=True)) from None
        if not rows:
            raise StaleSchema
        return [row[0] for row in rows]

    async def _replace(self, address: Address, document: Any, conditions: Preconditions) -> WriteResult:
        plan = self._plan
        key = address(plan.sql.key)
        values, faults = plan.reader.read_whole(document, key)
        refuse_faults(plan.name, faults)
        if conditions.absent and plan.is_numbered:
            raise _Unwritten(partial(self._explain_absence, key, conditions))
        if conditions.exists or plan.is_numbered:
            record = await self._update(key, values, conditions, creates=True)
            return WriteResult(record)
        if conditions.absent:
            row = await self._insert(plan.sql.insert_one, values, absent=key)
            return WriteResult(row[0], row[1])
        row = await self._insert(plan.sql.upsert, values, own=key)
        return WriteResult(row[0], row[1] if row[2] else None)

    async def _patch(self, address: Address, document: Any, conditions: Preconditions) -> str:
        plan = self._plan
        key = address(plan.sql.key)
        values, faults = plan.reader.read_changes(document, key)
        refuse_faults(plan.name, faults)
        documents = [(column, document.get(column.name)) for column in plan.sql.columns if column.kind.is_document]
        patches = [(column, patch) for column, patch in documents if isinstance(patch, dict)]
        if not patches:
            return await self._update(key, values, conditions)
        async with direct_transaction() as fetch_within:
            values |= await self._merge_documents(key, patches, fetch_within)
            return await self._update(key, values, conditions, fetch_within=fetch_within)

    async def _delete(self, address: Address, conditions: Preconditions, caller: Principal) -> None:
        plan = self._plan
        key = address(plan.sql.key)
        statement = plan.sql.delete(conditional=conditions.digests is not None)
        try:
            rows = await self._request.write(statement, *map(text_of, key), *_digests(conditions))
        except ForeignKeyViolationError as error:
            raise explain_reference(error, plan, key, caller) from None
        if not rows:
            raise _Unwritten(partial(self._explain_absence, key, conditions))

    async def _insert(
        self, statement: str, values: Values, *, own: Sequence[Any] = (), absent: Sequence[Any] = ()
    ) -> Record:
        """The row of a statement that adds a record.

        It may take the place of the one whose key is `own`; there must be none whose key is `absent`.
        """
        try:
            rows = await self._request.write(statement, *map(text_of, values.values()))
        except CLASHES:
            explain = partial(self._explain_clash, [values], own=own)
            raise _Unwritten(partial(self._explain_presence, absent, explain) if absent else explain) from None
        if not rows:
            raise StaleSchema
        return rows[0]

    async def _update(
        self,
        key: Sequence[Any],
        values: Values,
        conditions: Preconditions,
        *,
        creates: bool = False,
        fetch_within: Fetch = write,
    ) -> str:
        """The record with a key after it was given some values; those of the key itself stay."""
        plan = self._plan
        kept = {column.name for column in plan.sql.key}
        columns = [column for column in plan.sql.columns if column.name in values and column.name not in kept]
        changes = {column.name: values[column.name] for column in columns}
        statement = plan.sql.update(columns, conditional=conditions.digests is not None)
        parameters = map(text_of, (*changes.values(), *key))
        try:
            rows = await self._request.write(statement, *parameters, *_digests(conditions), fetch=fetch_within)
        except CLASHES:
            raise _Unwritten(partial(self._explain_clash, [changes], own=key)) from None
        if not rows:
            raise _Unwritten(partial(self._explain_absence, key, conditions, creates=creates))
        return str(rows[0][0])

    async def _merge_documents(
        self, key: Sequence[Any], patches: Sequence[tuple[Column, Any]], fetch_within: Fetch
    ) -> Values:
        """The JSON documents in some columns after a merge patch; the record is locked until it is written."""
        lock, read = self._plan.sql.lock([column for column, _ in patches])
        await fetch_within(lock)
        rows = await fetch_within(read, *map(text_of, key))
        if not rows:
            raise _Unwritten(partial(self._explain_absence, key, Preconditions()))
        values: Values = {}
        most = get_settings().max_document_bytes
        for (column, patch), text in zip(patches, rows[0], strict=True):
            values[column.name] = merge_document(column, text, patch, most)
        return values

    async def _explain_clash(
        self, records: Sequence[Values], *, is_list: bool = False, own: Sequence[Any] = ()
    ) -> Exception:
        """Explain why the database did not take records; `own` is the key of the one to replace."""
        if not await self._request.is_current():
            return StaleSchema()
        return await explain_clash(self._plan, records, self._request.caller, is_list=is_list, own=own)

    async def _explain_absence(
        self, key: Sequence[Any], conditions: Preconditions, *, creates: bool = False
    ) -> Exception:
        """Explain why no record was written at a key."""
        plan = self._plan
        if not await self._request.is_current():
            return StaleSchema()
        is_there = (await fetch(plan.sql.exists, *map(text_of, key)))[0][0]
        record = name_record(plan.sql.key, key)
        if is_there and conditions.digests is None and not conditions.absent:
            return StaleSchema()
        return explain_state(plan.name, record, conditions, is_there=is_there, creates=creates) or RecordNotFound(
            f"'{plan.name}' has no record with {record}.",
            hint="POST adds records; the database numbers them." if plan.is_numbered else None,
        )

    async def _explain_presence(self, key: Sequence[Any], explain: Callable[[], Awaitable[Exception]]) -> Exception:
        """Explain why no record was added at a key that must be free; `explain` finds other conflicts."""
        reason = await self._explain_absence(key, Preconditions(absent=True))
        return reason if isinstance(reason, PreconditionFailed) else await explain()

    async def _explained(self, write: Callable[[], Awaitable[Result]]) -> Result:
        """The result of a write, or the problem that prevented it."""
        try:
            return await write()
        except _Unwritten as unwritten:
            reason = await unwritten.explain()
        except PostgresError as error:
            reason = self._reason(error)
        raise reason

    def _reason(self, error: PostgresError) -> Exception:
        """The problem of a write for an error of the database that is not a conflict."""
        if isinstance(error, LockNotAvailableError):
            return self._busy()
        if isinstance(error, ProgramLimitExceededError):
            hint = "Indexed values have 2,700 bytes at most."
            return RecordInvalid("A value is larger than the database can hold or index.", hint=hint)
        return error

    def _busy(self) -> DatasetBusy:
        return DatasetBusy(
            f"An import or another request holds a lock on '{self._plan.name}'; nothing was written.",
            hint=f"Try again in {WAIT_SECONDS} seconds, or when the import has ended.",
            headers={"Retry-After": str(WAIT_SECONDS)},
        )


def _digests(conditions: Preconditions) -> list[list[str]]:
    return [] if conditions.digests is None else [list(conditions.digests)]
