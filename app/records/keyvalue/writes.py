"""Records are added, replaced, changed and deleted in DynamoDB, each time by one transaction.

Beside the condition of the record it has one on a shard of the write fence: that the dataset is what it was known as.
"""

import json
from collections.abc import Sequence
from typing import Any

from app.access.principal import Principal
from app.columns.column import Column
from app.core.aws.dynamo_json import Attributes
from app.core.database.commits import note_commit
from app.core.dynamo import table
from app.core.dynamo.table import MAX_TOGETHER, Condition, Delete, NotWritten, Put
from app.core.errors import ServiceUnavailable
from app.core.settings import get_settings
from app.datasets.errors import DatasetBusy
from app.datasets.keyvalue import fence, metadata
from app.datasets.schema_cache import StaleSchema
from app.records.deps import Address
from app.records.documents import Fault, Values, reader_of
from app.records.errors import RecordInvalid, RecordNotFound, TooManyRecords, ValueTaken
from app.records.etag import Preconditions, digest_of
from app.records.keyvalue.item import RecordTooLarge, item_of, record_of, settle_documents, show_record
from app.records.keyvalue.sort_key import KeyTooLong, item_key
from app.records.request import RecordsRequest
from app.records.results import (
    MAX_SHOWN,
    WriteResult,
    explain_state,
    merge_document,
    name_record,
    refusal,
    refuse_faults,
)

ATTEMPTS = 8
RETRY_SECONDS = 2
# One action of each transaction is the check of the fence.
MAX_ADDED = MAX_TOGETHER - 1
IS_NEW = Condition("attribute_not_exists(#pk)")
IS_THERE = Condition("attribute_exists(#pk)")


class _Refused(Exception):
    """The conditions of some records are not met; `places` are those of what was to be written."""

    def __init__(self, places: list[int]) -> None:
        super().__init__("refused")
        self.places = places


