"""The stores of records: what each of them does for the routes, which know no more of a store than this."""

from collections.abc import Sequence
from typing import Any, Protocol

from app.datasets.schema import DatasetSchema
from app.records.documents import Values
from app.records.etag import Preconditions
from app.records.keyvalue import reads as keyvalue
from app.records.keyvalue import writes as keyvalue_writes
from app.records.merge_patch import Changes
from app.records.query.aggregate_query import AggregateQuery
from app.records.query.record_query import Embedded, RecordQuery, RecordView
from app.records.relational import reads as relational
from app.records.relational import writes as relational_writes
from app.records.request import RecordsRequest
from app.records.results import RecordPage, Unwritten, WriteResult


class RecordReads(Protocol):
    """The reader of a store's records; it refuses unsupported requests with NotSupportedByStore."""

    async def get_record(self, request: RecordsRequest, key: Sequence[Any]) -> str: ...

    async def get_view(
        self, request: RecordsRequest, key: Sequence[Any], view: RecordView, embedded: Embedded
    ) -> tuple[str, str]: ...

    async def get_many(self, request: RecordsRequest, keys: Sequence[Sequence[Any]]) -> list[str | None]: ...

    async def list_page(self, request: RecordsRequest, query: RecordQuery, embedded: Embedded) -> RecordPage: ...

    async def check_export(self, request: RecordsRequest, query: RecordQuery) -> None: ...

    async def compute(self, request: RecordsRequest, query: AggregateQuery) -> RecordPage: ...

    async def check_results_export(self, request: RecordsRequest) -> None: ...


class RecordWrites(Protocol):
    """The writer of a store's records: of a dataset that has columns, with values that were checked.

    What it did not write it answers with the reason. DatasetBusy says that an import or a change of the dataset is in
    the way, StaleSchema that the dataset is not as it was known, RecordInvalid that a value is too large for the store.
    """

    async def insert(self, request: RecordsRequest, values: Values) -> WriteResult | Unwritten: ...

    async def insert_many(self, request: RecordsRequest, records: Sequence[Values]) -> list[str] | Unwritten: ...

    async def upsert(
        self, request: RecordsRequest, key: Sequence[Any], values: Values, conditions: Preconditions
    ) -> WriteResult | Unwritten: ...

    async def update(
        self, request: RecordsRequest, key: Sequence[Any], changes: Changes, conditions: Preconditions
    ) -> str | Unwritten: ...

    async def delete(
        self, request: RecordsRequest, key: Sequence[Any], conditions: Preconditions
    ) -> Unwritten | None: ...


_READS: dict[str, RecordReads] = {"relational": relational, "keyvalue": keyvalue}

_WRITES: dict[str, RecordWrites] = {"relational": relational_writes, "keyvalue": keyvalue_writes}


def reads_of(schema: DatasetSchema) -> RecordReads:
    """The reader for records of a dataset of this schema."""
    return _READS[schema.store]


def writes_of(schema: DatasetSchema) -> RecordWrites:
    """The writer for records of a dataset of this schema."""
    return _WRITES[schema.store]