class KeyvalueWriter:
    """Writes the records of one dataset; see `writes.Writer`, whose methods these are."""

    def __init__(self, request: RecordsRequest) -> None:
        self._request = request
        self._schema = request.schema
        self._reader = reader_of(request.schema)

    async def create(self, document: Any) -> WriteResult:
        """Add a record.

        Raises:
            ValueTaken: there is one with its key.
        """
        values, faults = self._reader.read_new(document)
        refuse_faults(self._schema.name, faults)
        item, text = self._item_of(values)
        try:
            await self._write(Put(item, IS_NEW))
        except _Refused:
            raise refusal(ValueTaken, [self._taken(values)], _TAKEN_HINT) from None
        return WriteResult(text, self._key_texts(values))

    async def create_many(self, documents: Sequence[Any]) -> list[str]:
        """Add all records or none; answers them in their order.

        Raises:
            TooManyRecords: there are more than DynamoDB takes at once, or than the settings allow.
            ValueTaken: there are records with their keys, or two of them have the same.
        """
        most = min(MAX_ADDED, get_settings().max_written_records)
        if len(documents) > most:
            raise TooManyRecords(
                f"There are {len(documents):,} records; one request may add {most:,} to a key-value dataset.",
                hint="Send them in several requests, or import a file.",
            )
        if not documents:
            return []
        records: list[Values] = []
        faults: list[Fault] = []
        for index, document in enumerate(documents):
            values, wrong = self._reader.read_new(document, index)
            records.append(values)
            faults += wrong
        refuse_faults(self._schema.name, faults)
        items = [self._item_of(values, index) for index, values in enumerate(records)]
        self._refuse_repetitions(records, [item for item, _ in items])
        try:
            await self._write(*(Put(item, IS_NEW) for item, _ in items))
        except _Refused as refused:
            taken = [self._taken(records[place], place) for place in refused.places]
            raise refusal(ValueTaken, taken, _TAKEN_HINT) from None
        return [text for _, text in items]

    async def replace(self, address: Address, document: Any, conditions: Preconditions) -> WriteResult:
        """Give the record with a key a value in every column, adding it if it does not exist.

        Raises:
            RecordKeyInvalid: the key is invalid.
            PreconditionFailed: the conditions do not hold.
        """
        key = address(self._schema.key)
        values, faults = self._reader.read_whole(document, key)
        refuse_faults(self._schema.name, faults)
        item, text = self._item_of(values)
        for _ in range(ATTEMPTS):
            if not conditions.exists and await self._is_written(Put(item, IS_NEW)):
                return WriteResult(text, self._key_texts(values))
            if conditions.absent:
                raise self._explain(key, conditions, is_there=True, creates=True)
            condition = await self._find_condition(key, conditions, creates=True)
            if await self._is_written(Put(item, condition)):
                return WriteResult(text)
            if conditions.digests is None and conditions.exists:
                raise self._explain(key, conditions, is_there=False, creates=True)
        raise self._contended()

    async def update(self, address: Address, document: Any, conditions: Preconditions) -> str:
        """Change the record at an address as a merge patch says; answers it.

        Raises:
            RecordKeyInvalid, RecordNotFound: the address names no record, or none that is there.
            PreconditionFailed: the conditions do not hold.
        """
        key = address(self._schema.key)
        changes, faults = self._reader.read_changes(document, key)
        refuse_faults(self._schema.name, faults)
        patches = {
            column.name: document[column.name]
            for column in self._schema.columns
            if column.kind.is_document and isinstance(document.get(column.name), dict)
        }
        most = get_settings().max_document_bytes
        for _ in range(ATTEMPTS):
            stored = record_of(self._schema, await self._get(key, conditions, creates=False))
            values = {**stored.values, **changes}
            for name, patch in patches.items():
                column = self._schema.by_name[name]
                values[name] = merge_document(column, stored.values[name], patch, most)
            item, text = self._item_of(values)
            if await self._is_written(Put(item, Condition("#etag = :etag", {"etag": stored.digest}))):
                return text
        raise self._contended()

    async def delete(self, address: Address, conditions: Preconditions, _caller: Principal) -> None:
        """Delete the record at an address.

        Raises:
            RecordKeyInvalid, RecordNotFound: the address names no record, or none that is there.
            PreconditionFailed: the conditions do not hold.
        """
        key = address(self._schema.key)
        for _ in range(ATTEMPTS):
            condition = await self._find_condition(key, conditions, creates=False)
            if await self._is_written(Delete(*self._address(key), condition)):
                return
            if conditions.digests is None:
                raise self._explain(key, conditions, is_there=False, creates=False)
        raise self._contended()

    async def _find_condition(self, key: Sequence[Any], conditions: Preconditions, *, creates: bool) -> Condition:
        """The condition that there is an item, and that it still is the one whose entity tag the request names.

        The item's own digest may be older than the tag: a column that was added since is shown, but not in the item.
        """
        if conditions.digests is None:
            return IS_THERE
        item = await self._get(key, conditions, creates=creates)
        return Condition("#etag = :etag", {"etag": item["etag"]["S"]})

    async def _get(self, key: Sequence[Any], conditions: Preconditions, *, creates: bool) -> Attributes:
        """The item of the record with a key, of which the conditions hold."""
        try:
            item = await table.find_attributes(*item_key(self._generation, self._schema.key, key))
        except KeyTooLong:
            item = None
        if item is None:
            raise self._explain(key, conditions, is_there=False, creates=creates)
        if conditions.digests is not None:
            shown = show_record(self._schema.columns, record_of(self._schema, item).values)
            if digest_of(shown) not in conditions.digests:
                raise self._explain(key, conditions, is_there=True, creates=creates)
        return item

    async def _is_written(self, action: Put | Delete) -> bool:
        """Do something to a record; False if its condition is not met."""
        try:
            await self._write(action)
        except _Refused:
            return False
        return True

    async def _write(self, *actions: Put | Delete) -> None:
        """Do all of some actions, in the state of the dataset that is known.

        Raises:
            _Refused: the condition of one is not met.
            StaleSchema, DatasetBusy: the dataset is not what it was known as, or is held by an import.
        """
        shard = fence.choose_shard()
        for _ in range(ATTEMPTS):
            try:
                await table.write_together([fence.is_open(self._schema, shard), *actions])
            except NotWritten as refused:
                if 0 not in refused.items:
                    raise _Refused([place - 1 for place in refused.items]) from None
            else:
                note_commit()
                self._request.confirm()
                return
            await self._open(shard)
        raise self._busy()

    async def _open(self, shard: int) -> None:
        admission = await metadata.reopen(self._schema, shard)
        if admission == "stale":
            raise StaleSchema
        if admission == "busy":
            raise self._busy()

    def _busy(self) -> DatasetBusy:
        return DatasetBusy(
            f"'{self._schema.name}' is being changed, or an import is replacing its records; nothing was written.",
            hint=f"Try again in {RETRY_SECONDS} seconds, or when the import has ended.",
            headers={"Retry-After": str(RETRY_SECONDS)},
        )

    def _item_of(self, values: Values, index: int | None = None) -> tuple[Attributes, str]:
        """The item of a record and its JSON text.

        Raises:
            RecordInvalid: DynamoDB cannot hold it.
        """
        try:
            return item_of(self._schema, settle_documents(self._schema.columns, values))
        except KeyTooLong as error:
            fault = Fault(",".join(column.name for column in self._schema.key), "key_too_long", str(error), index)
        except RecordTooLarge as error:
            fault = Fault(None, "record_too_large", str(error), index)
        raise refusal(RecordInvalid, [fault], "Make it shorter, or create the dataset as relational.")

    def _key_texts(self, values: Values) -> list[str]:
        return [_show_text(column, values[column.name]) for column in self._schema.key]

    @property
    def _generation(self) -> str:
        assert self._schema.generation is not None
        return self._schema.generation

    def _address(self, key: Sequence[Any]) -> tuple[str, str]:
        try:
            return item_key(self._generation, self._schema.key, key)
        except KeyTooLong:
            raise self._explain(key, Preconditions(), is_there=False, creates=False) from None

    def _taken(self, values: Values, index: int | None = None) -> Fault:
        return self._fault("existing_key", "a record of the dataset already has it", values, index)

    def _fault(self, code: str, message: str, values: Values, index: int | None) -> Fault:
        names = [column.name for column in self._schema.key]
        value = ",".join(str(values[name]) for name in names)
        return Fault(",".join(names), code, message, index, value[:MAX_SHOWN])

    def _refuse_repetitions(self, records: Sequence[Values], items: Sequence[Attributes]) -> None:
        """Raise ValueTaken if two records have the same key."""
        first: dict[str, int] = {}
        faults: list[Fault] = []
        for place, item in enumerate(items):
            before = first.setdefault(item["sk"]["S"], place)
            if before != place:
                faults.append(self._fault("repeated_key", f"the same as in record {before}", records[place], place))
        if faults:
            raise refusal(ValueTaken, faults, _TAKEN_HINT)

    def _explain(self, key: Sequence[Any], conditions: Preconditions, *, is_there: bool, creates: bool) -> Exception:
        """Explain why no record was written at a key."""
        name, record = self._schema.name, name_record(self._schema.key, key)
        problem = explain_state(name, record, conditions, is_there=is_there, creates=creates)
        return problem or RecordNotFound(f"'{name}' has no record with {record}.")

    def _contended(self) -> ServiceUnavailable:
        return ServiceUnavailable("Other writes to the same record keep coming.", retry_after=1)


def _show_text(column: Column, value: Any) -> str:
    """A value as JSON shows it, without the quotes around a text."""
    shown = column.show(value)
    return str(json.loads(shown)) if shown.startswith('"') else shown


_TAKEN_HINT = "Change the record that has it, or choose another value."
